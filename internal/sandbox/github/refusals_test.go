package github_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

func readOnly() *gogithub.InstallationTokenOptions {
	return &gogithub.InstallationTokenOptions{Repositories: []string{"deploy"}, Permissions: &gogithub.InstallationPermissions{Contents: gogithub.String("read")}}
}

func TestWrongTokenScopeIsForbidden(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(readOnly())
	if _, _, err := c.Git.GetRef(ctx, "acme", "deploy", "heads/main"); err != nil {
		t.Fatal(err)
	}
	_, resp, err := c.Git.CreateBlob(ctx, "acme", "deploy", &gogithub.Blob{Content: gogithub.String("x"), Encoding: gogithub.String("utf-8")})
	w.wantStatus(resp, err, 403, "Resource not accessible by integration")
	_, resp, err = c.PullRequests.List(ctx, "acme", "deploy", nil)
	w.wantStatus(resp, err, 403, "Resource not accessible by integration")
	_, resp, err = c.Checks.CreateCheckRun(ctx, "acme", "deploy", gogithub.CreateCheckRunOptions{Name: "x", HeadSHA: "y"})
	w.wantStatus(resp, err, 403, "Resource not accessible by integration")
	if got := resp.Header.Get("X-Accepted-Github-Permissions"); got != "checks=write" {
		t.Errorf("wanted the missing permission in the header, got %q", got)
	}
	_, resp, err = c.Teams.ListTeamMembersBySlug(ctx, "acme", "prod", nil)
	w.wantStatus(resp, err, 403, "Resource not accessible by integration")
}

// A73: a token for one repository is worth nothing on another.
func TestTokenOfOneRepositoryOnAnother(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	for _, name := range []string{"ledger", "other", "missing"} {
		_, resp, err := w.client(readOnly()).Repositories.Get(ctx, "acme", name)
		w.wantStatus(resp, err, 404, "Not Found")
	}
	_, resp, err := w.client(nil).Repositories.Get(ctx, "acme", "other")
	w.wantStatus(resp, err, 404, "Not Found")
	_, resp, err = w.appClient().Apps.CreateInstallationToken(ctx, w.app.InstallationID, &gogithub.InstallationTokenOptions{Repositories: []string{"other"}})
	w.wantStatus(resp, err, 422, "not accessible to the parent installation")
	_, resp, err = w.appClient().Apps.CreateInstallationToken(ctx, w.app.InstallationID, &gogithub.InstallationTokenOptions{
		Permissions: &gogithub.InstallationPermissions{Administration: gogithub.String("write")}})
	w.wantStatus(resp, err, 422, "permissions requested are not granted")
}

func TestMissingCheckOrApprovalBlocksTheMerge(t *testing.T) {
	w := newWorld(t)
	w.protect()
	ctx, c := context.Background(), w.client(nil)
	pr := w.propose("liftlock/production/shop", prod, lines("production", 41))
	merge := func() (*gogithub.Response, error) {
		_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", pr.GetNumber(), "", nil)
		return resp, err
	}
	resp, err := merge()
	w.wantStatus(resp, err, 405, `Required status check "liftlock" is expected.`)
	// A79: a writer's status of the same name is not the App's.
	_, _, err = w.userClient("mallory").Repositories.CreateStatus(ctx, "acme", "deploy", pr.GetHead().GetSHA(),
		&gogithub.RepoStatus{Context: gogithub.String("liftlock"), State: gogithub.String("success")})
	w.check(err)
	resp, err = merge()
	w.wantStatus(resp, err, 405, `Required status check "liftlock" is expected.`)
	own := w.app
	w.app = must(w.hub.InstallApp(github.AppOptions{Slug: "rival", Owner: "acme", Key: testKey(t), Permissions: map[string]string{"checks": "write"}}))(t)
	w.succeed(pr.GetHead().GetSHA())
	w.app = own
	resp, err = merge()
	w.wantStatus(resp, err, 405, `Required status check "liftlock" is expected.`)
	w.succeed(pr.GetHead().GetSHA())
	resp, err = merge()
	w.wantStatus(resp, err, 405, "Waiting on code owner review from acme/prod.")
	// A reviewer without ownership, and one without write access, do not help.
	w.check(w.hub.Approve("mallory", deploy, pr.GetNumber()))
	w.check(w.hub.Approve("rita", deploy, pr.GetNumber()))
	resp, err = merge()
	w.wantStatus(resp, err, 405, "Waiting on code owner review from acme/prod.")
	w.check(w.hub.Review("owen", deploy, pr.GetNumber(), "REQUEST_CHANGES", "why?"))
	w.check(w.hub.Approve("olga", deploy, pr.GetNumber()))
	resp, err = merge()
	w.wantStatus(resp, err, 405, "requested changes")
	w.check(w.hub.Approve("owen", deploy, pr.GetNumber()))
	if _, err := merge(); err != nil {
		t.Error(err)
	}
}

