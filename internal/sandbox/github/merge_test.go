package github_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// changed gives the dev overlay with one line replaced.
func changed(line int, with string) string {
	all := strings.SplitAfter(lines("dev", 40), "\n")
	all[line] = with + "\n"
	return strings.Join(all, "")
}

// Two proposals change one file: in different hunks both merge, in the same one the second is refused.
func TestTwoHunksOfOneFileMergeAndOneHunkConflicts(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	w.propose("liftlock/dev/a", dev, changed(3, "image a"))
	w.propose("liftlock/dev/b", dev, changed(33, "image b"))
	w.propose("liftlock/dev/c", dev, changed(3, "image c"))
	for _, number := range []int{1, 2} {
		if _, _, err := c.PullRequests.Merge(ctx, "acme", "deploy", number, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", 3, "", nil)
	w.wantStatus(resp, err, 405, "Pull Request is not mergeable")
	pr, _, err := c.PullRequests.Get(ctx, "acme", "deploy", 3)
	w.check(err)
	if pr.GetMergeable() || pr.GetMergeableState() != "dirty" {
		t.Errorf("wanted dirty, got %v %q", pr.GetMergeable(), pr.GetMergeableState())
	}
	content, _, err := w.hub.File(deploy, "main", dev)
	w.check(err)
	want := strings.Replace(changed(3, "image a"), strings.SplitAfter(lines("dev", 40), "\n")[33], "image b\n", 1)
	if content != want {
		t.Errorf("the two changes are not both there:\n%s", content)
	}
	w.fsck(deploy)
}

func (w *world) fsck(repository string) {
	w.Helper()
	dir := must(w.hub.Directory(repository))(w)
	if out, err := exec.Command("git", "-C", dir, "fsck", "--strict", "--no-dangling").CombinedOutput(); err != nil || len(out) > 0 {
		w.Errorf("git fsck: %v: %s", err, out)
	}
}

func (w *world) gitLog(repository, rev, format string) []string {
	w.Helper()
	out := must(exec.Command("git", "-C", must(w.hub.Directory(repository))(w), "log", "--format="+format, rev).Output())(w)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestMergeMethods(t *testing.T) {
	for method, test := range map[string]struct {
		parents  string
		subject  string
		verified bool
	}{
		"merge":  {"2", "Merge pull request #1 from acme/work", true},
		"squash": {"1", "title (#1)", true},
		"rebase": {"1", "second", false},
	} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			ctx, c := context.Background(), w.client(nil)
			push := github.Push{User: "mallory", Repository: deploy, Branch: "work", Message: "first", Files: text(dev, changed(3, "one"))}
			number := must(w.hub.HumanPullRequest(github.HumanPull{Push: push, Title: "title"}))(t)
			push.Message, push.Files = "second", text(dev, strings.Replace(changed(3, "one"), "dev line b", "two", 1))
			must(w.hub.Push(push))(t)
			must(w.hub.Push(github.Push{User: "owen", Repository: deploy, Branch: "main", Message: "meanwhile", Files: text("README.md", "more\n")}))(t)
			result, _, err := c.PullRequests.Merge(ctx, "acme", "deploy", number, "", &gogithub.PullRequestOptions{MergeMethod: method})
			w.check(err)
			subjects := w.gitLog(deploy, "main", "%s")
			if subjects[0] != test.subject {
				t.Errorf("wanted %q, got %q", test.subject, subjects)
			}
			if got := must(w.hub.Verified(deploy, result.GetSHA()))(t); got != test.verified {
				t.Errorf("wanted verified %v", test.verified)
			}
			if method == "rebase" && !slices.Equal(subjects[:3], []string{"second", "first", "meanwhile"}) {
				t.Errorf("wanted both commits on top, got %q", subjects)
			}
			commit, _, err := c.Git.GetCommit(ctx, "acme", "deploy", result.GetSHA())
			w.check(err)
			if want := map[string]int{"2": 2, "1": 1}[test.parents]; len(commit.Parents) != want {
				t.Errorf("wanted %d parents, got %d", want, len(commit.Parents))
			}
			merged, _, err := c.PullRequests.IsMerged(ctx, "acme", "deploy", number)
			w.check(err)
			if !merged {
				t.Error("the pull request does not say that it was merged")
			}
			own, _, err := c.PullRequests.ListCommits(ctx, "acme", "deploy", number, nil)
			w.check(err)
			if len(own) != 2 {
				t.Errorf("wanted 2 commits after the merge too, got %d", len(own))
			}
			w.fsck(deploy)
		})
	}
}

func TestMergeMessageAndUnknownMethod(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	w.propose("liftlock/dev/a", dev, changed(3, "image a"))
	_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", &gogithub.PullRequestOptions{MergeMethod: "octopus"})
	w.wantStatus(resp, err, 422, "octopus")
	_, _, err = c.PullRequests.Merge(ctx, "acme", "deploy", 1, "Promotion-Ledger: 7", &gogithub.PullRequestOptions{MergeMethod: "squash", CommitTitle: "Promote a"})
	w.check(err)
	if got := strings.Join(w.gitLog(deploy, "main", "%B")[:3], "|"); got != "Promote a||Promotion-Ledger: 7" {
		t.Errorf("got message %q", got)
	}
	_, resp, err = c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", nil)
	w.wantStatus(resp, err, 405, "not mergeable")
}

func TestStrictChecksWantAFreshHead(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	pr := w.propose("liftlock/dev/a", dev, changed(3, "image a"))
	must(w.hub.Push(github.Push{User: "mallory", Repository: deploy, Branch: "main", Message: "meanwhile", Files: text("README.md", "more\n")}))(t)
	w.check(w.hub.SetRulesets(deploy, github.Ruleset{Name: "main", Branches: []string{"main"}, StrictChecks: true, Checks: []github.RequiredCheck{{Context: "liftlock"}}}))
	w.succeed(pr.GetHead().GetSHA())
	_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", nil)
	w.wantStatus(resp, err, 405, "not up to date with the base branch")
}
