package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

// OpenPullRequests returns all open pull requests, by number: one request for each hundred.
func (r *Repository) OpenPullRequests(ctx context.Context) ([]promotion.PullRequest, error) {
	const doing = "listing open pull requests"
	client := r.client()
	found, err := pages(r.fail, doing, func(o github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return client.PullRequests.List(ctx, r.owner, r.name, &github.PullRequestListOptions{State: "open", ListOptions: o})
	})
	if err != nil {
		return nil, err
	}
	open := make([]promotion.PullRequest, 0, len(found))
	for _, p := range found {
		open = append(open, readPullRequest(p))
	}
	slices.SortFunc(open, func(a, b promotion.PullRequest) int { return cmp.Compare(a.Number, b.Number) })
	// A pull request that is opened or closed while pages are read shifts the others, and one may be listed twice.
	return slices.CompactFunc(open, func(a, b promotion.PullRequest) bool { return a.Number == b.Number }), nil
}

// PullRequest returns one pull request. Where it was closed unmerged a second request says by whom.
func (r *Repository) PullRequest(ctx context.Context, number int) (promotion.PullRequest, error) {
	found, resp, err := r.client().PullRequests.Get(ctx, r.owner, r.name, number)
	if err != nil {
		return promotion.PullRequest{}, r.fail(fmt.Sprintf("reading pull request %d", number), resp, err)
	}
	return r.withCloser(ctx, readPullRequest(found))
}

// ClosedPullRequests returns the newest closed pull requests of a head branch of this repository, newest first. Who closed them it does
// not say.
func (r *Repository) ClosedPullRequests(ctx context.Context, headRef string) ([]promotion.PullRequest, error) {
	found, resp, err := r.client().PullRequests.List(ctx, r.owner, r.name, &github.PullRequestListOptions{
		State: "closed", Head: r.owner + ":" + headRef, Sort: "created", Direction: "desc", ListOptions: github.ListOptions{PerPage: maxClosed},
	})
	if err != nil {
		return nil, r.fail(fmt.Sprintf("listing closed pull requests of %q", headRef), resp, err)
	}
	var closed []promotion.PullRequest
	for _, p := range found {
		if read := readPullRequest(p); read.HeadRef == headRef && read.SameRepository { // a filter that was not understood lists everything
			closed = append(closed, read)
		}
	}
	return closed, nil
}

// withCloser asks who closed a pull request. Only its issue says so.
func (r *Repository) withCloser(ctx context.Context, p promotion.PullRequest) (promotion.PullRequest, error) {
	if p.Open || p.Merged {
		return p, nil
	}
	issue, resp, err := r.client().Issues.Get(ctx, r.owner, r.name, p.Number)
	if err != nil {
		return p, r.fail(fmt.Sprintf("reading who closed pull request %d", p.Number), resp, err)
	}
	p.ClosedBy = readUser(issue.GetClosedBy())
	return p, nil
}

// OpenPullRequest opens a pull request from a branch of this repository. Where the branch has an open one already the error has
// Conflict() true.
func (r *Repository) OpenPullRequest(ctx context.Context, p promotion.NewPullRequest) (promotion.PullRequest, error) {
	const doing = "opening a pull request"
	if err := checkText(doing, "body", p.Body, maxBody); err != nil {
		return promotion.PullRequest{}, err
	}
	made, resp, err := r.client().PullRequests.Create(ctx, r.owner, r.name, &github.NewPullRequest{
		Title: &p.Title, Body: &p.Body, Head: &p.HeadRef, Base: &p.BaseRef,
		MaintainerCanModify: github.Bool(false),
	})
	if err != nil {
		return promotion.PullRequest{}, r.fail(doing, resp, err)
	}
	return readPullRequest(made), nil
}

// EditPullRequest replaces title and body.
func (r *Repository) EditPullRequest(ctx context.Context, number int, title, body string) error {
	doing := fmt.Sprintf("editing pull request %d", number)
	if err := checkText(doing, "body", body, maxBody); err != nil {
		return err
	}
	_, resp, err := r.client().PullRequests.Edit(ctx, r.owner, r.name, number, &github.PullRequest{Title: &title, Body: &body})
	return r.fail(doing, resp, err)
}

