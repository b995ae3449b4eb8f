package github

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// reviewState is GitHub's word for what a review says.
type reviewState string

const (
	reviewApproved  reviewState = "APPROVED"
	reviewChanges   reviewState = "CHANGES_REQUESTED"
	reviewCommented reviewState = "COMMENTED"
	reviewDismissed reviewState = "DISMISSED"
)

// review is one submitted review, bound to the commit that was looked at.
type review struct {
	ID     int64
	Author *account
	Body   string
	State  reviewState
	Commit string
	at     time.Time
}

// review submits one; commit "" means the head.
func (s *Server) review(r *repository, who caller, i *issue, event, body, commit string) (*review, error) {
	states := map[string]reviewState{"APPROVE": reviewApproved, "REQUEST_CHANGES": reviewChanges, "COMMENT": reviewCommented}
	state, known := states[event]
	unprocessable := func(message string) error {
		return &Error{Status: http.StatusUnprocessableEntity, Message: "Unprocessable Entity", Reasons: []string{message}}
	}
	switch {
	case !known:
		return nil, unprocessable(fmt.Sprintf("Variable $event of type PullRequestReviewEvent was provided invalid value %q", event))
	case who.account == i.Author && state == reviewApproved:
		return nil, unprocessable("Can not approve your own pull request")
	case who.account == i.Author && state == reviewChanges:
		return nil, unprocessable("Can not request changes on your own pull request")
	case state != reviewApproved && strings.TrimSpace(body) == "":
		return nil, unprocessable("Body can't be blank")
	}
	if err := checkBody("PullRequestReview", body); err != nil {
		return nil, err
	}
	if commit == "" {
		commit = i.pull.head
	} else if within, err := s.ownCommit(r, i.pull, commit); err != nil || !within {
		return nil, unprocessable("The commit_id is not part of the pull request")
	}
	v := &review{ID: s.newID(), Author: who.account, Body: body, State: state, Commit: commit, at: s.now()}
	i.pull.reviews = append(i.pull.reviews, v)
	i.updatedAt = s.now()
	s.sendReview(r, who, i, v, "submitted")
	return v, nil
}

// ownCommit tells whether a commit belongs to a pull request.
func (s *Server) ownCommit(r *repository, p *pull, id string) (bool, error) {
	from, to, err := s.pullRange(r, p)
	if err != nil {
		return false, err
	}
	own, err := r.commits(from, to)
	for _, c := range own {
		if c.ID == id {
			return true, err
		}
	}
	return false, err
}

// dismissAll dismisses every approval, as a push does where the rules say so.
func (s *Server) dismissAll(r *repository, who caller, i *issue) {
	for _, v := range i.pull.reviews {
		if v.State == reviewApproved {
			s.dismiss(r, who, i, v)
		}
	}
}

// dismiss takes the weight from a review; it stays listed.
func (s *Server) dismiss(r *repository, who caller, i *issue, v *review) {
	v.State = reviewDismissed
	s.sendReview(r, who, i, v, "dismissed")
}

// standing is each reviewer's latest word; comments do not replace an approval.
func (p *pull) standing() map[*account]*review {
	latest := map[*account]*review{}
	for _, v := range p.reviews {
		if v.State != reviewCommented {
			latest[v.Author] = v
		}
	}
	return latest
}

// missingReviews words what a pull request rule still wants of people.
func (s *Server) missingReviews(r *repository, i *issue, rule PullRequestRule) ([]string, error) {
	p := i.pull
	approvals, lastPushApproved := 0, false
	var missing []string
	for a, v := range p.standing() {
		if !s.countsAsReviewer(r, a) {
			continue
		}
		switch v.State {
		case reviewApproved:
			approvals++
			lastPushApproved = lastPushApproved || v.Commit == p.head && a != p.lastPusher
		case reviewChanges:
			missing = append(missing, "Changes must be approved: a reviewer with write access requested changes.")
		}
	}
	if approvals < rule.Approvals {
		missing = append(missing, fmt.Sprintf("At least %d approving review is required by reviewers with write access.", rule.Approvals))
	}
	if rule.LastPushApproval && !lastPushApproved {
		missing = append(missing, "New changes require approval from someone other than the last pusher.")
	}
	if !rule.CodeOwners {
		return missing, nil
	}
	owners, err := s.missingOwners(r, i)
	if err != nil {
		return nil, err
	}
	return append(missing, owners...), nil
}

// countsAsReviewer holds for people with write access, and for Apps, whose review GitHub counts toward the number but never as a code owner's.
func (s *Server) countsAsReviewer(r *repository, a *account) bool {
	return a.Type == typeBot || s.roleOf(r, a) >= roleWrite
}

func (s *Server) reviewJSON(r *repository, i *issue, v *review) object {
	pull := s.repoAPI(r, fmt.Sprintf("/pulls/%d", i.Number))
	html := s.repoHTML(r, fmt.Sprintf("/pull/%d#pullrequestreview-%d", i.Number, v.ID))
	return object{"id": v.ID, "node_id": nodeID("PullRequestReview", v.ID), "user": s.accountJSON(v.Author), "body": v.Body, "state": string(v.State),
		"commit_id": v.Commit, "submitted_at": stamp(v.at), "html_url": html, "pull_request_url": pull,
		"author_association": s.association(r, v.Author),
		"_links":             object{"html": object{"href": html}, "pull_request": object{"href": pull}}}
}

// association is GitHub's rough word for how an author stands to a repository. It says nothing about permissions.
func (s *Server) association(r *repository, a *account) string {
	if a.Type == typeBot {
		return "CONTRIBUTOR"
	}
	switch {
	case a == r.Owner:
		return "OWNER"
	case s.roleOf(r, a) >= roleRead:
		return "COLLABORATOR"
	}
	return "NONE"
}

func (c *call) pullFromPath() (*issue, error) {
	n, err := c.number("number")
	if err != nil {
		return nil, err
	}
	return c.repo.pullRequest(n)
}

func (c *call) listReviews() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	cut, header := page(c, i.pull.reviews)
	list := []object{}
	for _, v := range cut {
		list = append(list, c.reviewJSON(c.repo, i, v))
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

func (c *call) createReview() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	var req struct {
		Event  string `json:"event"`
		Body   string `json:"body"`
		Commit string `json:"commit_id"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	v, err := c.review(c.repo, c.who, i, req.Event, req.Body, req.Commit)
	if err != nil {
		return answer{}, err
	}
	return ok(c.reviewJSON(c.repo, i, v))
}

func (c *call) dismissReview() (answer, error) {
	i, err := c.pullFromPath()
	if err != nil {
		return answer{}, err
	}
	id, err := c.number("id")
	if err != nil {
		return answer{}, err
	}
	for _, v := range i.pull.reviews {
		if v.ID != id {
			continue
		}
		if v.State == reviewDismissed || v.State == reviewCommented {
			return answer{}, refuse(http.StatusUnprocessableEntity, "Can not dismiss a %s pull request review", strings.ToLower(string(v.State)))
		}
		c.dismiss(c.repo, c.who, i, v)
		return ok(c.reviewJSON(c.repo, i, v))
	}
	return answer{}, notFound()
}