func TestFailingCheckBlocksTheMerge(t *testing.T) {
	w := newWorld(t)
	w.protect()
	ctx, c := context.Background(), w.client(nil)
	pr := w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	run, _, err := c.Checks.CreateCheckRun(ctx, "acme", "deploy", gogithub.CreateCheckRunOptions{Name: "liftlock", HeadSHA: pr.GetHead().GetSHA(),
		Status: gogithub.String("in_progress"), ExternalID: gogithub.String("x")})
	w.check(err)
	_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", nil)
	w.wantStatus(resp, err, 405, "is in progress")
	_, _, err = c.Checks.UpdateCheckRun(ctx, "acme", "deploy", run.GetID(), gogithub.UpdateCheckRunOptions{Name: "liftlock", Conclusion: gogithub.String("failure")})
	w.check(err)
	_, resp, err = c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", nil)
	w.wantStatus(resp, err, 405, "is failing")
	w.succeed(pr.GetHead().GetSHA())
	_, _, err = c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", nil)
	w.check(err)
}

// A89: the head changed between decision and merge.
func TestStaleHeadIsAConflict(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	pr := w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	must(w.hub.Push(github.Push{User: "mallory", Repository: deploy, Branch: "liftlock/dev/shop", Message: "sneak", Files: text("x", "y")}))(t)
	_, resp, err := c.PullRequests.Merge(ctx, "acme", "deploy", 1, "", &gogithub.PullRequestOptions{SHA: pr.GetHead().GetSHA()})
	w.wantStatus(resp, err, 409, "Head branch was modified")
}

func text(path, content string) map[string]*string { return map[string]*string{path: &content} }

func TestPullRequestsThatGitHubDoesNotOpen(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	open := func(title, head, base, body string) (*gogithub.Response, error) {
		_, resp, err := c.PullRequests.Create(ctx, "acme", "deploy", &gogithub.NewPullRequest{Title: &title, Head: &head, Base: &base, Body: &body})
		return resp, err
	}
	resp, err := open("again", "liftlock/dev/shop", "main", "")
	w.wantStatus(resp, err, 422, "A pull request already exists for acme:liftlock/dev/shop.")
	resp, err = open("again", "acme:liftlock/dev/shop", "main", "")
	w.wantStatus(resp, err, 422, "A pull request already exists")
	resp, err = open("none", "nothing", "main", "")
	w.wantStatus(resp, err, 422, "head")
	resp, err = open("none", "liftlock/dev/shop", "nothing", "")
	w.wantStatus(resp, err, 422, "base")
	resp, err = open("", "liftlock/dev/shop", "main", "")
	w.wantStatus(resp, err, 422, "missing_field")
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	_, _, err = c.Git.CreateRef(ctx, "acme", "deploy", &gogithub.Reference{Ref: gogithub.String("refs/heads/same"), Object: &gogithub.GitObject{SHA: &main}})
	w.check(err)
	resp, err = open("empty", "same", "main", "")
	w.wantStatus(resp, err, 422, "No commits between main and same")
	w.commitBranch(c, "long", dev, lines("dev", 42))
	resp, err = open("long", "long", "main", strings.Repeat("é", 65537))
	w.wantStatus(resp, err, 422, "body is too long (maximum is 65536 characters)")
	if _, err = open("long", "long", "main", strings.Repeat("é", 65536)); err != nil {
		t.Error(err)
	}
}

// A87: nobody approves an own pull request, neither a person nor the App.
func TestSelfApprovalIsRefused(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	approve := &gogithub.PullRequestReviewRequest{Event: gogithub.String("APPROVE")}
	_, resp, err := w.client(nil).PullRequests.CreateReview(ctx, "acme", "deploy", 1, approve)
	w.wantStatus(resp, err, 422, "Can not approve your own pull request")
	number := must(w.hub.HumanPullRequest(github.HumanPull{Push: github.Push{User: "olga", Repository: deploy, Branch: "fix", Message: "Fix", Files: text("f", "f")}, Title: "Fix"}))(t)
	_, resp, err = w.userClient("olga").PullRequests.CreateReview(ctx, "acme", "deploy", number, approve)
	w.wantStatus(resp, err, 422, "Can not approve your own pull request")
	var refused *github.Error
	if err := w.hub.Approve("olga", deploy, number); !errors.As(err, &refused) || refused.Status != 422 {
		t.Errorf("wanted 422, got %v", err)
	}
	_, _, err = w.userClient("owen").PullRequests.CreateReview(ctx, "acme", "deploy", number, approve)
	w.check(err)
}

