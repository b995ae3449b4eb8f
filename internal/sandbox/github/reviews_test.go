package github_test

import (
	"context"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

func (w *world) states(number int) string {
	w.Helper()
	list, _, err := w.client(nil).PullRequests.ListReviews(context.Background(), "acme", "deploy", number, nil)
	w.check(err)
	var states []string
	for _, r := range list {
		states = append(states, r.GetUser().GetLogin()+" "+r.GetState())
	}
	return strings.Join(states, ", ")
}

// A81: an approval of an earlier head is dismissed where the rules say so, and only by a push that changes the difference.
func TestStaleApprovals(t *testing.T) {
	for name, test := range map[string]struct {
		dismiss bool
		files   map[string]*string
		want    string
	}{
		"dismissed":             {true, text("x", "y"), "olga DISMISSED"},
		"kept without rule":     {false, text("x", "y"), "olga APPROVED"},
		"kept, difference same": {true, nil, "olga APPROVED"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.check(w.hub.SetRulesets(deploy, github.Ruleset{Name: "main", Branches: []string{"main"},
				PullRequest: &github.PullRequestRule{CodeOwners: true, DismissStale: test.dismiss}}))
			w.propose("work", prod, lines("production", 41))
			w.check(w.hub.Approve("olga", deploy, 1))
			must(w.hub.Push(github.Push{User: "mallory", Repository: deploy, Branch: "work", Message: "more", Files: test.files}))(t)
			if got := w.states(1); got != test.want {
				t.Errorf("wanted %q, got %q", test.want, got)
			}
			_, resp, err := w.client(nil).PullRequests.Merge(context.Background(), "acme", "deploy", 1, "", nil)
			if strings.Contains(test.want, "DISMISSED") {
				w.wantStatus(resp, err, 405, "Waiting on code owner review")
			} else {
				w.check(err)
			}
		})
	}
}

func TestLastPushApproval(t *testing.T) {
	w := newWorld(t)
	w.check(w.hub.SetRulesets(deploy, github.Ruleset{Name: "main", Branches: []string{"main"},
		PullRequest: &github.PullRequestRule{Approvals: 1, LastPushApproval: true}}))
	w.propose("work", prod, lines("production", 41))
	w.check(w.hub.Approve("olga", deploy, 1))
	must(w.hub.Push(github.Push{User: "owen", Repository: deploy, Branch: "work", Message: "more", Files: text("x", "y")}))(t)
	merge := func() (*gogithub.Response, error) {
		_, resp, err := w.client(nil).PullRequests.Merge(context.Background(), "acme", "deploy", 1, "", nil)
		return resp, err
	}
	resp, err := merge()
	w.wantStatus(resp, err, 405, "someone other than the last pusher")
	w.check(w.hub.Approve("owen", deploy, 1))
	resp, err = merge()
	w.wantStatus(resp, err, 405, "someone other than the last pusher")
	w.check(w.hub.Approve("mallory", deploy, 1))
	if _, err := merge(); err != nil {
		t.Error(err)
	}
}

// CODEOWNERS is read from the base, line by line: a broken line is skipped, a later line without owners frees a path.
func TestCodeOwnersComeFromTheBase(t *testing.T) {
	w := newWorld(t)
	w.check(w.hub.SetRulesets(deploy, github.Ruleset{Name: "main", Branches: []string{"main"}, PullRequest: &github.PullRequestRule{CodeOwners: true}}))
	ctx, c := context.Background(), w.client(nil)
	w.propose("free", dev, lines("dev", 41))
	_, _, err := c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", nil)
	w.check(err)
	both := map[string]*string{".github/CODEOWNERS": gogithub.String(""), prod: gogithub.String("x")}
	number := must(w.hub.HumanPullRequest(github.HumanPull{Push: github.Push{User: "mallory", Repository: deploy, Branch: "free-me", Message: "m", Files: both}, Title: "t"}))(t)
	_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", number, "", nil)
	w.wantStatus(resp, err, 405, "Waiting on code owner review from acme/prod.")
	// A rename out of the owned folder needs the owners as well.
	moved := map[string]*string{prod: nil, "elsewhere.yaml": gogithub.String(lines("production", 40))}
	number = must(w.hub.HumanPullRequest(github.HumanPull{Push: github.Push{User: "mallory", Repository: deploy, Branch: "move", Message: "m", Files: moved}, Title: "t"}))(t)
	_, resp, err = c.PullRequests.Merge(ctx, "acme", "deploy", number, "", nil)
	w.wantStatus(resp, err, 405, "Waiting on code owner review from acme/prod.")
	files, _, err := c.PullRequests.ListFiles(ctx, "acme", "deploy", number, nil)
	w.check(err)
	if len(files) != 1 || files[0].GetPreviousFilename() != prod || files[0].GetStatus() != "renamed" {
		t.Errorf("got files %v", files)
	}
}

func TestReviewsThatGitHubDoesNotTake(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.userClient("olga")
	w.propose("work", prod, lines("production", 41))
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	for want, r := range map[string]gogithub.PullRequestReviewRequest{
		"invalid value":        {Event: gogithub.String("LGTM")},
		"can't be blank":       {Event: gogithub.String("COMMENT")},
		"not part of the pull": {Event: gogithub.String("APPROVE"), CommitID: &main},
	} {
		_, resp, err := c.PullRequests.CreateReview(ctx, "acme", "deploy", 1, &r)
		w.wantStatus(resp, err, 422, want)
	}
	v, _, err := c.PullRequests.CreateReview(ctx, "acme", "deploy", 1, &gogithub.PullRequestReviewRequest{Event: gogithub.String("APPROVE")})
	w.check(err)
	_, resp, err := w.userClient("rita").PullRequests.DismissReview(ctx, "acme", "deploy", 1, v.GetID(), &gogithub.PullRequestReviewDismissalRequest{Message: gogithub.String("no")})
	w.wantStatus(resp, err, 403, "Must have write rights")
	for range 2 {
		_, resp, err = w.userClient("owen").PullRequests.DismissReview(ctx, "acme", "deploy", 1, v.GetID(), &gogithub.PullRequestReviewDismissalRequest{Message: gogithub.String("no")})
	}
	w.wantStatus(resp, err, 422, "Can not dismiss a dismissed")
	if got := w.states(1); got != "olga DISMISSED" {
		t.Errorf("got %q", got)
	}
}

// A head that comes into the base by a push, as a person's own merge does, counts as merged.
func TestMergedByAPush(t *testing.T) {
	w := newWorld(t)
	pr := w.propose("work", dev, lines("dev", 41))
	_, _, err := w.userClient("olga").Git.UpdateRef(context.Background(), "acme", "deploy", &gogithub.Reference{Ref: gogithub.String("refs/heads/main"),
		Object: &gogithub.GitObject{SHA: pr.GetHead().SHA}}, false)
	w.check(err)
	got := must(w.hub.PullRequests(deploy))(t)[0]
	if !got.Merged || got.ClosedBy != "olga" || got.MergeCommit != pr.GetHead().GetSHA() {
		t.Errorf("got %+v", got)
	}
	resp, err := func() (*gogithub.Response, error) {
		_, resp, err := w.client(nil).PullRequests.Edit(context.Background(), "acme", "deploy", 1, &gogithub.PullRequest{State: gogithub.String("open")})
		return resp, err
	}()
	w.wantStatus(resp, err, 422, "was merged")
}
