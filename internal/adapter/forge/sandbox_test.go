package forge

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/promotion"
	"github.com/liftlock/liftlock/internal/sandbox/github"
	"github.com/liftlock/liftlock/internal/sandbox/openapi"
)

// world is the sandbox's GitHub with one repository to promote in and one that is nobody's business. Every exchange is validated against
// GitHub's published description where LIFTLOCK_OPENAPI names it.
type world struct {
	*testing.T
	hub      *github.Server
	app      github.App
	url      string
	mu       sync.Mutex
	requests []string
	at       time.Time
}

var sandboxKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

const overlay = "overlays/production/kustomization.yaml"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, at: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)} // no machine's clock: the forge's is what counts
	hub, err := github.New(github.Options{Dir: t.TempDir(), Now: w.now, Record: true})
	w.must(err)
	w.hub = hub
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r.Method+" "+r.URL.Path)
		w.mu.Unlock()
		hub.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		// The description of this one listing wants each account to be a user and an enterprise at once, which no answer can be.
		openapi.Check(t, slices.DeleteFunc(hub.Exchanges(), func(e github.Exchange) bool { return e.Operation == "apps/list-installations" }))
	})
	w.url = server.URL
	hub.SetBaseURL(server.URL)
	w.must(hub.AddOrganisation("acme"))
	for _, login := range []string{"olga", "rita"} {
		_, err := hub.AddUser(login, login)
		w.must(err)
	}
	w.must(hub.AddTeam("acme", "prod", "olga"))
	w.must(hub.CreateRepository(github.RepositoryOptions{Name: "acme/deploy", Roles: map[string]string{"acme/prod": "write", "rita": "write"}, Files: map[string]string{
		".github/CODEOWNERS": "/overlays/production/ @acme/prod\n", overlay: "images:\n- name: a\n  digest: old\n", "README.md": "x\n"}}))
	w.must(hub.CreateRepository(github.RepositoryOptions{Name: "acme/secret", Files: map[string]string{"a": "a\n"}}))
	key, err := sandboxKey()
	w.must(err)
	granted := map[string]string{}
	for _, p := range permissions() {
		granted[p.name] = p.level
	}
	w.app, err = hub.InstallApp(github.AppOptions{Slug: "liftlock", Owner: "acme", Repositories: []string{"acme/deploy"}, Key: key, Permissions: granted})
	w.must(err)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) repository() *Repository {
	w.Helper()
	a, err := NewApp(Options{APIURL: w.url + "/api/v3/", AppID: w.app.ID, PrivateKey: w.app.PrivateKeyPEM, Now: w.now})
	w.must(err)
	r, err := a.Repository(w.Context(), "acme/deploy")
	w.must(err)
	return r
}

func (w *world) head(branch string) string {
	w.Helper()
	head, err := w.hub.BranchHead("acme/deploy", branch)
	w.must(err)
	return head
}

// propose does what a new proposal needs, in the bot's order.
func (w *world) propose(r *Repository, content string) promotion.PullRequest {
	w.Helper()
	commit, err := r.CreateCommit(w.Context(), promotion.Commit{ID: w.head("main")}, []promotion.FileEdit{{Path: overlay, Content: []byte(content)}}, "Promote a\n\nLiftlock-Image: a\n")
	w.must(err)
	if !commit.Verified {
		w.Error("the commit is not verified")
	}
	w.must(r.MoveBranch(w.Context(), "liftlock/production/a", w.head("liftlock/production/a"), commit.ID))
	p, err := r.OpenPullRequest(w.Context(), promotion.NewPullRequest{Title: "Promote a", Body: "evidence", HeadRef: "liftlock/production/a", BaseRef: "main"})
	w.must(err)
	w.must(r.PutCheck(w.Context(), promotion.CheckRun{Head: commit.ID, Status: "in_progress", Title: "waiting", Summary: "for olga", ExternalID: "1"}))
	return p
}

func (w *world) protect() {
	w.must(w.hub.SetRulesets("acme/deploy", github.Ruleset{Name: "main", Branches: []string{"main"}, NonFastForward: true, Deletion: true,
		Checks:      []github.RequiredCheck{{Context: checkName, App: w.app.ID}},
		PullRequest: &github.PullRequestRule{CodeOwners: true, DismissStale: true}}))
}

