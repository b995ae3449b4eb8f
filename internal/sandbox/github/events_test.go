package github_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// receiver takes webhooks and keeps those whose signature is right.
type receiver struct {
	mu     sync.Mutex
	secret string
	seen   []string // event.action
	guids  []string
	bodies [][]byte
	status int
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(r.secret))
	mac.Write(body)
	if err != nil || req.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) || req.Header.Get("X-Hub-Signature") != "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var payload struct{ Action string }
	if json.Unmarshal(body, &payload) == nil {
		r.seen = append(r.seen, strings.TrimSuffix(req.Header.Get("X-GitHub-Event")+"."+payload.Action, "."))
	}
	r.guids = append(r.guids, req.Header.Get("X-GitHub-Delivery"))
	r.bodies = append(r.bodies, body)
	w.WriteHeader(r.status)
}

func (r *receiver) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

func (w *world) listen() *receiver {
	r := &receiver{secret: w.app.WebhookSecret, status: http.StatusAccepted}
	server := httptest.NewServer(r)
	w.Cleanup(server.Close)
	w.check(w.hub.SetWebhookURL(w.app.ID, server.URL+"/webhook"))
	return r
}

func (w *world) delivered() { w.check(w.hub.WaitDeliveries(context.Background())) }

func TestEventsInOrder(t *testing.T) {
	w := newWorld(t)
	w.protect()
	r := w.listen()
	step := func(want ...string) {
		t.Helper()
		w.delivered()
		if got := r.take(); !slices.Equal(got, want) {
			t.Errorf("wanted %q, got %q", want, got)
		}
	}
	ctx, c := context.Background(), w.client(nil)
	pr := w.propose("liftlock/production/shop", prod, lines("production", 41))
	step("push", "pull_request.opened")
	w.succeed(pr.GetHead().GetSHA())
	step("check_run.created", "check_run.completed")
	_, _, err := c.PullRequests.Edit(ctx, "acme", "deploy", 1, &gogithub.PullRequest{Title: gogithub.String("other")})
	w.check(err)
	_, _, err = c.PullRequests.Edit(ctx, "acme", "deploy", 1, &gogithub.PullRequest{Title: gogithub.String("other")})
	w.check(err)
	step("pull_request.edited")
	w.check(w.hub.Approve("olga", deploy, 1))
	step("pull_request_review.submitted")
	must(w.hub.Push(github.Push{User: "mallory", Repository: deploy, Branch: "liftlock/production/shop", Message: "sneak", Files: text("x", "y")}))(t)
	step("push", "pull_request.synchronize", "pull_request_review.dismissed")
	head := must(w.hub.BranchHead(deploy, "liftlock/production/shop"))(t)
	w.succeed(head)
	step("check_run.created", "check_run.completed")
	w.check(w.hub.RerequestCheck("mallory", deploy, head, "liftlock"))
	step("check_run.rerequested")
	w.check(w.hub.ClosePull("owen", deploy, 1))
	w.check(w.hub.ReopenPull("owen", deploy, 1))
	step("pull_request.closed", "pull_request.reopened")
	w.check(w.hub.Comment("rita", deploy, 1, "hello"))
	step("issue_comment.created")
	w.check(w.hub.Approve("owen", deploy, 1))
	w.check(w.hub.Merge("owen", deploy, 1))
	step("pull_request_review.submitted", "pull_request.closed", "push")
	w.check(w.hub.PackagePublished(github.Package{Repository: deploy, Name: "checkout", Tag: "v1", Digest: "sha256:" + strings.Repeat("a", 64)}))
	step("registry_package.published")
	gitClone := w.clone(ledger, w.token())
	gitClone.commit("one")
	gitClone.run("push", "--quiet", "origin", "HEAD:main")
	step("push")
}

