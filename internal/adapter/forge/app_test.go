package forge

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

func TestTokenIsNarrowedToRepositoryAndPermissions(t *testing.T) { // A73
	f := newFake(t)
	token, err := f.repository().Token(t.Context())
	if err != nil || token != "ghs_token1" {
		t.Fatalf("got %q, %v", token, err)
	}
	want := `{"repositories":["deploy"],"permissions":{"checks":"write","contents":"write","metadata":"read","members":"read","pull_requests":"write"}}`
	if got := strings.TrimSpace(f.last("POST /api/v3/app/installations/7/access_tokens").body); got != want {
		t.Errorf("asked for %s\nwant      %s", got, want)
	}
}

func TestMembersAreAskedForOnlyWhereGranted(t *testing.T) {
	f := newFake(t)
	f.answers("GET /repos/acme/deploy/installation", 200, map[string]any{"id": 7, "permissions": map[string]string{"contents": "write"}})
	if _, err := f.repository().Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := f.last("POST ").body; strings.Contains(body, "members") {
		t.Errorf("asked for %s", body)
	}
}

func TestTokenIsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	for _, step := range []struct {
		pass time.Duration
		want string
	}{{0, "ghs_token1"}, {54 * time.Minute, "ghs_token1"}, {2 * time.Minute, "ghs_token2"}, {24 * time.Hour, "ghs_token3"}} {
		f.pass(step.pass)
		if got, err := r.Token(t.Context()); err != nil || got != step.want {
			t.Errorf("after %v: got %q, %v, want %q", step.pass, got, err, step.want)
		}
	}
}

func TestTokenThatWasRevokedIsReplaced(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	f.answers("GET /repos/acme/deploy/pulls", 401, map[string]string{"message": "Bad credentials"})
	_, err := r.OpenPullRequests(t.Context())
	wantRetry(t, err, time.Second)
	f.answers("GET /repos/acme/deploy/pulls", 200, []any{})
	if _, err := r.OpenPullRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.last("GET /api/v3/repos/acme/deploy/pulls").auth; got != "Bearer ghs_token2" {
		t.Errorf("asked with %q", got)
	}
}

func TestAppSignsByTheInjectedClock(t *testing.T) {
	f := newFake(t)
	f.pass(365 * 24 * time.Hour)
	a := f.app()
	if _, err := a.Repository(t.Context(), "acme/deploy"); err != nil {
		t.Fatal(err)
	}
	raw := strings.TrimPrefix(f.last("GET /api/v3/repos/acme/deploy/installation").auth, "Bearer ")
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithValidMethods([]string{"RS256"}))
	if _, err := parser.ParseWithClaims(raw, &claims, func(*jwt.Token) (any, error) { return any((*rsa.PublicKey)(&a.key.PublicKey)), nil }); err != nil {
		t.Fatal(err)
	}
	if issued := claims.IssuedAt.Sub(f.now()); issued > 0 || issued < -time.Minute {
		t.Errorf("issued %v from now", issued)
	}
	if ends := claims.ExpiresAt.Sub(f.now()); ends <= 0 || ends > 10*time.Minute {
		t.Errorf("ends %v from now", ends)
	}
	if claims.Issuer != "99" {
		t.Errorf("issuer %q", claims.Issuer)
	}
}

