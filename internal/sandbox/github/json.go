package github

import (
	"encoding/base64"
	"fmt"
	"time"
)

func (s *Server) api(path string) string { return s.baseURL + "/api/v3" + path }

func (s *Server) html(path string) string { return s.baseURL + path }

// nodeID is the GraphQL identity of a thing.
func nodeID(kind string, id int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", kind, id))
}

// gitNodeID is the GraphQL identity of a git object, which has no number.
func gitNodeID(kind string, r *repository, name string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d:%s", kind, r.ID, name))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stampOrNull renders a time that may not have come yet.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

func (s *Server) accountJSON(a *account) object {
	u := s.api("/users/" + a.Login)
	return object{
		"login": a.Login, "id": a.ID, "node_id": nodeID("User", a.ID), "avatar_url": s.html("/avatars/" + a.Login), "gravatar_id": "",
		"url": u, "html_url": s.html("/" + a.Login), "followers_url": u + "/followers", "following_url": u + "/following{/other_user}",
		"gists_url": u + "/gists{/gist_id}", "starred_url": u + "/starred{/owner}{/repo}", "subscriptions_url": u + "/subscriptions",
		"organizations_url": u + "/orgs", "repos_url": u + "/repos", "events_url": u + "/events{/privacy}",
		"received_events_url": u + "/received_events", "type": string(a.Type), "site_admin": false,
	}
}

func (s *Server) accountOrNull(a *account) any {
	if a == nil {
		return nil
	}
	return s.accountJSON(a)
}

func (s *Server) fullAccountJSON(a *account) object {
	o := s.accountJSON(a)
	for _, name := range []string{"company", "location", "email", "hireable", "bio"} {
		o[name] = nil
	}
	o["name"], o["blog"], o["user_view_type"] = a.Name, "", "public"
	o["public_repos"], o["public_gists"], o["followers"], o["following"] = 0, 0, 0, 0
	o["created_at"], o["updated_at"] = stamp(s.now()), stamp(s.now())
	return o
}

// repositoryLinks are the URL templates of a repository, name of the field without _url to path.
var repositoryLinks = [...][2]string{
	{"archive", "/{archive_format}{/ref}"}, {"assignees", "/assignees{/user}"}, {"blobs", "/git/blobs{/sha}"}, {"branches", "/branches{/branch}"},
	{"collaborators", "/collaborators{/collaborator}"}, {"comments", "/comments{/number}"}, {"commits", "/commits{/sha}"},
	{"compare", "/compare/{base}...{head}"}, {"contents", "/contents/{+path}"}, {"contributors", "/contributors"}, {"deployments", "/deployments"},
	{"downloads", "/downloads"}, {"events", "/events"}, {"forks", "/forks"}, {"git_commits", "/git/commits{/sha}"}, {"git_refs", "/git/refs{/sha}"},
	{"git_tags", "/git/tags{/sha}"}, {"hooks", "/hooks"}, {"issue_comment", "/issues/comments{/number}"}, {"issue_events", "/issues/events{/number}"},
	{"issues", "/issues{/number}"}, {"keys", "/keys{/key_id}"}, {"labels", "/labels{/name}"}, {"languages", "/languages"}, {"merges", "/merges"},
	{"milestones", "/milestones{/number}"}, {"notifications", "/notifications{?since,all,participating}"}, {"pulls", "/pulls{/number}"},
	{"releases", "/releases{/id}"}, {"stargazers", "/stargazers"}, {"statuses", "/statuses/{sha}"}, {"subscribers", "/subscribers"},
	{"subscription", "/subscription"}, {"tags", "/tags"}, {"teams", "/teams"}, {"trees", "/git/trees{/sha}"},
}

func (s *Server) repoAPI(r *repository, path string) string {
	return s.api("/repos/" + r.fullName() + path)
}

func (s *Server) repoHTML(r *repository, path string) string {
	return s.html("/" + r.fullName() + path)
}

// repositoryJSON is the form in lists, pull requests and webhooks. Every sandbox repository is private, so that nothing works without a credential.
func (s *Server) repositoryJSON(r *repository) object {
	clone := s.repoHTML(r, ".git")
	o := object{
		"id": r.ID, "node_id": r.nodeID(), "name": r.Name, "full_name": r.fullName(), "owner": s.accountJSON(r.Owner), "private": true,
		"visibility": "private", "html_url": s.repoHTML(r, ""), "description": nil, "fork": r.parent != nil, "url": s.repoAPI(r, ""),
		"clone_url": clone, "git_url": clone, "ssh_url": clone, "svn_url": s.repoHTML(r, ""), "mirror_url": nil, "homepage": nil, "language": nil,
		"forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0, "size": 0, "default_branch": r.defaultBranch,
		"open_issues": r.openIssues(), "open_issues_count": r.openIssues(), "is_template": false, "topics": []string{}, "has_issues": true, "has_projects": false,
		"has_wiki": false, "has_pages": false, "has_downloads": true, "has_discussions": false, "archived": false, "disabled": false, "license": nil,
		"web_commit_signoff_required": false, "allow_forking": true,
		"created_at": stamp(r.createdAt), "updated_at": stamp(r.pushedAt), "pushed_at": stamp(r.pushedAt),
	}
	for _, link := range repositoryLinks {
		o[link[0]+"_url"] = s.repoAPI(r, link[1])
	}
	return o
}

// fullRepositoryJSON adds what only the repository's own endpoint shows.
func (s *Server) fullRepositoryJSON(who caller, r *repository) object {
	o := s.repositoryJSON(r)
	o["network_count"], o["subscribers_count"] = 0, 0
	o["permissions"] = s.permissionsJSON(who, r)
	o["allow_merge_commit"], o["allow_squash_merge"], o["allow_rebase_merge"], o["allow_auto_merge"] = true, true, true, false
	o["delete_branch_on_merge"] = false
	if r.Owner.Type == typeOrganisation {
		o["organization"] = s.accountJSON(r.Owner)
	}
	return o
}

// permissionsJSON is what the caller may do.
func (s *Server) permissionsJSON(who caller, r *repository) object {
	can := func(g grant) bool { return s.holds(who, r, g) }
	admin := who.kind == callerUser && s.roleOf(r, who.account) >= roleAdmin
	return object{"pull": true, "push": can(writes("contents", roleWrite)), "triage": can(writes("issues", roleTriage)),
		"maintain": can(writes("administration", roleMaintain)), "admin": admin || can(writes("administration", roleAdmin))}
}

func (r *repository) nodeID() string { return nodeID("Repository", r.ID) }

func (r *repository) openIssues() int {
	n := 0
	for _, i := range r.issues {
		if i.open() {
			n++
		}
	}
	return n
}

func (s *Server) appJSON(a *app) object {
	return object{"id": a.ID, "slug": a.Slug, "node_id": nodeID("App", a.ID), "client_id": fmt.Sprintf("Iv1.%016x", a.ID), "owner": s.accountJSON(a.owner),
		"name": a.Slug, "description": "", "external_url": s.html("/"), "html_url": s.html("/apps/" + a.Slug), "created_at": stamp(a.createdAt),
		"updated_at": stamp(a.createdAt), "permissions": a.permissions, "events": emptyNotNull(a.events)}
}

func (s *Server) installationJSON(i *installation) object {
	selection := "all"
	if i.repositories != nil {
		selection = "selected"
	}
	return object{"id": i.ID, "account": s.accountJSON(i.account), "access_tokens_url": s.api(fmt.Sprintf("/app/installations/%d/access_tokens", i.ID)),
		"repositories_url": s.api("/installation/repositories"), "html_url": s.html(fmt.Sprintf("/settings/installations/%d", i.ID)),
		"app_id": i.app.ID, "app_slug": i.app.Slug, "target_id": i.account.ID, "target_type": string(i.account.Type), "permissions": i.app.permissions,
		"events": emptyNotNull(i.app.events), "repository_selection": selection, "single_file_name": nil, "has_multiple_single_files": false,
		"single_file_paths": []string{}, "suspended_at": nil, "suspended_by": nil, "created_at": stamp(i.createdAt), "updated_at": stamp(i.createdAt)}
}

// emptyNotNull keeps JSON arrays arrays.
func emptyNotNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