func TestSandboxProposalToMerge(t *testing.T) {
	w := newWorld(t)
	w.protect()
	r := w.repository()
	if open, err := r.OpenPullRequests(t.Context()); err != nil || len(open) > 0 {
		t.Fatalf("got %v, %v", open, err)
	}
	p := w.propose(r, "images:\n- name: a\n  digest: new\n")
	writes := 0
	w.mu.Lock()
	for _, line := range w.requests {
		if !strings.HasPrefix(line, "GET ") && !strings.HasSuffix(line, "/access_tokens") {
			writes++
		}
	}
	if writes > 5 || len(w.requests) > 9 { // 7, and 2 to get in for the first time
		t.Errorf("%d writes of %d requests: %q", writes, len(w.requests), w.requests)
	}
	w.mu.Unlock()
	want := promotion.PullRequest{Number: p.Number, Title: "Promote a", Body: "evidence", HeadRef: "liftlock/production/a", HeadCommit: w.head("liftlock/production/a"),
		BaseRef: "main", SameRepository: true, Author: promotion.User{ID: w.app.BotID, Login: w.app.BotLogin, Bot: true}, Open: true}
	listed, err := r.OpenPullRequests(t.Context())
	if diff := cmp.Diff([]promotion.PullRequest{want}, listed); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	commit, err := r.Commit(t.Context(), p.HeadCommit)
	if err != nil || !commit.Verified || commit.Author.ID != w.app.BotID {
		t.Errorf("got %+v, %v", commit, err)
	}

	_, err = r.Merge(t.Context(), p.Number, p.HeadCommit, "Promote a", "")
	var e *Error
	if !errors.As(err, &e) || e.Status() != http.StatusMethodNotAllowed {
		t.Errorf("merging without check and review: got %v, want 405", err)
	}
	w.must(w.hub.Approve("olga", "acme/deploy", p.Number))
	reviews, err := r.Reviews(t.Context(), p.Number)
	if err != nil || len(reviews) != 1 || reviews[0].State != "approved" || reviews[0].Commit != p.HeadCommit || reviews[0].User.Login != "olga" {
		t.Errorf("got %+v, %v", reviews, err)
	}
	members, err := r.TeamMembers(t.Context(), "acme", "prod")
	if err != nil || len(members) != 1 || members[0].ID != reviews[0].User.ID {
		t.Errorf("got %+v, %v", members, err)
	}
	w.must(r.PutCheck(t.Context(), promotion.CheckRun{Head: p.HeadCommit, Status: "completed", Conclusion: "success", Title: "PASSED", Summary: "s", ExternalID: "2"}))
	if _, err := r.Merge(t.Context(), p.Number, headA, "Promote a", ""); !errors.As(err, &e) || !e.Conflict() {
		t.Errorf("merging another head: got %v, want a conflict", err)
	}
	merged, err := r.Merge(t.Context(), p.Number, p.HeadCommit, "Promote a", "Liftlock-Entry: 3")
	w.must(err)
	if merged != w.head("main") {
		t.Errorf("merged as %s, main is at %s", merged, w.head("main"))
	}
	now, err := r.PullRequest(t.Context(), p.Number)
	if err != nil || !now.Merged || now.Open || now.MergeCommit != merged {
		t.Errorf("got %+v, %v", now, err)
	}
	w.must(r.MoveBranch(t.Context(), "liftlock/production/a", p.HeadCommit, ""))
	if w.head("liftlock/production/a") != "" {
		t.Error("the branch is still there")
	}
}

