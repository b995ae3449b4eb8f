package github

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"time"
)

// callerKind says as what a request was authenticated.
type callerKind string

const (
	callerAnonymous    callerKind = "anonymous"
	callerApp          callerKind = "app"
	callerInstallation callerKind = "installation"
	callerUser         callerKind = "user"
)

// caller is who makes a request.
type caller struct {
	kind    callerKind
	app     *app   // app and installation
	token   *token // installation
	account *account
}

// asUser is a person with a personal access token, or acting through a page or the Go API.
func (s *Server) asUser(a *account) caller { return caller{kind: callerUser, account: a} }

// nobody is on no bypass list: the rules for everybody.
func (s *Server) nobody() caller { return caller{kind: callerAnonymous, account: &account{}} }

// authenticate reads the Authorization header. A credential that is present but wrong is 401, never anonymous.
func (s *Server) authenticate(r *http.Request) (caller, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return caller{kind: callerAnonymous}, nil
	}
	credential := ""
	if _, password, ok := r.BasicAuth(); ok {
		credential = password
	} else {
		scheme, rest, _ := strings.Cut(header, " ")
		if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
			credential = strings.TrimSpace(rest)
		}
	}
	if strings.HasPrefix(credential, "ey") {
		a, err := s.authenticateApp(credential)
		if err != nil {
			return caller{}, err
		}
		return caller{kind: callerApp, app: a, account: a.bot}, nil
	}
	if t := s.tokens[credential]; t != nil && s.options.AuthNow().Before(t.expires) {
		return caller{kind: callerInstallation, app: t.inst.app, token: t, account: t.inst.app.bot}, nil
	}
	for _, a := range s.accounts {
		if a.token != "" && subtle.ConstantTimeCompare([]byte(a.token), []byte(credential)) == 1 {
			return s.asUser(a), nil
		}
	}
	return caller{}, refuse(http.StatusUnauthorized, "Bad credentials")
}

// grant is one permission that lets a caller in.
type grant struct {
	name  string // of the App permission
	write bool
	role  role // what a user needs for the same
}

// String is the form that GitHub uses in X-Accepted-GitHub-Permissions.
func (g grant) String() string {
	if g.write {
		return g.name + "=write"
	}
	return g.name + "=read"
}

// reads lets in who may read a part of a repository.
func reads(name string) grant { return grant{name: name, role: roleRead} }

// writes lets in who may change a part of a repository; needs is the role that a person must have for it.
func writes(name string, needs role) grant { return grant{name: name, write: true, role: needs} }

// sees tells whether a repository exists at all for a caller.
func (s *Server) sees(who caller, r *repository) bool {
	switch who.kind {
	case callerInstallation:
		if who.token.repositories != nil {
			return slices.Contains(who.token.repositories, r)
		}
		return s.reaches(who.token.inst, r)
	case callerUser:
		return s.roleOf(r, who.account) >= roleRead
	default:
		return false
	}
}

// permit checks that one of the grants holds on a repository that the caller sees.
func (s *Server) permit(who caller, r *repository, grants []grant) error {
	if !s.sees(who, r) {
		return notFound()
	}
	for _, g := range grants {
		if s.holds(who, r, g) {
			return nil
		}
	}
	if who.kind == callerInstallation {
		return refuse(http.StatusForbidden, "Resource not accessible by integration")
	}
	return refuse(http.StatusForbidden, "Must have %s rights to Repository.", grants[0].role)
}

// holds asks the token of an App and the role of a person: an App never has more than its token says, whatever its owner may do.
func (s *Server) holds(who caller, r *repository, g grant) bool {
	if who.kind == callerInstallation {
		return who.token.allows(g)
	}
	return s.roleOf(r, who.account) >= g.role
}

// allows treats write and admin as reading too; a permission that the token was not narrowed to is no permission.
func (t *token) allows(g grant) bool {
	level := t.permissions[g.name]
	return level == "write" || level == "admin" || level == "read" && !g.write
}

// budget counts a caller's requests in the current hour.
type budget struct {
	used  int
	reset time.Time
}

// spend counts every request, refused ones too, as GitHub does.
func (s *Server) spend(who caller) *budget {
	key := string(who.kind)
	if who.account != nil {
		key += who.account.Login
	}
	b := s.spent[key]
	if now := s.options.AuthNow(); b == nil || !now.Before(b.reset) {
		b = &budget{reset: now.Add(time.Hour).Truncate(time.Second)}
		s.spent[key] = b
	}
	b.used++
	return b
}
