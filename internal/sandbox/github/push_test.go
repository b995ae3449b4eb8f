package github_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	gitconfig "github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// clone is a work tree made with the real git.
type clone struct {
	*world
	dir string
}

func (w *world) clone(repository, token string) clone {
	w.Helper()
	c := clone{world: w, dir: filepath.Join(w.TempDir(), "clone")}
	url := strings.Replace(w.url, "http://", "http://x-access-token:"+token+"@", 1) + "/" + repository + ".git"
	if out, err := c.git("clone", "--quiet", url, c.dir); err != nil {
		w.Fatalf("cloning: %s", out)
	}
	return c
}

func (c clone) git(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	if _, err := os.Stat(c.dir); err == nil {
		cmd.Dir = c.dir
	}
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c clone) run(args ...string) {
	c.Helper()
	if out, err := c.git(args...); err != nil {
		c.Fatalf("git %v: %s", args, out)
	}
}

func (c clone) commit(name string) {
	c.Helper()
	c.check(os.WriteFile(filepath.Join(c.dir, name), []byte(name), 0o600))
	c.run("add", name)
	c.run("commit", "--quiet", "-m", "add "+name)
}

func (w *world) token() string { return must(w.transport().Token(context.Background()))(w) }

// protectLedger is how a ledger branch is kept: the App alone appends, and nobody, the App included, rewrites or deletes.
func (w *world) protectLedger() {
	w.check(w.hub.SetRulesets(ledger,
		github.Ruleset{Name: "writers", Branches: []string{"main"}, Update: true, Bypass: []string{"liftlock"}},
		github.Ruleset{Name: "append only", Branches: []string{"main"}, NonFastForward: true, Deletion: true}))
}

func TestLedgerPushes(t *testing.T) {
	w := newWorld(t)
	w.protectLedger()
	app := w.clone(ledger, w.token())
	app.commit("one")
	app.run("push", "--quiet", "origin", "HEAD:main")
	head := must(w.hub.BranchHead(ledger, "main"))(t)
	for name, test := range map[string]struct {
		token string
		args  []string
		want  string
	}{
		"rewrite by the App":    {w.token(), []string{"--force", "origin", "HEAD~1:main"}, "Cannot force-push to this branch"},
		"deletion by the App":   {w.token(), []string{"origin", ":main"}, "Cannot delete this branch"},
		"append by a writer":    {w.users["mallory"].Token, []string{"origin", "HEAD:main"}, "Cannot update this protected ref."},
		"a hidden ref":          {w.token(), []string{"origin", "HEAD:refs/pull/9/head"}, "hidden ref"},
		"one bad ref stops all": {w.token(), []string{"--force", "origin", "HEAD:side", "HEAD~1:main"}, "Cannot force-push to this branch"},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.clone(ledger, test.token)
			c.commit("two")
			if test.args[0] == "--force" {
				c.run("reset", "--quiet", "--hard", "HEAD~1")
			}
			out, err := c.git(append([]string{"push"}, test.args...)...)
			if err == nil || !strings.Contains(out, test.want) || !strings.Contains(out, "pre-receive hook declined") {
				t.Errorf("wanted %q, got %v: %s", test.want, err, out)
			}
			if got := must(w.hub.BranchHead(ledger, "main"))(t); got != head {
				t.Error("a refused push moved the branch")
			}
			if got := must(w.hub.BranchHead(ledger, "side"))(t); got != "" {
				t.Error("half of a refused push went through")
			}
		})
	}
	again := w.clone(ledger, w.token())
	again.commit("three")
	again.run("push", "--quiet", "origin", "HEAD:main")
	if got := w.gitLog(ledger, "main", "%s"); !slices.Equal(got, []string{"add three", "add one", "Initial commit"}) {
		t.Errorf("got history %q", got)
	}
}

func TestGitCredentials(t *testing.T) {
	w := newWorld(t)
	token := w.token()
	readToken, _, err := w.appClient().Apps.CreateInstallationToken(context.Background(), w.app.InstallationID, readOnly())
	w.check(err)
	for name, test := range map[string]struct{ repository, token, want string }{
		"bad token":             {deploy, "ghs_bad", "Authentication failed"},
		"repository not in App": {other, token, "not found"},
		"narrowed away":         {ledger, readToken.GetToken(), "not found"},
		"missing":               {"acme/missing", token, "not found"},
	} {
		url := strings.Replace(w.url, "http://", "http://x-access-token:"+test.token+"@", 1) + "/" + test.repository + ".git"
		if out, err := (clone{world: w}).git("ls-remote", url); err == nil || !strings.Contains(out, test.want) {
			t.Errorf("%s: wanted %q, got %v: %s", name, test.want, err, out)
		}
	}
	c := w.clone(deploy, readToken.GetToken())
	c.commit("x")
	if out, err := c.git("push", "origin", "HEAD:x"); err == nil || !strings.Contains(out, "403") {
		t.Errorf("a push with a reading token: wanted 403, got %v: %s", err, out)
	}
}

