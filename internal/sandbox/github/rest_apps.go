package github

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (c *call) getApp() (answer, error) {
	o := c.appJSON(c.who.app)
	n := 0
	for _, i := range c.installations {
		if i.app == c.who.app {
			n++
		}
	}
	o["installations_count"] = n
	return ok(o)
}

func (c *call) listInstallations() (answer, error) {
	list := []object{}
	for _, i := range c.installations {
		if i.app == c.who.app {
			list = append(list, c.installationJSON(i))
		}
	}
	cut, header := page(c, list)
	return answer{status: http.StatusOK, body: cut, header: header}, nil
}

// ownInstallation finds the installation named in the path, if it is this App's.
func (c *call) ownInstallation() (*installation, error) {
	id, err := c.number("id")
	if err != nil {
		return nil, err
	}
	i := c.installation(id)
	if i == nil || i.app != c.who.app {
		return nil, notFound()
	}
	return i, nil
}

func (c *call) getInstallation() (answer, error) {
	i, err := c.ownInstallation()
	if err != nil {
		return answer{}, err
	}
	return ok(c.installationJSON(i))
}

func (c *call) getRepoInstallation() (answer, error) {
	for _, i := range c.installations {
		if i.app == c.who.app && c.reaches(i, c.repo) {
			return ok(c.installationJSON(i))
		}
	}
	return answer{}, notFound()
}

// tokenRequest narrows a token. ghinstallation sends null for "no narrowing".
type tokenRequest struct {
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
	Permissions   map[string]string `json:"permissions"`
}

// createToken makes a token for an hour, narrowed as asked (A73).
func (c *call) createToken() (answer, error) {
	i, err := c.ownInstallation()
	if err != nil {
		return answer{}, err
	}
	var req tokenRequest
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	t := &token{inst: i, expires: c.options.AuthNow().Add(tokenLife)}
	if t.repositories, err = c.narrowRepositories(i, req); err != nil {
		return answer{}, err
	}
	if t.permissions, err = narrowPermissions(i.app.permissions, req.Permissions); err != nil {
		return answer{}, err
	}
	secret, err := c.secret("ghs_")
	if err != nil {
		return answer{}, err
	}
	c.tokens[secret] = t
	body := object{"token": secret, "expires_at": stamp(t.expires), "permissions": t.permissions, "repository_selection": "all"}
	if i.repositories != nil || t.repositories != nil {
		body["repository_selection"] = "selected"
	}
	if t.repositories != nil {
		body["repositories"] = c.repositoriesJSON(t.repositories)
	}
	return created(body)
}

func (s *Server) repositoriesJSON(list []*repository) []object {
	out := []object{}
	for _, r := range list {
		out = append(out, s.repositoryJSON(r))
	}
	return out
}

// narrowRepositories refuses the whole request when one repository is out of reach, as GitHub does: a token that silently lacks one would look like a
// 404 later.
func (s *Server) narrowRepositories(i *installation, req tokenRequest) ([]*repository, error) {
	var chosen []*repository
	for _, r := range s.reachable(i) {
		byName := slices.ContainsFunc(req.Repositories, func(n string) bool { return strings.EqualFold(n, r.Name) })
		if byName || slices.Contains(req.RepositoryIDs, r.ID) {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) < len(req.Repositories) || len(chosen) < len(req.RepositoryIDs) {
		return nil, refuse(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
	}
	return chosen, nil
}

// narrowPermissions never gives more than the installation has.
func narrowPermissions(granted, wanted map[string]string) (map[string]string, error) {
	if len(wanted) == 0 {
		return maps.Clone(granted), nil
	}
	rank := map[string]int{"read": 1, "write": 2, "admin": 3}
	out := map[string]string{"metadata": "read"}
	for name, level := range wanted {
		if rank[level] == 0 || rank[level] > rank[granted[name]] {
			return nil, refuse(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
		}
		out[name] = level
	}
	return out, nil
}

func (c *call) listInstallationRepositories() (answer, error) {
	list := c.who.token.repositories
	if list == nil {
		list = c.reachable(c.who.token.inst)
	}
	cut, header := page(c, list)
	body := object{"total_count": len(list), "repository_selection": "selected", "repositories": c.repositoriesJSON(cut)}
	return answer{status: http.StatusOK, body: body, header: header}, nil
}

func (c *call) revokeToken() (answer, error) {
	for secret, t := range c.tokens {
		if t == c.who.token {
			delete(c.tokens, secret)
		}
	}
	return noContent()
}

func (c *call) getRateLimit() (answer, error) {
	b := c.spend(c.who)
	core := object{"limit": requestsPerHour, "used": b.used, "remaining": max(0, requestsPerHour-b.used), "reset": b.reset.Unix()}
	return ok(object{"rate": core, "resources": object{"core": core, "search": core, "graphql": core}})
}

func (c *call) getUser() (answer, error) {
	if c.who.kind != callerUser {
		return answer{}, refuse(http.StatusForbidden, "Resource not accessible by integration")
	}
	o := c.fullAccountJSON(c.who.account)
	// The own view counts private things too.
	o["user_view_type"], o["two_factor_authentication"] = "private", true
	for _, name := range []string{"private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators"} {
		o[name] = 0
	}
	return ok(o)
}

func (c *call) getUserByName() (answer, error) {
	a := c.accounts[strings.ToLower(c.path("username"))]
	if a == nil {
		return answer{}, notFound()
	}
	return ok(c.fullAccountJSON(a))
}

// listTeamMembers shows an App the teams of its own organisation only.
func (c *call) listTeamMembers() (answer, error) {
	t := c.team(c.path("org") + "/" + c.path("team"))
	if t == nil || c.who.kind == callerInstallation && c.who.token.inst.account != t.Org {
		return answer{}, notFound()
	}
	if c.who.kind == callerInstallation && !c.who.token.allows(reads("members")) {
		return answer{}, refuse(http.StatusForbidden, "Resource not accessible by integration")
	}
	cut, header := page(c, t.members)
	list := []object{}
	for _, m := range cut {
		list = append(list, c.accountJSON(m))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

func (s *Server) teamJSON(t *team, permission string) object {
	u := s.api(fmt.Sprintf("/organizations/%d/team/%d", t.Org.ID, t.ID))
	return object{"id": t.ID, "node_id": nodeID("Team", t.ID), "name": t.Slug, "slug": t.Slug, "description": "", "privacy": "closed",
		"notification_setting": "notifications_enabled", "permission": permission, "url": u, "html_url": s.html("/orgs/" + t.Org.Login + "/teams/" + t.Slug),
		"members_url": u + "/members{/member}", "repositories_url": u + "/repos", "parent": nil, "type": "organization",
		"organization_id": t.Org.ID}
}
