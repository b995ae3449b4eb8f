package github_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
	"github.com/liftlock/liftlock/internal/sandbox/openapi"
)

const (
	deploy = "acme/deploy"
	ledger = "acme/ledger"
	other  = "acme/other"
	dev    = "overlays/dev/kustomization.yaml"
	prod   = "overlays/production/kustomization.yaml"
)

// world is a GitHub with an organisation, people, two repositories and an installed App.
type world struct {
	*testing.T
	hub   *github.Server
	app   github.App
	users map[string]github.User
	url   string
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// sharedKey saves each test a key generation.
var sharedKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func testKey(t testing.TB) *rsa.PrivateKey { return must(sharedKey())(t) }

func newWorld(t *testing.T, configure ...func(*github.Options)) *world {
	t.Helper()
	o := github.Options{Dir: t.TempDir(), Now: time.Now, Record: true}
	for _, c := range configure {
		c(&o)
	}
	w := &world{T: t, hub: must(github.New(o))(t), users: map[string]github.User{}}
	server := httptest.NewServer(w.hub)
	t.Cleanup(server.Close)
	w.url = server.URL
	t.Cleanup(func() {
		if exchanges := w.hub.Exchanges(); len(exchanges) > 0 {
			openapi.Check(t, exchanges)
		}
	})
	w.hub.SetBaseURL(server.URL)
	w.check(w.hub.AddOrganisation("acme"))
	for _, login := range []string{"olga", "owen", "mallory", "rita"} {
		w.users[login] = must(w.hub.AddUser(login, strings.ToUpper(login[:1])+login[1:]))(t)
	}
	w.check(w.hub.AddTeam("acme", "prod", "olga", "owen"))
	roles := map[string]string{"acme/prod": "write", "mallory": "write", "rita": "read"}
	w.check(w.hub.CreateRepository(github.RepositoryOptions{Name: deploy, Roles: roles, Files: map[string]string{
		"README.md":          "deployments\n",
		".github/CODEOWNERS": "* @nobody\n[broken] @acme/prod\noverlays/production/ @acme/prod\noverlays/dev/\nREADME.md\n",
		dev:                  lines("dev", 40),
		prod:                 lines("production", 40),
	}}))
	w.check(w.hub.CreateRepository(github.RepositoryOptions{Name: ledger, Roles: roles, Files: map[string]string{"a": "a\n"}}))
	w.check(w.hub.CreateRepository(github.RepositoryOptions{Name: other, Files: map[string]string{"a": "a\n"}}))
	w.app = must(w.hub.InstallApp(github.AppOptions{Slug: "liftlock", Owner: "acme", Repositories: []string{deploy, ledger}, Key: testKey(t),
		Permissions: map[string]string{"contents": "write", "pull_requests": "write", "checks": "write", "statuses": "write", "members": "read", "issues": "write"},
		Events:      []string{"push", "pull_request", "pull_request_review", "check_run", "registry_package", "issue_comment", "issues"}}))(t)
	return w
}

// protect sets the rules of a serious deployments repository.
func (w *world) protect() {
	w.check(w.hub.SetRulesets(deploy, github.Ruleset{Name: "main", Branches: []string{"main"}, NonFastForward: true, Deletion: true,
		Checks:      []github.RequiredCheck{{Context: "liftlock", App: w.app.ID}},
		PullRequest: &github.PullRequestRule{CodeOwners: true, DismissStale: true, LastPushApproval: false}}))
}

func lines(name string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(name + " line " + string(rune('a'+i%26)) + strings.Repeat("x", i) + "\n")
	}
	return b.String()
}

// transport is the App's own, as the bot builds it.
func (w *world) transport() *ghinstallation.Transport {
	itr := must(ghinstallation.New(http.DefaultTransport, w.app.ID, w.app.InstallationID, w.app.PrivateKeyPEM))(w)
	itr.BaseURL = w.url + "/api/v3"
	return itr
}

// client acts for the installation, narrowed where options are given.
func (w *world) client(o *gogithub.InstallationTokenOptions) *gogithub.Client {
	itr := w.transport()
	itr.InstallationTokenOptions = o
	return must(gogithub.NewClient(&http.Client{Transport: itr}).WithEnterpriseURLs(w.url, w.url))(w)
}

func (w *world) userClient(login string) *gogithub.Client {
	return must(gogithub.NewClient(nil).WithAuthToken(w.users[login].Token).WithEnterpriseURLs(w.url, w.url))(w)
}

func (w *world) appClient() *gogithub.Client {
	atr := must(ghinstallation.NewAppsTransport(http.DefaultTransport, w.app.ID, w.app.PrivateKeyPEM))(w)
	atr.BaseURL = w.url + "/api/v3"
	return must(gogithub.NewClient(&http.Client{Transport: atr}).WithEnterpriseURLs(w.url, w.url))(w)
}

// propose makes a branch with one commit of the App and opens a pull request, as the bot does.
func (w *world) propose(branch, path, content string) *gogithub.PullRequest {
	w.Helper()
	ctx, c := context.Background(), w.client(nil)
	w.commitBranch(c, branch, path, content)
	pr, _, err := c.PullRequests.Create(ctx, "acme", "deploy", &gogithub.NewPullRequest{Title: gogithub.String("promote " + branch), Head: &branch,
		Base: gogithub.String("main"), Body: gogithub.String("# Promotion\n")})
	w.check(err)
	return pr
}

func (w *world) commitBranch(c *gogithub.Client, branch, path, content string) *gogithub.Commit {
	w.Helper()
	ctx := context.Background()
	base, _, err := c.Git.GetRef(ctx, "acme", "deploy", "heads/main")
	w.check(err)
	parent, _, err := c.Git.GetCommit(ctx, "acme", "deploy", base.Object.GetSHA())
	w.check(err)
	tree, _, err := c.Git.CreateTree(ctx, "acme", "deploy", parent.Tree.GetSHA(), []*gogithub.TreeEntry{{Path: &path, Mode: gogithub.String("100644"),
		Type: gogithub.String("blob"), Content: &content}})
	w.check(err)
	commit, _, err := c.Git.CreateCommit(ctx, "acme", "deploy", &gogithub.Commit{Message: gogithub.String("Promote\n\nX-Trailer: 1\n"), Tree: tree,
		Parents: []*gogithub.Commit{{SHA: parent.SHA}}}, nil)
	w.check(err)
	_, _, err = c.Git.CreateRef(ctx, "acme", "deploy", &gogithub.Reference{Ref: gogithub.String("refs/heads/" + branch), Object: &gogithub.GitObject{SHA: commit.SHA}})
	w.check(err)
	return commit
}

func (w *world) succeed(head string) {
	w.Helper()
	_, _, err := w.client(nil).Checks.CreateCheckRun(context.Background(), "acme", "deploy", gogithub.CreateCheckRunOptions{Name: "liftlock", HeadSHA: head,
		Status: gogithub.String("completed"), Conclusion: gogithub.String("success"),
		Output: &gogithub.CheckRunOutput{Title: gogithub.String("May be promoted"), Summary: gogithub.String("all gates passed")}})
	w.check(err)
}

// wantStatus checks that a call was refused with a status and a message.
func (w *world) wantStatus(resp *gogithub.Response, err error, status int, message string) {
	w.Helper()
	if err == nil {
		w.Fatalf("wanted %d %q, got no error", status, message)
	}
	if resp == nil || resp.StatusCode != status || !strings.Contains(err.Error(), message) {
		w.Fatalf("wanted %d %q, got %v", status, message, err)
	}
}