// The bot's own library: mirror, commit without a work tree, push, lose a race.
func TestGoGit(t *testing.T) {
	w := newWorld(t)
	w.protectLedger()
	auth := &githttp.BasicAuth{Username: "x-access-token", Password: w.token()}
	dir := filepath.Join(t.TempDir(), "mirror")
	repo := must(git.PlainClone(dir, true, &git.CloneOptions{URL: w.url + "/" + ledger + ".git", Auth: auth, Mirror: true}))(t)
	head := must(repo.ResolveRevision("refs/heads/main"))(t)
	parent := must(repo.CommitObject(*head))(t)
	when := object.Signature{Name: "liftlock[bot]", Email: "b@example.com", When: time.Unix(1e9, 0)}
	push := func(message string) error {
		entry := &object.Commit{Author: when, Committer: when, Message: message, TreeHash: parent.TreeHash, ParentHashes: []plumbing.Hash{parent.Hash}}
		stored := repo.Storer.NewEncodedObject()
		w.check(entry.Encode(stored))
		id := must(repo.Storer.SetEncodedObject(stored))(t)
		w.check(repo.Storer.SetReference(plumbing.NewHashReference("refs/heads/next", id)))
		return repo.Push(&git.PushOptions{Auth: auth, RefSpecs: []gitconfig.RefSpec{"refs/heads/next:refs/heads/main"}})
	}
	w.check(push("one"))
	// A96: the second writer still builds on the old head.
	if err := push("two"); err == nil {
		t.Error("a push that is no fast-forward went through")
	}
	if got := w.gitLog(ledger, "main", "%s"); !slices.Equal(got, []string{"one", "Initial commit"}) {
		t.Errorf("got history %q", got)
	}
	w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	other := must(git.PlainClone(filepath.Join(t.TempDir(), "deploy"), true, &git.CloneOptions{URL: w.url + "/" + deploy + ".git", Auth: auth, Mirror: true}))(t)
	if _, err := other.Reference("refs/pull/1/head", false); err != nil {
		t.Errorf("the head of a pull request is not in the mirror: %v", err)
	}
	auth.Password = "ghs_bad"
	if err := repo.Fetch(&git.FetchOptions{Auth: auth}); !errors.Is(err, transport.ErrAuthenticationRequired) {
		t.Errorf("wanted authentication required, got %v", err)
	}
}

// A commit that comes by git is nobody's verified commit, and it updates the pull request.
func TestGitPushToAPullRequest(t *testing.T) {
	w := newWorld(t)
	pr := w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	c := w.clone(deploy, w.users["mallory"].Token)
	c.run("checkout", "--quiet", "liftlock/dev/shop")
	c.commit("extra")
	c.run("push", "--quiet", "origin", "HEAD:liftlock/dev/shop")
	got, _, err := w.client(nil).PullRequests.Get(context.Background(), "acme", "deploy", pr.GetNumber())
	w.check(err)
	if got.GetHead().GetSHA() == pr.GetHead().GetSHA() || got.GetCommits() != 2 {
		t.Errorf("the pull request did not follow: %d commits", got.GetCommits())
	}
	if must(w.hub.Verified(deploy, got.GetHead().GetSHA()))(t) {
		t.Error("a pushed commit counts as signed by GitHub")
	}
	c.run("push", "--quiet", "origin", ":liftlock/dev/shop")
	got, _, err = w.client(nil).PullRequests.Get(context.Background(), "acme", "deploy", pr.GetNumber())
	w.check(err)
	if got.GetState() != "closed" || got.GetMerged() {
		t.Errorf("wanted closed unmerged, got %s", got.GetState())
	}
	_, resp, err := w.client(nil).PullRequests.Edit(context.Background(), "acme", "deploy", pr.GetNumber(), &gogithub.PullRequest{State: gogithub.String("open")})
	w.wantStatus(resp, err, 422, "has been deleted")
}