func TestRepositoriesOfAllInstallations(t *testing.T) {
	f := newFake(t)
	f.on("GET /app/installations", func(r *http.Request, _ []byte) (int, any) {
		if r.URL.Query().Get("page") == "2" {
			return 200, []any{map[string]any{"id": 8}, map[string]any{"id": 9, "suspended_at": "2026-01-01T00:00:00Z"}}
		}
		f.header.Set("Link", fmt.Sprintf(`<%s/api/v3/app/installations?page=2>; rel="next"`, f.URL))
		return 200, []any{map[string]any{"id": 7}}
	})
	f.on("POST /app/installations/8/access_tokens", func(*http.Request, []byte) (int, any) {
		return 201, map[string]any{"token": "ghs_eight", "expires_at": f.clock.Add(time.Hour).Format(time.RFC3339)}
	})
	f.on("GET /installation/repositories", func(r *http.Request, _ []byte) (int, any) {
		f.header.Del("Link")
		if r.Header.Get("Authorization") == "Bearer ghs_eight" {
			return 200, map[string]any{"repositories": []any{map[string]any{"full_name": "zeta/one"}, map[string]any{"full_name": "zeta/old", "archived": true}}}
		}
		return 200, map[string]any{"repositories": []any{map[string]any{"full_name": "acme/two"}, map[string]any{"full_name": "acme/deploy"}}}
	})
	f.on("POST /app/installations/7/access_tokens", func(_ *http.Request, body []byte) (int, any) {
		f.header.Del("Link")
		if got := strings.TrimSpace(string(body)); got != `{"permissions":{"metadata":"read"}}` {
			t.Errorf("asked for %s", got)
		}
		return 201, map[string]any{"token": "ghs_seven", "expires_at": f.clock.Add(time.Hour).Format(time.RFC3339)}
	})
	got, err := f.app().Repositories(t.Context())
	if want := []string{"acme/deploy", "acme/two", "zeta/one"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestRepositoryThatIsNotInstalled(t *testing.T) { // A71
	_, err := newFake(t).app().Repository(t.Context(), "other/repo")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestRepositoryNamesThatWouldBePaths(t *testing.T) {
	f := newFake(t)
	for _, name := range []string{"", "acme", "acme/", "/deploy", "acme/..", "acme/.", "../x", "acme/a/b", "acme/a?x", "acme/a b", "acme/a%2f"} {
		if _, err := f.app().Repository(t.Context(), name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %v, want it refused", name, err)
		}
	}
	if len(f.requests) > 0 {
		t.Errorf("asked %v", f.requests)
	}
}

func TestInstallationThatWasRemovedAndAddedAnew(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	if _, err := r.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.answers("GET /repos/acme/deploy/installation", 404, "")
	f.pass(time.Hour)
	if _, err := r.Token(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("removed: got %v", err)
	}
	f.answers("GET /repos/acme/deploy/installation", 200, map[string]any{"id": 8}) // and members is not granted any more
	f.on("POST /app/installations/8/access_tokens", func(_ *http.Request, body []byte) (int, any) {
		if strings.Contains(string(body), "members") {
			return 422, ""
		}
		return 201, map[string]any{"token": "ghs_eight", "expires_at": f.clock.Add(time.Hour).Format(time.RFC3339)}
	})
	if got, err := r.Token(t.Context()); err != nil || got != "ghs_eight" {
		t.Errorf("added anew: got %q, %v", got, err)
	}
}

func TestDefaultBranchCostsNoRequest(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	if got, err := r.DefaultBranch(t.Context()); err != nil || got != "trunk" {
		t.Errorf("got %q, %v", got, err)
	}
	if lines := f.lines(); len(lines) > 0 {
		t.Errorf("asked %v", lines)
	}
}

func TestDefaultBranchIsAskedWhereTheTokenDoesNotSay(t *testing.T) {
	f := newFake(t)
	f.on("POST /app/installations/7/access_tokens", func(*http.Request, []byte) (int, any) {
		return 201, map[string]any{"token": "ghs_x", "expires_at": f.clock.Add(time.Hour).Format(time.RFC3339)}
	})
	f.answers("GET /repos/acme/deploy", 200, map[string]any{"name": "deploy", "node_id": "R_1", "default_branch": "main"})
	if got, err := f.repository().DefaultBranch(t.Context()); err != nil || got != "main" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ api, graph, clone string }{
		{"", "https://api.github.com/graphql", "https://github.com/acme/deploy.git"},
		{"https://api.github.com/", "https://api.github.com/graphql", "https://github.com/acme/deploy.git"},
		{"https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql", "https://acme.ghe.com/acme/deploy.git"},
		{"https://git.acme.com/api/v3", "https://git.acme.com/api/graphql", "https://git.acme.com/acme/deploy.git"},
		{"http://127.0.0.1:8080/api/v3/", "http://127.0.0.1:8080/api/graphql", "http://127.0.0.1:8080/acme/deploy.git"},
	} {
		u, err := parseAPI(c.api)
		if err != nil {
			t.Errorf("%q: %v", c.api, err)
			continue
		}
		if got := graphQL(u); got != c.graph {
			t.Errorf("%q: GraphQL at %q, want %q", c.api, got, c.graph)
		}
		if got := cloneBase(u) + "acme/deploy.git"; got != c.clone {
			t.Errorf("%q: clone from %q, want %q", c.api, got, c.clone)
		}
	}
	for _, bad := range []string{"api.github.com", "ftp://x/", "https://user:pass@api.github.com", "https://x/?a=b", "https://", "::"} {
		if _, err := parseAPI(bad); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: got %v, want a refusal that quotes nothing", bad, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{AppID: 1, PrivateKey: testKey()}
	if _, err := NewApp(good); err != nil {
		t.Errorf("got %v", err)
	}
	noID, noKey := good, good
	noID.AppID = 0
	noKey.PrivateKey = []byte("-----BEGIN RSA PRIVATE KEY-----\nsecret\n-----END RSA PRIVATE KEY-----\n")
	for _, o := range []Options{noID, noKey} {
		if _, err := NewApp(o); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want a refusal that quotes nothing", err)
		}
	}
}

// TestManifestAndTokensAgree holds the permissions that tokens ask for to those that the App is registered with.
func TestManifestAndTokensAgree(t *testing.T) {
	granted := needed(nil)
	full := needed(granted)
	members := "read"
	granted.Members = &members
	for _, c := range []struct {
		name string
		with map[use]bool
		got  any
	}{
		{"without members", map[use]bool{always: true}, full},
		{"with members", map[use]bool{always: true, ifGranted: true}, needed(granted)},
	} {
		want := map[string]string{}
		for _, p := range permissions() {
			if c.with[p.use] {
				want[p.name] = p.level
			}
		}
		raw, err := json.Marshal(c.got)
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if raw, err = json.Marshal(got); err != nil || string(raw) != string(wanted) {
			t.Errorf("%s: tokens ask for %s, the manifest has %s (%v)", c.name, raw, wanted, err)
		}
	}
}
