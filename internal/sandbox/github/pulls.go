package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// issue is an issue or a pull request; both share one row of numbers.
type issue struct {
	ID        int64
	Number    int
	Title     string
	Body      string
	Author    *account
	Labels    []string
	Comments  []*comment
	createdAt time.Time
	updatedAt time.Time
	closedAt  time.Time
	closedBy  *account
	pull      *pull // nil for a plain issue
}

// comment is one comment under an issue or a pull request.
type comment struct {
	ID     int64
	Author *account
	Body   string
	at     time.Time
}

// pull is what makes an issue a pull request.
type pull struct {
	headRepo   *repository
	headRef    string
	head       string // current head; the last one once closed
	baseRef    string
	base       string // tip of the base branch when the head last moved; frozen by the merge
	draft      bool
	lastPusher *account
	reviews    []*review
	mergedAt   time.Time
	mergedBy   *account
	mergeID    string
	trial      trial
}

// trial remembers the last test merge.
type trial struct {
	base, head, tree string
	clean            bool
}

func (i *issue) open() bool { return i.closedAt.IsZero() }

func (i *issue) state() string {
	if i.open() {
		return "open"
	}
	return "closed"
}

func (p *pull) merged() bool { return !p.mergedAt.IsZero() }

// newPull is what opening a pull request needs.
type newPull struct {
	title, body string
	headRepo    *repository
	headRef     string
	baseRef     string
	draft       bool
}

// checkText checks a title and a body.
func checkText(resource, title, body string) error {
	if strings.TrimSpace(title) == "" {
		return missingField(resource, "title")
	}
	if n := utf8.RuneCountInString(title); n > 256 {
		return invalid(resource, "title", "title is too long (maximum is 256 characters)")
	}
	return checkBody(resource, body)
}

// checkBody counts characters, not bytes: GitHub's limit does.
func checkBody(resource, body string) error {
	if n := utf8.RuneCountInString(body); n > maxText {
		return invalid(resource, "body", fmt.Sprintf("body is too long (maximum is %d characters)", maxText))
	}
	return nil
}

// openPull makes a pull request or says why GitHub would not.
func (s *Server) openPull(r *repository, who caller, n newPull) (*issue, error) {
	if err := checkText("PullRequest", n.title, n.body); err != nil {
		return nil, err
	}
	base, err := r.resolve("refs/heads/" + n.baseRef)
	if err != nil {
		return nil, err
	}
	if base == "" {
		return nil, invalidField("PullRequest", "base")
	}
	head, err := n.headRepo.resolve("refs/heads/" + n.headRef)
	if err != nil {
		return nil, err
	}
	if head == "" {
		return nil, invalidField("PullRequest", "head")
	}
	headName := n.headRepo.Owner.Login + ":" + n.headRef
	for _, other := range r.issues {
		if p := other.pull; p != nil && other.open() && p.headRepo == n.headRepo && p.headRef == n.headRef && p.baseRef == n.baseRef {
			return nil, invalid("PullRequest", "", fmt.Sprintf("A pull request already exists for %s.", headName))
		}
	}
	p := &pull{headRepo: n.headRepo, headRef: n.headRef, baseRef: n.baseRef, draft: n.draft, lastPusher: who.account}
	i := &issue{ID: s.newID(), Number: len(r.issues) + 1, Title: n.title, Body: n.body, Author: who.account, createdAt: s.now(), updatedAt: s.now(), pull: p}
	if err := s.trackHead(r, i, head); err != nil {
		return nil, err
	}
	within, err := r.isAncestor(head, base)
	if err != nil {
		return nil, err
	}
	if within {
		return nil, invalid("PullRequest", "", fmt.Sprintf("No commits between %s and %s", n.baseRef, n.headRef))
	}
	if shared, err := r.mergeBase(base, head); err != nil || shared == "" {
		return nil, invalid("PullRequest", "", fmt.Sprintf("The %s branch has no history in common with %s", n.headRef, n.baseRef))
	}
	r.issues = append(r.issues, i)
	s.sendPull(r, who, i, "opened", nil)
	return i, nil
}

// edit changes title and body; nil leaves as it is.
func (s *Server) edit(r *repository, who caller, i *issue, title, body *string) error {
	newTitle, newBody := i.Title, i.Body
	changes := object{}
	if title != nil && *title != i.Title {
		newTitle, changes["title"] = *title, object{"from": i.Title}
	}
	if body != nil && *body != i.Body {
		newBody, changes["body"] = *body, object{"from": i.Body}
	}
	if err := checkText(i.resource(), newTitle, newBody); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	i.Title, i.Body, i.updatedAt = newTitle, newBody, s.now()
	s.sendIssue(r, who, i, "edited", object{"changes": changes})
	return nil
}

func (i *issue) resource() string {
	if i.pull != nil {
		return "PullRequest"
	}
	return "Issue"
}

// closeIssue closes without merging.
func (s *Server) closeIssue(r *repository, who caller, i *issue) error {
	if !i.open() {
		return nil
	}
	i.closedAt, i.closedBy, i.updatedAt = s.now(), who.account, s.now()
	s.sendIssue(r, who, i, "closed", nil)
	return nil
}

// reopen opens a closed one again. GitHub refuses when the head moved by force, is gone, or a twin is open.
func (s *Server) reopen(r *repository, who caller, i *issue) error {
	if i.open() {
		return nil
	}
	if p := i.pull; p != nil {
		if p.merged() {
			return invalid("PullRequest", "state", "state cannot be changed. The pull request was merged.")
		}
		head, err := p.headRepo.resolve("refs/heads/" + p.headRef)
		if err != nil {
			return err
		}
		if head == "" {
			return invalid("PullRequest", "state", fmt.Sprintf("state cannot be changed. The %s branch has been deleted.", p.headRef))
		}
		twin := slices.ContainsFunc(r.issues, func(o *issue) bool {
			return o.pull != nil && o.open() && o.pull.headRepo == p.headRepo && o.pull.headRef == p.headRef && o.pull.baseRef == p.baseRef
		})
		if twin {
			return invalid("PullRequest", "state", "state cannot be changed. There is already an open pull request.")
		}
		if err := s.trackHead(r, i, head); err != nil {
			return err
		}
	}
	i.closedAt, i.closedBy, i.updatedAt = time.Time{}, nil, s.now()
	s.sendIssue(r, who, i, "reopened", nil)
	return nil
}

// pullRange is where a pull request's own commits begin and end.
func (s *Server) pullRange(r *repository, p *pull) (from, to string, err error) {
	base := p.base
	if !p.merged() {
		if tip, err := r.resolve("refs/heads/" + p.baseRef); err == nil && tip != "" {
			base = tip
		}
	}
	from, err = r.mergeBase(base, p.head)
	if err == nil && from == "" {
		err = refuse(http.StatusUnprocessableEntity, "No common ancestor between %s and %s.", p.baseRef, p.headRef)
	}
	return from, p.head, err
}

// pullDiff is the pull request's patch, to see whether a push changed it.
func (s *Server) pullDiff(r *repository, p *pull) (string, error) {
	from, to, err := s.pullRange(r, p)
	if err != nil {
		return "", err
	}
	return r.git("diff", "--full-index", "--binary", from, to)
}

// issue finds by number; nil where there is none.
func (r *repository) issue(number int64) *issue {
	if number < 1 || number > int64(len(r.issues)) {
		return nil
	}
	return r.issues[number-1]
}

// pullRequest finds a pull request by number.
func (r *repository) pullRequest(number int64) (*issue, error) {
	i := r.issue(number)
	if i == nil || i.pull == nil {
		return nil, notFound()
	}
	return i, nil
}