// An owner who wrote the change does not own-approve it, and the App's approval is no code owner's.
func TestAppReviewIsNoCodeOwnerReview(t *testing.T) {
	w := newWorld(t)
	w.check(w.hub.SetRulesets(deploy, github.Ruleset{Name: "main", Branches: []string{"main"}, PullRequest: &github.PullRequestRule{CodeOwners: true, Approvals: 1}}))
	number := must(w.hub.HumanPullRequest(github.HumanPull{Push: github.Push{User: "olga", Repository: deploy, Branch: "fix", Message: "Fix", Files: text(prod, "f")}, Title: "Fix"}))(t)
	_, _, err := w.client(nil).PullRequests.CreateReview(context.Background(), "acme", "deploy", number, &gogithub.PullRequestReviewRequest{Event: gogithub.String("APPROVE")})
	w.check(err)
	if err := w.hub.Merge("owen", deploy, number); err == nil || !strings.Contains(err.Error(), "Waiting on code owner review from acme/prod.") {
		t.Errorf("wanted the code owner to be missing, got %v", err)
	}
}

func TestBadAppTokens(t *testing.T) {
	w := newWorld(t)
	key := testKey(t)
	stranger := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	now := time.Now()
	claims := func(app any, from, to time.Duration) jwt.MapClaims {
		return jwt.MapClaims{"iss": app, "iat": now.Add(from).Unix(), "exp": now.Add(to).Unix()}
	}
	sign := func(method jwt.SigningMethod, with any, c jwt.MapClaims) string {
		return must(jwt.NewWithClaims(method, c).SignedString(with))(t)
	}
	minute := time.Minute
	for name, test := range map[string]struct {
		token string
		want  int
	}{
		"good":              {sign(jwt.SigningMethodRS256, key, claims(w.app.ID, 0, 9*minute)), 200},
		"another key":       {sign(jwt.SigningMethodRS256, stranger, claims(w.app.ID, 0, 9*minute)), 401},
		"no signature":      {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(w.app.ID, 0, 9*minute)), 401},
		"hmac":              {sign(jwt.SigningMethodHS256, []byte("x"), claims(w.app.ID, 0, 9*minute)), 401},
		"expired":           {sign(jwt.SigningMethodRS256, key, claims(w.app.ID, -20*minute, -minute)), 401},
		"too long":          {sign(jwt.SigningMethodRS256, key, claims(w.app.ID, 0, 11*minute)), 401},
		"from the future":   {sign(jwt.SigningMethodRS256, key, claims(w.app.ID, 5*minute, 9*minute)), 401},
		"unknown app":       {sign(jwt.SigningMethodRS256, key, claims(4711, 0, 9*minute)), 404},
		"no expiry":         {sign(jwt.SigningMethodRS256, key, jwt.MapClaims{"iss": w.app.ID, "iat": now.Unix()}), 401},
		"garbage":           {"eyJ.x", 401},
		"unknown token":     {"ghs_0000", 401},
		"installation's id": {sign(jwt.SigningMethodRS256, key, claims("x", 0, 9*minute)), 401},
	} {
		t.Run(name, func(t *testing.T) {
			req := must(http.NewRequest(http.MethodGet, w.url+"/api/v3/app", nil))(t)
			req.Header.Set("Authorization", "Bearer "+test.token)
			resp := must(http.DefaultClient.Do(req))(t)
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			if resp.StatusCode != test.want {
				t.Errorf("wanted %d, got %d", test.want, resp.StatusCode)
			}
		})
	}
}

func TestExpiredInstallationToken(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(o *github.Options) { o.AuthNow = func() time.Time { return now } })
	itr := w.transport()
	secret := must(itr.Token(context.Background()))(t)
	c := must(gogithub.NewClient(nil).WithAuthToken(secret).WithEnterpriseURLs(w.url, w.url))(t)
	_, _, err := c.Repositories.Get(context.Background(), "acme", "deploy")
	w.check(err)
	now = now.Add(time.Hour)
	_, resp, err := c.Repositories.Get(context.Background(), "acme", "deploy")
	w.wantStatus(resp, err, 401, "Bad credentials")
	var broken *ghinstallation.HTTPError
	if errors.As(err, &broken) {
		t.Error("the plain token went through ghinstallation")
	}
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, func(o *github.Options) { o.Record = false })
	ctx, c := context.Background(), w.userClient("olga")
	var resp *gogithub.Response
	var err error
	for range 5001 {
		if _, resp, err = c.Organizations.List(ctx, "", nil); resp == nil || resp.Rate.Remaining == 0 {
			break
		}
	}
	w.wantStatus(resp, err, 404, "Not Found")
	if resp.Rate.Remaining != 0 {
		t.Fatalf("%d requests remain", resp.Rate.Remaining)
	}
	var limited *gogithub.RateLimitError
	if _, _, err = c.Repositories.Get(ctx, "acme", "deploy"); !errors.As(err, &limited) {
		t.Errorf("wanted a rate limit error, got %v", err)
	}
}
