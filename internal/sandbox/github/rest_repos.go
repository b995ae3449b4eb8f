package github

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"strings"
)

func (c *call) getRepository() (answer, error) { return ok(c.fullRepositoryJSON(c.who, c.repo)) }

func (c *call) getBranch() (answer, error) {
	name := c.path("branch")
	id, err := c.repo.refValue("refs/heads/" + name)
	if err != nil {
		return answer{}, err
	}
	if id == zeroOID {
		return answer{}, refuse(http.StatusNotFound, "Branch not found")
	}
	head, err := c.repo.readCommit(id)
	if err != nil {
		return answer{}, err
	}
	rules := c.repo.rulesFor(name)
	contexts, checks := []string{}, []object{}
	for _, set := range rules {
		for _, check := range set.Checks {
			contexts = append(contexts, check.Context)
			checks = append(checks, object{"context": check.Context, "app_id": zeroAsNull(check.App)})
		}
	}
	u := c.repoAPI(c.repo, "/branches/"+name)
	return ok(object{"name": name, "commit": c.commitJSON(c.repo, head), "protected": len(rules) > 0, "protection_url": u + "/protection",
		"_links": object{"self": u, "html": c.repoHTML(c.repo, "/tree/"+name)},
		"protection": object{"enabled": len(rules) > 0, "required_status_checks": object{"enforcement_level": "non_admins", "contexts": contexts,
			"checks": checks}}})
}

func zeroAsNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func (c *call) getCommit() (answer, error) {
	id, err := c.repo.resolve(c.path("ref"))
	if err != nil {
		return answer{}, err
	}
	if id == "" {
		return answer{}, refuse(http.StatusUnprocessableEntity, "No commit found for SHA: %s", c.path("ref"))
	}
	found, err := c.repo.readCommit(id)
	if err != nil {
		return answer{}, err
	}
	return ok(c.commitJSON(c.repo, found))
}

// getContent gives a file with its content, or lists a directory.
func (c *call) getContent() (answer, error) {
	ref := c.request.URL.Query().Get("ref")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	id, err := c.repo.resolve(ref)
	if err != nil {
		return answer{}, err
	}
	p := strings.Trim(c.path("path"), "/")
	if id == "" || p != "" && !validTreePath(p) {
		return answer{}, notFound()
	}
	object, err := c.repo.git("rev-parse", "--verify", "--quiet", id+":"+p)
	if err != nil {
		return answer{}, notFound()
	}
	kind, err := c.repo.objectType(object)
	if err != nil {
		return answer{}, err
	}
	if kind == "tree" {
		return c.directoryContent(ref, p, object)
	}
	content, _, err := c.repo.fileAt(id, p)
	if err != nil {
		return answer{}, err
	}
	o := c.contentJSON(ref, treeEntry{Type: "blob", Object: object, Size: len(content)}, p)
	o["content"], o["encoding"] = base64.StdEncoding.EncodeToString([]byte(content)), "base64"
	return ok(o)
}

func (c *call) directoryContent(ref, dir, tree string) (answer, error) {
	entries, err := c.repo.listTree(tree, false)
	if err != nil {
		return answer{}, err
	}
	list := []object{}
	for _, e := range entries {
		list = append(list, c.contentJSON(ref, e, path.Join(dir, e.Path)))
	}
	return ok(list)
}

func (c *call) contentJSON(ref string, e treeEntry, p string) object {
	kind, gitPath := "file", "/git/blobs/"
	if e.Type == "tree" {
		kind, gitPath = "dir", "/git/trees/"
	}
	u, html := c.repoAPI(c.repo, "/contents/"+p+"?ref="+ref), c.repoHTML(c.repo, "/blob/"+ref+"/"+p)
	return object{"type": kind, "name": path.Base(p), "path": p, "sha": e.Object, "size": e.Size, "url": u, "html_url": html,
		"git_url": c.repoAPI(c.repo, gitPath+e.Object), "download_url": c.repoHTML(c.repo, "/raw/"+ref+"/"+p),
		"_links": object{"self": u, "git": c.repoAPI(c.repo, gitPath+e.Object), "html": html}}
}

