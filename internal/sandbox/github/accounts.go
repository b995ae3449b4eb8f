package github

import (
	"fmt"
	"slices"
	"strings"
)

// accountType is GitHub's word for what an account is.
type accountType string

const (
	typeUser         accountType = "User"
	typeOrganisation accountType = "Organization"
	typeBot          accountType = "Bot"
)

// account is a user, an organisation or an App's bot.
type account struct {
	ID          int64
	Login, Name string
	Type        accountType
	token       string // a user's personal access token
}

// email is the private address that GitHub gives everybody; commits are matched to accounts by it.
func (a *account) email() string {
	return fmt.Sprintf("%d+%s@users.noreply.github.com", a.ID, a.Login)
}

// team is a visible team of an organisation.
type team struct {
	ID      int64
	Org     *account
	Slug    string
	members []*account
}

func (t *team) name() string { return t.Org.Login + "/" + t.Slug }

func (t *team) has(who *account) bool { return slices.Contains(t.members, who) }

// User is what a caller of the Go API needs of a new user.
type User struct {
	ID    int64
	Login string
	Token string // a personal access token, for REST and git
}

// AddUser makes a user. The name is what commits show.
func (s *Server) AddUser(login, name string) (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.addAccount(login, name, typeUser)
	if err != nil {
		return User{}, err
	}
	if a.token, err = s.secret("ghp_"); err != nil {
		return User{}, err
	}
	return User{ID: a.ID, Login: a.Login, Token: a.token}, nil
}

// AddOrganisation makes an organisation, which can own repositories and teams.
func (s *Server) AddOrganisation(login string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.addAccount(login, login, typeOrganisation)
	return err
}

// AddTeam makes a team of an organisation; the members must exist.
func (s *Server) AddTeam(org, slug string, members ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner, err := s.account(org)
	if err != nil {
		return err
	}
	t := &team{ID: s.newID(), Org: owner, Slug: slug}
	for _, m := range members {
		a, err := s.account(m)
		if err != nil {
			return err
		}
		t.members = append(t.members, a)
	}
	if s.team(t.name()) != nil {
		return fmt.Errorf("adding team %q: it exists", t.name())
	}
	s.teams = append(s.teams, t)
	return nil
}

// addAccount keeps logins unique regardless of case, as GitHub does: CODEOWNERS and bypass lists compare them so.
func (s *Server) addAccount(login, name string, kind accountType) (*account, error) {
	if s.accounts[strings.ToLower(login)] != nil {
		return nil, fmt.Errorf("adding account %q: it exists", login)
	}
	// The REST API is served beside the pages, so these first path segments are taken.
	if slices.Contains(reservedSegments, strings.ToLower(login)) || login == "" {
		return nil, fmt.Errorf("adding account %q: the name is reserved", login)
	}
	a := &account{ID: s.newID(), Login: login, Name: name, Type: kind}
	s.accounts[strings.ToLower(login)] = a
	return a, nil
}

func (s *Server) account(login string) (*account, error) {
	a := s.accounts[strings.ToLower(login)]
	if a == nil {
		return nil, refuse(404, "account %q does not exist", login)
	}
	return a, nil
}

// team finds "org/slug".
func (s *Server) team(name string) *team {
	for _, t := range s.teams {
		if strings.EqualFold(t.name(), name) {
			return t
		}
	}
	return nil
}
