package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) issueJSON(r *repository, i *issue) object {
	u := s.repoAPI(r, fmt.Sprintf("/issues/%d", i.Number))
	kind := "issues"
	if i.pull != nil {
		kind = "pull"
	}
	html := s.repoHTML(r, fmt.Sprintf("/%s/%d", kind, i.Number))
	o := object{"id": i.ID, "node_id": nodeID("Issue", i.ID), "number": i.Number, "title": i.Title, "body": i.bodyOrNull(), "state": i.state(),
		"state_reason": nil, "user": s.accountJSON(i.Author), "labels": s.labelsJSON(r, i), "assignee": nil, "assignees": []object{}, "milestone": nil,
		"locked": false, "active_lock_reason": nil, "comments": len(i.Comments), "created_at": stamp(i.createdAt), "updated_at": stamp(i.updatedAt),
		"closed_at": stampOrNull(i.closedAt), "closed_by": s.accountOrNull(i.closedBy), "author_association": s.association(r, i.Author),
		"url": u, "html_url": html, "repository_url": s.repoAPI(r, ""), "labels_url": u + "/labels{/name}", "comments_url": u + "/comments",
		"events_url": u + "/events"}
	if p := i.pull; p != nil {
		o["pull_request"] = object{"url": s.repoAPI(r, fmt.Sprintf("/pulls/%d", i.Number)), "html_url": html, "diff_url": html + ".diff",
			"patch_url": html + ".patch", "merged_at": stampOrNull(p.mergedAt)}
	}
	return o
}

func (s *Server) labelsJSON(r *repository, i *issue) []object {
	list := []object{}
	for n, name := range i.Labels {
		list = append(list, object{"id": i.ID*100 + int64(n), "node_id": nodeID("Label", i.ID*100+int64(n)), "url": s.repoAPI(r, "/labels/"+name),
			"name": name, "description": nil, "color": "ededed", "default": false})
	}
	return list
}

func (c *call) issueFromPath() (*issue, error) {
	n, err := c.number("number")
	if err != nil {
		return nil, err
	}
	if i := c.repo.issue(n); i != nil {
		return i, nil
	}
	return nil, notFound()
}

// listIssues gives pull requests too, as GitHub does: callers must tell them apart.
func (c *call) listIssues() (answer, error) {
	q := c.request.URL.Query()
	state := q.Get("state")
	if state == "" {
		state = "open"
	}
	var found []*issue
	for _, i := range slices.Backward(c.repo.issues) {
		labelled := true
		for label := range strings.SplitSeq(q.Get("labels"), ",") {
			labelled = labelled && (label == "" || slices.Contains(i.Labels, label))
		}
		if labelled && (state == "all" || i.state() == state) && (q.Get("creator") == "" || strings.EqualFold(q.Get("creator"), i.Author.Login)) {
			found = append(found, i)
		}
	}
	cut, header := page(c, found)
	list := []object{}
	for _, i := range cut {
		list = append(list, c.issueJSON(c.repo, i))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

func (c *call) createIssue() (answer, error) {
	var req struct {
		Title  string   `json:"title"`
		Body   string   `json:"body"`
		Labels []string `json:"labels"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	if err := checkText("Issue", req.Title, req.Body); err != nil {
		return answer{}, err
	}
	i := &issue{ID: c.newID(), Number: len(c.repo.issues) + 1, Title: req.Title, Body: req.Body, Author: c.who.account, Labels: req.Labels,
		createdAt: c.now(), updatedAt: c.now()}
	c.repo.issues = append(c.repo.issues, i)
	c.sendIssue(c.repo, c.who, i, "opened", nil)
	return created(c.issueJSON(c.repo, i))
}

func (c *call) getIssue() (answer, error) {
	i, err := c.issueFromPath()
	if err != nil {
		return answer{}, err
	}
	return ok(c.issueJSON(c.repo, i))
}

func (c *call) updateIssue() (answer, error) {
	i, err := c.issueFromPath()
	if err != nil {
		return answer{}, err
	}
	if err := c.applyChange(i); err != nil {
		return answer{}, err
	}
	return ok(c.issueJSON(c.repo, i))
}

func (s *Server) comment(r *repository, who caller, i *issue, body string) (*comment, error) {
	if strings.TrimSpace(body) == "" {
		return nil, missingField("IssueComment", "body")
	}
	if err := checkBody("IssueComment", body); err != nil {
		return nil, err
	}
	m := &comment{ID: s.newID(), Author: who.account, Body: body, at: s.now()}
	i.Comments, i.updatedAt = append(i.Comments, m), s.now()
	s.send(r, who, "issue_comment", "created", object{"issue": s.issueJSON(r, i), "comment": s.commentJSON(r, i, m)})
	return m, nil
}

func (s *Server) commentJSON(r *repository, i *issue, m *comment) object {
	return object{"id": m.ID, "node_id": nodeID("IssueComment", m.ID), "url": s.repoAPI(r, fmt.Sprintf("/issues/comments/%d", m.ID)),
		"html_url":  s.repoHTML(r, fmt.Sprintf("/pull/%d#issuecomment-%d", i.Number, m.ID)),
		"issue_url": s.repoAPI(r, fmt.Sprintf("/issues/%d", i.Number)), "user": s.accountJSON(m.Author), "body": m.Body,
		"author_association": s.association(r, m.Author), "created_at": stamp(m.at), "updated_at": stamp(m.at)}
}

func (c *call) listComments() (answer, error) {
	i, err := c.issueFromPath()
	if err != nil {
		return answer{}, err
	}
	cut, header := page(c, i.Comments)
	list := []object{}
	for _, m := range cut {
		list = append(list, c.commentJSON(c.repo, i, m))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

func (c *call) createComment() (answer, error) {
	i, err := c.issueFromPath()
	if err != nil {
		return answer{}, err
	}
	var req struct {
		Body string `json:"body"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	m, err := c.comment(c.repo, c.who, i, req.Body)
	if err != nil {
		return answer{}, err
	}
	return created(c.commentJSON(c.repo, i, m))
}

// addLabels takes {"labels": [...]} and, as GitHub also does, a bare array.
func (c *call) addLabels() (answer, error) {
	i, err := c.issueFromPath()
	if err != nil {
		return answer{}, err
	}
	var wrapped struct {
		Labels []string `json:"labels"`
	}
	var bare []string
	if c.decode(&bare) != nil {
		if err := c.decode(&wrapped); err != nil {
			return answer{}, err
		}
		bare = wrapped.Labels
	}
	for _, label := range bare {
		if !slices.Contains(i.Labels, label) {
			i.Labels = append(i.Labels, label)
		}
	}
	return ok(c.labelsJSON(c.repo, i))
}