// getPermission is what decides whether a commenter may command, not author_association (A74).
func (c *call) getPermission() (answer, error) {
	a := c.accounts[strings.ToLower(c.path("username"))]
	if a == nil {
		return answer{}, notFound()
	}
	granted := c.roleOf(c.repo, a)
	// The old four levels: triage reads, maintain writes.
	old := map[role]string{roleNone: "none", roleRead: "read", roleTriage: "read", roleWrite: "write", roleMaintain: "write", roleAdmin: "admin"}[granted]
	user := c.accountJSON(a)
	user["role_name"] = granted.String()
	user["permissions"] = object{"pull": granted >= roleRead, "triage": granted >= roleTriage, "push": granted >= roleWrite,
		"maintain": granted >= roleMaintain, "admin": granted >= roleAdmin}
	return ok(object{"permission": old, "role_name": granted.String(), "user": user})
}

// getBranchRules needs no more than metadata:read, and shows no bypass lists.
func (c *call) getBranchRules() (answer, error) {
	list := []object{}
	for _, set := range c.repo.rulesFor(c.path("branch")) {
		for _, rule := range set.rulesJSON() {
			rule["ruleset_id"], rule["ruleset_source_type"], rule["ruleset_source"] = set.ID, "Repository", c.repo.fullName()
			list = append(list, rule)
		}
	}
	cut, header := page(c, list)
	return answer{status: http.StatusOK, body: cut, header: header}, nil
}

// rulesJSON lists the rules of a set in GitHub's words.
func (set *ruleset) rulesJSON() []object {
	list := []object{}
	for _, simple := range []struct {
		name string
		on   bool
	}{{"deletion", set.Deletion}, {"creation", set.Creation}, {"non_fast_forward", set.NonFastForward}, {"update", set.Update}} {
		if simple.on {
			list = append(list, object{"type": simple.name})
		}
	}
	if p := set.PullRequest; p != nil {
		list = append(list, object{"type": "pull_request", "parameters": object{"required_approving_review_count": p.Approvals,
			"require_code_owner_review": p.CodeOwners, "dismiss_stale_reviews_on_push": p.DismissStale, "require_last_push_approval": p.LastPushApproval,
			"required_review_thread_resolution": false}})
	}
	if len(set.Checks) > 0 {
		checks := []object{}
		for _, check := range set.Checks {
			o := object{"context": check.Context}
			if check.App != 0 {
				o["integration_id"] = check.App
			}
			checks = append(checks, o)
		}
		list = append(list, object{"type": "required_status_checks", "parameters": object{"required_status_checks": checks,
			"strict_required_status_checks_policy": set.StrictChecks, "do_not_enforce_on_create": false}})
	}
	return list
}

// rulesetJSON tells the caller whether it bypasses the set: that is how an App proves that it cannot (A78).
func (c *call) rulesetJSON(set *ruleset) object {
	bypass := "never"
	if c.bypasses(set, c.who) {
		bypass = "always"
	}
	return object{"id": set.ID, "node_id": nodeID("RepositoryRuleset", set.ID), "name": set.Name, "target": "branch", "source_type": "Repository",
		"source": c.repo.fullName(), "enforcement": "active", "current_user_can_bypass": bypass,
		"_links":     object{"self": object{"href": c.repoAPI(c.repo, fmt.Sprintf("/rulesets/%d", set.ID))}},
		"created_at": stamp(c.repo.createdAt), "updated_at": stamp(c.repo.createdAt)}
}

func (c *call) listRulesets() (answer, error) {
	list := []object{}
	for _, set := range c.repo.rulesets {
		list = append(list, c.rulesetJSON(set))
	}
	cut, header := page(c, list)
	return answer{status: http.StatusOK, body: cut, header: header}, nil
}

func (c *call) getRuleset() (answer, error) {
	id, err := c.number("id")
	if err != nil {
		return answer{}, err
	}
	for _, set := range c.repo.rulesets {
		if set.ID != id {
			continue
		}
		o := c.rulesetJSON(set)
		include := []string{}
		for _, b := range set.Branches {
			include = append(include, "refs/heads/"+b)
		}
		o["conditions"] = object{"ref_name": object{"include": include, "exclude": []string{}}}
		o["rules"] = set.rulesJSON()
		return ok(o)
	}
	return answer{}, notFound()
}