func TestSandboxRewriteAndStranger(t *testing.T) {
	w := newWorld(t)
	r := w.repository()
	p := w.propose(r, "one\n")
	commit, err := r.CreateCommit(t.Context(), promotion.Commit{ID: w.head("main")}, []promotion.FileEdit{{Path: overlay, Content: []byte("two\n")}}, "Promote a again\n")
	w.must(err)
	w.must(r.MoveBranch(t.Context(), p.HeadRef, p.HeadCommit, commit.ID)) // not a fast-forward
	w.must(r.EditPullRequest(t.Context(), p.Number, "Promote a again", "other evidence"))
	now, err := r.PullRequest(t.Context(), p.Number)
	if err != nil || now.HeadCommit != commit.ID || now.Title != "Promote a again" || now.Body != "other evidence" {
		t.Errorf("got %+v, %v", now, err)
	}
	content := "stranger\n"
	stranger, err := w.hub.Push(github.Push{User: "rita", Repository: "acme/deploy", Branch: p.HeadRef, Files: map[string]*string{overlay: &content}, Message: "sneak"})
	w.must(err)
	err = r.MoveBranch(t.Context(), p.HeadRef, commit.ID, p.HeadCommit)
	var e *Error
	if !errors.As(err, &e) || !e.Conflict() || w.head(p.HeadRef) != stranger {
		t.Errorf("got %v, branch at %s: want a conflict, and the stranger's commit left", err, w.head(p.HeadRef))
	}
	found, err := r.Commit(t.Context(), stranger)
	if err != nil || found.Verified || found.Author.Login != "rita" {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := r.OpenPullRequest(t.Context(), promotion.NewPullRequest{Title: "T", HeadRef: p.HeadRef, BaseRef: "main"}); !errors.As(err, &e) || !e.Conflict() {
		t.Errorf("a second pull request of the same branch: got %v, want a conflict", err)
	}
}

func TestSandboxWhoClosed(t *testing.T) {
	w := newWorld(t)
	r := w.repository()
	p := w.propose(r, "one\n")
	w.must(w.hub.ClosePull("olga", "acme/deploy", p.Number))
	closed, err := r.PullRequest(t.Context(), p.Number)
	if err != nil || closed.Open || closed.Merged || closed.ClosedBy.Login != "olga" || closed.ClosedBy.Bot {
		t.Errorf("got %+v, %v", closed, err)
	}
	again := w.propose(r, "two\n")
	w.must(r.ClosePullRequest(t.Context(), again.Number, "superseded"))
	closed, err = r.PullRequest(t.Context(), again.Number)
	if err != nil || closed.ClosedBy.ID != w.app.BotID || !closed.ClosedBy.Bot {
		t.Errorf("got %+v, %v", closed, err)
	}
	pulls, err := w.hub.PullRequests("acme/deploy")
	w.must(err)
	if got := pulls[again.Number-1].Comments; len(got) != 1 || got[0] != "superseded" {
		t.Errorf("comments %q", got)
	}
}

func TestSandboxChecksSurviveARestart(t *testing.T) {
	w := newWorld(t)
	number, err := w.hub.HumanPullRequest(github.HumanPull{Push: github.Push{User: "rita", Repository: "acme/deploy", Branch: "mine",
		Files: map[string]*string{"README.md": new(string)}, Message: "m"}, Title: "t"})
	w.must(err)
	p, err := w.repository().PullRequest(t.Context(), number)
	w.must(err)
	check := promotion.CheckRun{Head: p.HeadCommit, Status: "in_progress", Title: "t", Summary: "s", ExternalID: "1"}
	for _, step := range []struct{ status, conclusion string }{{"in_progress", ""}, {"in_progress", ""}, {"completed", "failure"}, {"completed", "success"}, {"in_progress", ""}} {
		check.Status, check.Conclusion = step.status, step.conclusion
		w.must(w.repository().PutCheck(t.Context(), check)) // a new App each time
		runs, err := w.hub.CheckRuns("acme/deploy", p.HeadCommit)
		if err != nil || len(runs) != 1 || runs[0].Status != step.status || runs[0].Conclusion != step.conclusion || runs[0].App != w.app.ID {
			t.Errorf("after %v: %+v, %v", step, runs, err)
		}
	}
}

func TestSandboxRules(t *testing.T) { // A79
	w := newWorld(t)
	w.protect()
	w.must(w.hub.SetRulesets("acme/deploy",
		github.Ruleset{Name: "main", Branches: []string{"main", "env/prod"}, NonFastForward: true, Deletion: true, Update: true,
			Checks: []github.RequiredCheck{{Context: checkName, App: w.app.ID}}, StrictChecks: true, PullRequest: &github.PullRequestRule{Approvals: 1, CodeOwners: true, DismissStale: true}},
		github.Ruleset{Name: "more", Branches: []string{"env/prod"}, Deletion: true, Bypass: []string{"liftlock"}}))
	want := promotion.BranchRules{PullRequest: true, Approvals: 1, CodeOwnerReview: true, DismissStale: true, UpToDate: true, NoForce: true, NoDeletion: true,
		Checks: []promotion.RequiredCheck{{Name: checkName, App: w.app.ID}}, Bypass: "never", Other: []string{"update"}}
	r := w.repository()
	got, err := r.Rules(t.Context(), "main")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	want.Bypass = "always"
	got, err = r.Rules(t.Context(), "env/prod")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := r.Rules(t.Context(), "free"); err != nil || got.PullRequest || got.Bypass != "never" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestSandboxTokenReachesOneRepository (A73): what the App may do elsewhere, this token may not.
func TestSandboxTokenReachesOneRepository(t *testing.T) {
	w := newWorld(t)
	r := w.repository()
	if _, err := r.app.Repository(t.Context(), "acme/secret"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking for a repository without the App: got %v", err)
	}
	token, err := r.Token(t.Context())
	w.must(err)
	for path, want := range map[string]int{"/api/v3/repos/acme/deploy": 200, "/api/v3/repos/acme/secret": 404} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		w.must(err)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		w.must(err)
		w.must(resp.Body.Close())
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, want)
		}
	}
	names, err := r.app.Repositories(t.Context())
	if diff := cmp.Diff([]string{"acme/deploy"}, names); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if r.CloneURL() != w.url+"/acme/deploy.git" {
		t.Errorf("clone from %s", r.CloneURL())
	}
	if branch, err := r.DefaultBranch(t.Context()); err != nil || branch != "main" {
		t.Errorf("got %q, %v", branch, err)
	}
}

// TestSandboxMonths lets tokens end many times by the forge's clock, which is not the machine's.
func TestSandboxMonths(t *testing.T) {
	w := newWorld(t)
	r := w.repository()
	for range 20 {
		w.mu.Lock()
		w.at = w.at.Add(40 * time.Hour)
		w.mu.Unlock()
		if _, err := r.OpenPullRequests(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSandboxBranchRulesBindTheApp(t *testing.T) {
	w := newWorld(t)
	w.protect()
	r := w.repository()
	commit, err := r.CreateCommit(t.Context(), promotion.Commit{ID: w.head("main")}, []promotion.FileEdit{{Path: overlay, Content: []byte("x\n")}}, "m")
	w.must(err)
	before := w.head("main")
	err = r.MoveBranch(t.Context(), "main", before, commit.ID)
	var e *Error
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &e) || e.Conflict() || w.head("main") != before {
		t.Errorf("pushing past a pull request: got %v", err)
	}
}