// ClosePullRequest says why and closes: two writes, or one where comment is "". The reason comes first, so that a pull request is
// never found closed without one.
func (r *Repository) ClosePullRequest(ctx context.Context, number int, comment string) error {
	doing := fmt.Sprintf("closing pull request %d", number)
	if err := checkText(doing, "comment", comment, maxBody); err != nil {
		return err
	}
	client := r.client()
	if comment != "" {
		if _, resp, err := client.Issues.CreateComment(ctx, r.owner, r.name, number, &github.IssueComment{Body: &comment}); err != nil {
			return r.fail(doing, resp, err)
		}
	}
	_, resp, err := client.PullRequests.Edit(ctx, r.owner, r.name, number, &github.PullRequest{State: github.String("closed")})
	return r.fail(doing, resp, err)
}

// Merge merges a pull request if its head is still the given commit, and returns the commit on the base branch. A head that moved
// is an error with Conflict() true; one that the rules do not allow to be merged now is retryable.
func (r *Repository) Merge(ctx context.Context, number int, head, title, message string) (string, error) {
	doing := fmt.Sprintf("merging pull request %d", number)
	if !objectName.MatchString(head) { // "" would merge whatever is there
		return "", &Error{doing: doing, reason: "want the expected head, 40 lower-case hex digits"}
	}
	var merged *github.PullRequestMergeResult
	for _, method := range []string{"merge", "squash", "rebase"} {
		var resp *github.Response
		var err error
		merged, resp, err = r.client().PullRequests.Merge(ctx, r.owner, r.name, number, message,
			&github.PullRequestOptions{SHA: head, CommitTitle: title, MergeMethod: method})
		if err == nil {
			break
		}
		if !methodRefused(err) || method == "rebase" {
			return "", r.fail(doing, resp, err)
		}
	}
	if !merged.GetMerged() || !objectName.MatchString(merged.GetSHA()) {
		return "", &Error{doing: doing, reason: "the answer does not say that it was merged", retry: true, after: pauseBlocked}
	}
	return merged.GetSHA(), nil
}

// methodRefused reports whether the repository's settings leave out this way of merging. The status alone says only that it cannot be
// merged now.
func methodRefused(err error) bool {
	refusal, ok := errors.AsType[*github.ErrorResponse](err)
	return ok && refusal.Response.StatusCode == http.StatusMethodNotAllowed && strings.Contains(refusal.Message, "not allowed on this repository")
}

// readPullRequest takes over what may be missing as zero: the account of an author or a fork may have been deleted.
func readPullRequest(p *github.PullRequest) promotion.PullRequest {
	head := p.GetHead().GetRepo().GetID() // 0: the fork was deleted
	read := promotion.PullRequest{
		Number:         p.GetNumber(),
		Title:          p.GetTitle(),
		Body:           p.GetBody(),
		HeadRef:        p.GetHead().GetRef(),
		HeadCommit:     p.GetHead().GetSHA(),
		BaseRef:        p.GetBase().GetRef(),
		SameRepository: head != 0 && head == p.GetBase().GetRepo().GetID(),
		Author:         readUser(p.GetUser()),
		Open:           p.GetState() == "open",
		Merged:         p.GetMerged() || p.MergedAt != nil, // a listing has only the time
		Draft:          p.GetDraft(),
	}
	if read.Merged {
		read.MergeCommit = p.GetMergeCommitSHA()
	}
	return read
}

// readUser goes by the account's type, not by its name: anybody may be called something-bot.
func readUser(u *github.User) promotion.User {
	return promotion.User{ID: u.GetID(), Login: u.GetLogin(), Bot: u.GetType() == "Bot"}
}

// checkText refuses here what the forge would answer 422 to, before half of an update is written.
func checkText(doing, what, text string, limit int) error {
	if n := utf8.RuneCountInString(text); n > limit {
		return fmt.Errorf("%s: %s has %d characters, the forge takes %d", doing, what, n, limit)
	}
	return nil
}
