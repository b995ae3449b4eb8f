package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// pullJSON is the short form of lists and of parts of webhooks.
func (s *Server) pullJSON(r *repository, i *issue) object {
	p := i.pull
	api, html := s.repoAPI(r, fmt.Sprintf("/pulls/%d", i.Number)), s.repoHTML(r, fmt.Sprintf("/pull/%d", i.Number))
	issueURL := s.repoAPI(r, fmt.Sprintf("/issues/%d", i.Number))
	statuses := s.repoAPI(r, "/statuses/"+p.head)
	link := func(u string) object { return object{"href": u} }
	users, teams := s.requested(r, i)
	o := object{
		"id": i.ID, "node_id": nodeID("PullRequest", i.ID), "number": i.Number, "state": i.state(), "locked": false, "title": i.Title, "body": i.bodyOrNull(),
		"user": s.accountJSON(i.Author), "labels": s.labelsJSON(r, i), "milestone": nil, "assignee": nil, "assignees": []object{},
		"requested_reviewers": users, "requested_teams": teams, "draft": p.draft, "auto_merge": nil, "active_lock_reason": nil,
		"author_association": s.association(r, i.Author), "created_at": stamp(i.createdAt), "updated_at": stamp(i.updatedAt),
		"closed_at": stampOrNull(i.closedAt), "merged_at": stampOrNull(p.mergedAt), "merge_commit_sha": nil,
		"url": api, "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "issue_url": issueURL, "commits_url": api + "/commits",
		"review_comments_url": api + "/comments", "review_comment_url": s.repoAPI(r, "/pulls/comments{/number}"), "comments_url": issueURL + "/comments",
		"statuses_url": statuses, "head": s.branchJSON(p.headRepo, p.headRef, p.head), "base": s.branchJSON(r, p.baseRef, p.base),
		"_links": object{"self": link(api), "html": link(html), "issue": link(issueURL), "comments": link(issueURL + "/comments"),
			"review_comments": link(api + "/comments"), "review_comment": link(s.repoAPI(r, "/pulls/comments{/number}")),
			"commits": link(api + "/commits"), "statuses": link(statuses)},
	}
	if p.mergeID != "" {
		o["merge_commit_sha"] = p.mergeID
	}
	return o
}

func (i *issue) bodyOrNull() any {
	if i.Body == "" {
		return nil
	}
	return i.Body
}

func (s *Server) branchJSON(r *repository, ref, sha string) object {
	return object{"label": r.Owner.Login + ":" + ref, "ref": ref, "sha": sha, "user": s.accountJSON(r.Owner), "repo": s.repositoryJSON(r)}
}

// requested are the code owners asked for a review who have not given one.
func (s *Server) requested(r *repository, i *issue) (users, teams []object) {
	users, teams = []object{}, []object{}
	if i.pull.draft || !i.open() {
		return users, teams
	}
	sets, err := s.ownershipOf(r, i)
	if err != nil {
		return users, teams
	}
	standing := i.pull.standing()
	seen := map[string]bool{}
	for _, set := range sets {
		for name := range strings.SplitSeq(set.label, " or ") {
			if seen[name] {
				continue
			}
			seen[name] = true
			if t := s.team(name); t != nil {
				teams = append(teams, s.teamJSON(t, "push"))
			} else if a := s.accounts[strings.ToLower(name)]; a != nil && a != i.Author && standing[a] == nil {
				users = append(users, s.accountJSON(a))
			}
		}
	}
	return users, teams
}

// fullPullJSON adds what costs a merge and a diff.
func (s *Server) fullPullJSON(r *repository, i *issue) (object, error) {
	p := i.pull
	o := s.pullJSON(r, i)
	from, to, err := s.pullRange(r, p)
	if err != nil {
		return nil, err
	}
	own, err := r.commits(from, to)
	if err != nil {
		return nil, err
	}
	files, err := r.diffFiles(from, to)
	if err != nil {
		return nil, err
	}
	additions, deletions := 0, 0
	for _, f := range files {
		additions, deletions = additions+f.Additions, deletions+f.Deletions
	}
	o["commits"], o["changed_files"], o["additions"], o["deletions"] = len(own), len(files), additions, deletions
	o["comments"], o["review_comments"], o["maintainer_can_modify"] = len(i.Comments), 0, false
	o["merged"], o["merged_by"] = p.merged(), s.accountOrNull(p.mergedBy)
	o["mergeable"], o["rebaseable"], o["mergeable_state"] = nil, nil, "unknown"
	if i.open() {
		mergeable, state, err := s.mergeState(r, i)
		if err != nil {
			return nil, err
		}
		o["mergeable"], o["mergeable_state"] = mergeable, state
	}
	return o, nil
}

