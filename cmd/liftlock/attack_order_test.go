package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// commitTree writes a commit as anybody may write one, with any parents and any date.
func (r *rig) commitTree(date, tree string, parents ...string) string {
	r.t.Helper()
	dir, err := r.world.GitHub.Directory(sandbox.Deployments)
	if err != nil {
		r.t.Fatal(err)
	}
	args := []string{"commit-tree", tree, "-m", "by hand"}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(r.ctx, "git", args...)
	c.Dir, c.Stdout, c.Stderr = dir, &stdout, &stderr
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_COMMITTER_DATE=" + date,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com"}
	if err := c.Run(); err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, &stderr)
	}
	return strings.TrimSpace(stdout.String())
}

// push opens a pull request as a person, with one file on top of a branch that is there.
func (r *rig) push(branch, path string) (number int) {
	r.t.Helper()
	number, err := r.world.GitHub.HumanPullRequest(github.HumanPull{Title: branch, Push: github.Push{
		User: sandbox.Developer, Repository: sandbox.Deployments, Branch: branch, Files: map[string]*string{path: &branch}, Message: branch,
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	return number
}

// A history that crosses itself has two places where a head left the base. The one with the later date, which its author wrote, hides
// that merging the head takes the overlays back to what they were before the last promotion.
func TestCrossedHistoryIsRefusedAndStopsNobody(t *testing.T) {
	r := newRig(t)
	r.limits = unlimited
	r.adopted()
	before := r.git("", "rev-parse", "refs/heads/"+sandbox.Branch)
	first := r.release(sandbox.Release{Tag: "1.4.2"})
	r.entered(ledger.Merged, "staging", first)
	r.quiet()
	promoted := r.git("", "rev-parse", "refs/heads/"+sandbox.Branch)
	dir := "apps/checkout/overlays/dev/"
	r.git("", "branch", "early", before)
	r.rewrite("early", map[string]blob{dir + "note.txt": text("n")})
	early := r.commitTree("2033-01-01T00:00:00Z", "early^{tree}", before)
	r.git("", "update-ref", "refs/heads/early", early)
	number := r.push("early", dir+"note2.txt")
	r.check(r.pullRequest(number).HeadCommit, "success")
	if err := r.world.GitHub.Merge(sandbox.Developer, sandbox.Deployments, number); err != nil {
		t.Fatal(err)
	}
	r.quiet()
	r.git("", "update-ref", "refs/heads/crossed", r.commitTree("2026-01-01T00:00:00Z", early+"^{tree}", early, promoted))
	crossed := r.push("crossed", dir+"note3.txt")
	r.refused("a crossed history", r.pullRequest(crossed).HeadCommit, "merge the base branch anew")
	if err := r.world.GitHub.Merge(sandbox.Developer, sandbox.Deployments, crossed); err == nil {
		t.Error("it was merged")
	}
	second := r.release(sandbox.Release{Tag: "1.4.3"})
	r.entered(ledger.Merged, "staging", second)
}