func TestPayloads(t *testing.T) {
	w := newWorld(t)
	r := w.listen()
	w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	w.check(w.hub.Approve("olga", deploy, 1))
	digest := "sha256:" + strings.Repeat("a", 64)
	w.check(w.hub.PackagePublished(github.Package{Repository: deploy, Name: "checkout", Tag: "v1", Digest: digest, MediaType: "m"}))
	w.delivered()
	var push gogithub.PushEvent
	w.check(json.Unmarshal(r.bodies[0], &push))
	if push.GetRef() != "refs/heads/liftlock/dev/shop" || !push.GetCreated() || push.GetInstallation().GetID() != w.app.InstallationID ||
		push.GetRepo().GetFullName() != deploy || push.GetHeadCommit().GetID() != push.GetAfter() || !slices.Equal(push.HeadCommit.Modified, []string{dev}) {
		t.Errorf("got push %+v", push)
	}
	var opened gogithub.PullRequestEvent
	w.check(json.Unmarshal(r.bodies[1], &opened))
	if opened.GetNumber() != 1 || opened.GetPullRequest().GetHead().GetSHA() != push.GetAfter() || opened.GetSender().GetType() != "Bot" {
		t.Errorf("got pull_request %+v", opened)
	}
	var review gogithub.PullRequestReviewEvent
	w.check(json.Unmarshal(r.bodies[2], &review))
	if review.GetReview().GetState() != "approved" || review.GetReview().GetCommitID() != push.GetAfter() {
		t.Errorf("got review %+v", review)
	}
	var published struct {
		Package struct {
			Version struct {
				Version   string
				Container struct {
					Tag      struct{ Name, Digest string }
					Manifest struct{ Digest string }
				} `json:"container_metadata"`
			} `json:"package_version"`
		} `json:"registry_package"`
	}
	w.check(json.Unmarshal(r.bodies[3], &published))
	v := published.Package.Version
	if v.Version != digest || v.Container.Tag.Name != "v1" || v.Container.Manifest.Digest != digest {
		t.Errorf("got package %+v", v)
	}
}

// GitHub does not try again by itself; a redelivery keeps GUID and bytes.
func TestRedelivery(t *testing.T) {
	w := newWorld(t)
	r := w.listen()
	r.status = http.StatusInternalServerError
	w.check(w.hub.PackagePublished(github.Package{Repository: deploy, Name: "checkout", Digest: "sha256:0"}))
	w.delivered()
	ctx, c := context.Background(), w.appClient()
	list, _, err := c.Apps.ListHookDeliveries(ctx, nil)
	w.check(err)
	if len(list) != 1 || list[0].GetStatusCode() != 500 || list[0].GetRedelivery() || list[0].GetGUID() != r.guids[0] {
		t.Fatalf("got deliveries %+v", list)
	}
	if _, _, err := c.Apps.RedeliverHookDelivery(ctx, list[0].GetID()); err != nil && !strings.Contains(err.Error(), "scheduled") {
		t.Fatal(err)
	}
	w.delivered()
	if len(r.guids) != 2 || r.guids[0] != r.guids[1] || string(r.bodies[0]) != string(r.bodies[1]) {
		t.Errorf("got GUIDs %q", r.guids)
	}
	one, _, err := c.Apps.GetHookDelivery(ctx, list[0].GetID())
	w.check(err)
	if one.GetEvent() != "registry_package" || one.Request == nil {
		t.Errorf("got delivery %+v", one)
	}
	page, resp, err := c.Apps.ListHookDeliveries(ctx, &gogithub.ListCursorOptions{PerPage: 1})
	w.check(err)
	if len(page) != 1 || resp.Cursor == "" || !page[0].GetRedelivery() {
		t.Errorf("wanted the redelivery first and a cursor, got %+v", resp)
	}
	page, _, err = c.Apps.ListHookDeliveries(ctx, &gogithub.ListCursorOptions{PerPage: 1, Cursor: resp.Cursor})
	w.check(err)
	if len(page) != 1 || page[0].GetRedelivery() {
		t.Error("wanted the first delivery on the second page")
	}
	config, _, err := c.Apps.GetHookConfig(ctx)
	w.check(err)
	if config.GetSecret() == w.app.WebhookSecret {
		t.Error("the secret is readable")
	}
	if got := len(w.hub.Deliveries()); got != 2 {
		t.Errorf("wanted 2 deliveries, got %d", got)
	}
}

// The demo moves a tag at the moment the tree is posted: the observer runs before the answer, and may use the server.
func TestObserverSeesTheTreeBeforeTheClientDoes(t *testing.T) {
	var hub *github.Server
	var moved string
	w := newWorld(t, func(o *github.Options) {
		o.Observe = func(e github.Exchange) {
			if e.Operation == "git/create-tree" && e.Status == 201 && moved == "" {
				head, err := hub.Push(github.Push{User: "mallory", Repository: deploy, Branch: "moved", Message: "now", Files: text("x", "y")})
				if err == nil {
					moved = head
				}
			}
		}
	})
	hub = w.hub
	w.commitBranch(w.client(nil), "one", dev, lines("dev", 41))
	if moved == "" || moved != must(w.hub.BranchHead(deploy, "moved"))(t) {
		t.Error("the observer did not see the tree being posted")
	}
}

func TestExchangesHoldNoCredentials(t *testing.T) {
	w := newWorld(t)
	w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	for _, e := range w.hub.Exchanges() {
		if strings.Contains(e.URL+string(e.RequestBody), "ghs_") || e.Operation == "" || e.TokenKind == "" {
			t.Errorf("got exchange %s %s %q %q", e.Method, e.URL, e.Operation, e.TokenKind)
		}
	}
}
