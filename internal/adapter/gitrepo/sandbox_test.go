package gitrepo

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// hub is the sandbox's GitHub with a ledger branch that only the App may append to.
type hub struct {
	*testing.T
	*github.Server
	app github.App
	url string
	key *rsa.PrivateKey
}

func newHub(t *testing.T) *hub {
	t.Helper()
	server, err := github.New(github.Options{Dir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{T: t, Server: server}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	h.url = listener.URL
	h.must(server.AddOrganisation("acme"))
	_, err = server.AddUser("rita", "rita")
	h.must(err)
	h.must(server.CreateRepository(github.RepositoryOptions{Name: "acme/deploy", Roles: map[string]string{"rita": "write"}, Files: map[string]string{"a": "a\n"}}))
	h.app, err = server.InstallApp(github.AppOptions{Slug: "liftlock", Owner: "acme", Permissions: map[string]string{"contents": "write"}})
	h.must(err)
	h.key, err = jwt.ParseRSAPrivateKeyFromPEM(h.app.PrivateKeyPEM)
	h.must(err)
	h.must(server.SetRulesets("acme/deploy",
		github.Ruleset{Name: "append only", Branches: []string{"liftlock-ledger"}, NonFastForward: true, Deletion: true},
		github.Ruleset{Name: "the App alone", Branches: []string{"liftlock-ledger"}, Update: true, Creation: true, Bypass: []string{"liftlock"}}))
	return h
}

func (h *hub) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// token exchanges the App's JWT for an installation token with the given permission on contents.
func (h *hub) token(level string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		claims := jwt.RegisteredClaims{Issuer: fmt.Sprint(h.app.ID), IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Minute))}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(h.key)
		if err != nil {
			return "", err
		}
		body := strings.NewReader(`{"repositories":["deploy"],"permissions":{"contents":"` + level + `"}}`)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/api/v3/app/installations/%d/access_tokens", h.url, h.app.InstallationID), body)
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+signed)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		var answer struct{ Token string }
		return answer.Token, errors.Join(json.NewDecoder(resp.Body).Decode(&answer), resp.Body.Close(), wanted(&answer.Token))
	}
}

func wanted(s *string) error {
	if *s == "" {
		return errors.New("no token")
	}
	return nil
}

func (h *hub) mirror(level string) *Mirror {
	h.Helper()
	token, err := h.token(level)(h.Context())
	h.must(err)
	m, err := Open(h.TempDir(), Remote{URL: h.url + "/acme/deploy.git", Token: func(context.Context) (string, error) { return token, nil }})
	h.must(err)
	return m
}

func TestSandboxLedger(t *testing.T) {
	h := newHub(t)
	m := h.mirror("write")
	one, err := m.Append(t.Context(), "liftlock-ledger", "", map[string][]byte{"ledger/2026/1.json": []byte("{}\n")}, "Adopt\n", noon)
	h.must(err)
	two, err := m.Append(t.Context(), "liftlock-ledger", one, map[string][]byte{"ledger/2026/2.json": []byte("{}\n")}, "Decide\n", noon)
	h.must(err)
	if head, err := h.BranchHead("acme/deploy", "liftlock-ledger"); err != nil || head != two {
		t.Errorf("ledger is at %q, %v", head, err)
	}
	dir, err := h.Directory("acme/deploy")
	h.must(err)
	run(t, dir, "git", "fsck", "--strict", "--no-dangling")

	other := h.mirror("write")
	fetch(t, other, "refs/heads/liftlock-ledger", "refs/heads/main")
	if n := len(whole(t, other, two)); n != 2 {
		t.Errorf("%d entries", n)
	}
	_, err = other.Append(t.Context(), "liftlock-ledger", one, map[string][]byte{"x": nil}, "Fork\n", noon)
	wantConflict(t, err)
}

func TestSandboxReadOnlyTokenMayNotAppend(t *testing.T) {
	h := newHub(t)
	m := h.mirror("read")
	fetch(t, m, "refs/heads/main")
	if _, err := m.Append(t.Context(), "liftlock-ledger", "", map[string][]byte{"x": nil}, "m", noon); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if head, err := h.BranchHead("acme/deploy", "liftlock-ledger"); err != nil || head != "" {
		t.Errorf("ledger is at %q, %v", head, err)
	}
}

func TestSandboxPullRequestHeadOfAFork(t *testing.T) {
	h := newHub(t)
	content := "from a fork\n"
	number, err := h.HumanPullRequest(github.HumanPull{Push: github.Push{User: "rita", Repository: "acme/deploy", Branch: "mine",
		Files: map[string]*string{"b": &content}, Message: "m"}, Title: "t", Fork: true})
	h.must(err)
	m := h.mirror("read")
	ref := fmt.Sprintf("refs/pull/%d/head", number)
	refs, err := m.Advertise(t.Context())
	h.must(err)
	if refs[ref] == "" || refs["refs/heads/mine"] != "" {
		t.Errorf("advertised %v", refs)
	}
	fetch(t, m, ref, "refs/heads/main")
	if got := whole(t, m, refs[ref])["b"]; got != content {
		t.Errorf("got %q", got)
	}
	changed, err := m.Changed(t.Context(), refs["refs/heads/main"], refs[ref])
	if err != nil || len(changed) != 1 || changed[0] != "b" {
		t.Errorf("got %v, %v", changed, err)
	}
}

func TestSandboxUnknownToken(t *testing.T) {
	h := newHub(t)
	m, err := Open(t.TempDir(), Remote{URL: h.url + "/acme/deploy.git", Token: func(context.Context) (string, error) { return "ghs_wrong", nil }})
	h.must(err)
	if _, err := m.Advertise(t.Context()); !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "ghs_") {
		t.Errorf("got %v", err)
	}
}