// listPulls filters, sorts and pages. Without a sort order the newest come first.
func (c *call) listPulls() (answer, error) {
	q := c.request.URL.Query()
	state := q.Get("state")
	if state == "" {
		state = "open"
	}
	if !slices.Contains([]string{"open", "closed", "all"}, state) {
		return answer{}, invalidField("PullRequest", "state")
	}
	var found []*issue
	for _, i := range c.repo.issues {
		if i.pull != nil && (state == "all" || i.state() == state) && i.pull.matches(q.Get("head"), q.Get("base")) {
			found = append(found, i)
		}
	}
	newestFirst := q.Get("direction") != "asc" && (q.Get("direction") != "" || q.Get("sort") == "" || q.Get("sort") == "created")
	slices.SortStableFunc(found, func(a, b *issue) int {
		order := a.Number - b.Number
		if q.Get("sort") == "updated" {
			order = a.updatedAt.Compare(b.updatedAt)
		}
		if newestFirst {
			return -order
		}
		return order
	})
	cut, header := page(c, found)
	list := []object{}
	for _, i := range cut {
		list = append(list, c.pullJSON(c.repo, i))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

// matches applies the head ("owner:branch") and base filters. GitHub ignores a head without an owner.
func (p *pull) matches(head, base string) bool {
	if base != "" && p.baseRef != base {
		return false
	}
	owner, branch, ok := strings.Cut(head, ":")
	return !ok || strings.EqualFold(p.headRepo.Owner.Login, owner) && p.headRef == branch
}

// createPull takes a branch of the repository, or owner:branch of it or a fork of it.
func (c *call) createPull() (answer, error) {
	var req struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		Head  string `json:"head"`
		Base  string `json:"base"`
		Draft bool   `json:"draft"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	n := newPull{title: req.Title, body: req.Body, headRepo: c.repo, headRef: req.Head, baseRef: req.Base, draft: req.Draft}
	if owner, branch, ok := strings.Cut(req.Head, ":"); ok {
		n.headRef = branch
		if n.headRepo = c.headRepository(owner); n.headRepo == nil {
			return answer{}, invalidField("PullRequest", "head")
		}
	}
	i, err := c.openPull(c.repo, c.who, n)
	if err != nil {
		return answer{}, err
	}
	body, err := c.fullPullJSON(c.repo, i)
	if err != nil {
		return answer{}, err
	}
	return created(body)
}

// headRepository finds the repository itself or its fork under an owner, as far as the caller sees it.
func (c *call) headRepository(owner string) *repository {
	for _, r := range c.repositories {
		if strings.EqualFold(r.Owner.Login, owner) && (r == c.repo || r.parent == c.repo) && c.sees(c.who, r) {
			return r
		}
	}
	return nil
}

func (c *call) getPull() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	body, err := c.fullPullJSON(c.repo, i)
	if err != nil {
		return answer{}, err
	}
	return ok(body)
}

// change is the body of an update of a pull request or an issue.
type change struct {
	Title *string `json:"title"`
	Body  *string `json:"body"`
	State string  `json:"state"`
}

// applyChange edits first and then opens or closes, as one request may ask for both.
func (c *call) applyChange(i *issue) error {
	var req change
	if err := c.decode(&req); err != nil {
		return err
	}
	if req.State != "" && req.State != "open" && req.State != "closed" {
		return invalidField(i.resource(), "state")
	}
	if err := c.edit(c.repo, c.who, i, req.Title, req.Body); err != nil {
		return err
	}
	switch req.State {
	case "closed":
		return c.closeIssue(c.repo, c.who, i)
	case "open":
		return c.reopen(c.repo, c.who, i)
	}
	return nil
}

func (c *call) updatePull() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	if err := c.applyChange(i); err != nil {
		return answer{}, err
	}
	body, err := c.fullPullJSON(c.repo, i)
	if err != nil {
		return answer{}, err
	}
	return ok(body)
}

func (c *call) mergePull() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	var req mergeRequest
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	id, err := c.merge(c.repo, c.who, i, req)
	if err != nil {
		return answer{}, err
	}
	return ok(object{"sha": id, "merged": true, "message": "Pull Request successfully merged"})
}

func (c *call) isMerged() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	if !i.pull.merged() {
		return answer{}, notFound()
	}
	return noContent()
}

func (c *call) listPullCommits() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	from, to, err := c.pullRange(c.repo, i.pull)
	if err != nil {
		return answer{}, err
	}
	own, err := c.repo.commits(from, to)
	if err != nil {
		return answer{}, err
	}
	cut, header := page(c, own)
	list := []object{}
	for _, m := range cut {
		list = append(list, c.commitJSON(c.repo, m))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

func (c *call) listPullFiles() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	from, to, err := c.pullRange(c.repo, i.pull)
	if err != nil {
		return answer{}, err
	}
	files, err := c.repo.diffFiles(from, to)
	if err != nil {
		return answer{}, err
	}
	cut, header := page(c, files)
	list := []object{}
	for _, f := range cut {
		list = append(list, c.fileJSON(c.repo, to, f))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}
