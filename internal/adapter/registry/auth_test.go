package registry

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/images"
)

const secret = "hunter2-is-the-password"

func login() *authn.AuthConfig { return &authn.AuthConfig{Username: "robot", Password: secret} }

func basicHeader() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("robot:"+secret))
}

// guarded is a registry that wants a bearer token from a realm, and the token service.
type guarded struct {
	realm  string
	tokens []string // given out, newest last; only the newest is accepted
	deny   int      // status of the token service
	body   string
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		g.token(w, r)
		return
	}
	if len(g.tokens) == 0 || r.Header.Get("Authorization") != "Bearer "+g.tokens[len(g.tokens)-1] {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="registry",scope="repository:acme/shop:pull"`, g.realm))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.Path != "/v2/" {
		w.Header().Set("Content-Type", evidence.MediaTypeOCIIndex)
		fmt.Fprint(w, g.body)
	}
}

func (g *guarded) token(w http.ResponseWriter, r *http.Request) {
	if g.deny != 0 {
		w.WriteHeader(g.deny)
		fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%q}]}`, "you sent "+secret)
		return
	}
	g.tokens = append(g.tokens, fmt.Sprintf("token%d-%s", len(g.tokens), r.URL.Query().Get("scope")))
	fmt.Fprintf(w, `{"access_token":%q}`, g.tokens[len(g.tokens)-1])
}

func emptyIndex() string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, evidence.MediaTypeOCIIndex)
}

func TestBearerToken(t *testing.T) {
	registry := &guarded{realm: "https://registry.example/token", body: emptyIndex()}
	requests := &network{hosts: map[string]http.Handler{"registry.example": registry}}
	c := remoteClient(requests, login())
	if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET https://registry.example/v2/",
		"GET https://registry.example/token " + basicHeader(),
		"GET https://registry.example/v2/acme/shop/manifests/main Bearer token0-repository:acme/shop:pull",
	}
	if diff := cmp.Diff(want, requests.took("")); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Fatal(err)
	}
	if asked := requests.took(""); len(asked) != 1 {
		t.Errorf("polled by %v", asked)
	}
	registry.tokens = append(registry.tokens, "the one that the client has is no longer good")
	if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Errorf("with an expired token: %v", err)
	}
}

func TestRegistryTokenIsNotExchanged(t *testing.T) {
	registry := &guarded{realm: "https://registry.example/token", body: emptyIndex(), tokens: []string{secret}}
	requests := &network{hosts: map[string]http.Handler{"registry.example": registry}}
	if _, err := remoteClient(requests, &authn.AuthConfig{RegistryToken: secret}).Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Fatal(err)
	}
	if asked := requests.took("/token"); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestBasicLogin(t *testing.T) {
	registry := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != basicHeader() {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", evidence.MediaTypeOCIIndex)
		fmt.Fprint(w, emptyIndex())
	})
	requests := &network{hosts: map[string]http.Handler{"registry.example": registry}}
	c := remoteClient(requests, login())
	if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Fatal(err)
	}
	c = remoteClient(requests, nil)
	_, err := c.Resolve(t.Context(), remoteRepository(t), "main")
	wantCode(t, err, codeDenied)
	// Credentials that are configured later are taken up without a restart.
	c.keychain = keychain{login()}
	if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Errorf("with new credentials: %v", err)
	}
}

func TestRefusalNamesCredentialsAndKeepsTheSecret(t *testing.T) {
	for status, config := range map[int]*authn.AuthConfig{401: login(), 403: nil} {
		registry := &guarded{realm: "https://registry.example/token", deny: status}
		_, err := remoteClient(&network{hosts: map[string]http.Handler{"registry.example": registry}}, config).Resolve(t.Context(), remoteRepository(t), "main")
		wantCode(t, err, codeDenied)
		tried := "anonymous"
		if config != nil {
			tried = `user "robot"`
		}
		if text := fmt.Sprint(err); strings.Contains(text, secret) || !strings.Contains(text, tried) || !strings.Contains(text, "registry.example") {
			t.Errorf("said %s", text)
		}
		var retryable interface{ Retryable() (time.Duration, bool) }
		if errors.As(err, &retryable) {
			if _, ok := retryable.Retryable(); ok {
				t.Error("a refusal heals by itself")
			}
		}
	}
}

// A35: the registry chooses neither where the password goes nor what is asked for it.
func TestRealmOnAnotherHost(t *testing.T) {
	for _, realm := range []string{
		"https://evil.example/token", "https://registry.example.evil.example/token", "http://registry.example/token", "https://registry.example:8443/token",
		"https://169.254.169.254/latest/meta-data", "http://127.0.0.1:8080/token", "ftp://registry.example/token", "", "https://registry.example@evil.example/token",
	} {
		t.Run(realm, func(t *testing.T) {
			everybody := &guarded{realm: realm, body: emptyIndex()}
			requests := &network{hosts: map[string]http.Handler{"registry.example": everybody, "evil.example": everybody, "169.254.169.254": everybody, "127.0.0.1:8080": everybody}}
			c := remoteClient(requests, login())
			_, err := c.Resolve(t.Context(), remoteRepository(t), "main")
			wantCode(t, err, codeRealm)
			if asked := requests.took(""); len(asked) != 1 || strings.Contains(asked[0], "Basic") {
				t.Errorf("asked %v", asked)
			}
			everybody.realm = "https://registry.example/token" // a lie does not outlast the liar
			if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRealmThatIsAllowed(t *testing.T) {
	registry := &guarded{realm: "https://login.example/token", body: emptyIndex()}
	requests := &network{hosts: map[string]http.Handler{"registry.example": registry, "login.example": registry}}
	c := remoteClient(requests, login())
	c.realms = map[string][]string{"registry.example": {"login.example"}}
	if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Fatal(err)
	}
	for registry, realm := range map[string]string{"index.docker.io": "https://auth.docker.io/token", "ghcr.io": "https://ghcr.io/token", "registry.gitlab.com": "https://gitlab.com/jwt/auth"} {
		if _, err := c.checkRealm(registry, realm); err != nil {
			t.Errorf("%s: %v", registry, err)
		}
	}
}

// A35: a token service that redirects is not followed with the password.
func TestTokenServiceRedirects(t *testing.T) {
	registry := http.NewServeMux()
	registry.HandleFunc("/v2/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	registry.Handle("/token", http.RedirectHandler("https://evil.example/token", http.StatusTemporaryRedirect))
	for name, config := range map[string]*authn.AuthConfig{"password": login(), "identity token": {IdentityToken: secret}} {
		requests := &network{hosts: map[string]http.Handler{"registry.example": registry, "evil.example": registry}}
		_, err := remoteClient(requests, config).Resolve(t.Context(), remoteRepository(t), "main")
		wantCode(t, err, codeRealm)
		if asked := requests.took("evil.example"); len(asked) != 0 {
			t.Errorf("%s: asked %v", name, asked)
		}
	}
}

// A35: redirects to storage are followed without credentials, and not to places that the registry may not choose.
func TestRedirects(t *testing.T) {
	tests := map[string]struct {
		to, code string
	}{
		"storage":          {"https://cdn.example/blob?signature=" + secret, ""},
		"same host":        {"/v2/elsewhere", ""},
		"metadata":         {"https://169.254.169.254/latest", codeRealm},
		"private":          {"https://10.1.2.3/blob", codeRealm},
		"this machine":     {"http://127.0.0.1:8080/", codeRealm},
		"localhost":        {"https://localhost/", codeRealm},
		"mapped loopback":  {"https://[::ffff:127.0.0.1]/", codeRealm},
		"credentials":      {"https://user:word@cdn.example/blob", codeRealm},
		"without TLS":      {"http://cdn.example/blob", codeRealm},
		"another protocol": {"file:///etc/passwd", codeRealm},
		"nowhere":          {"", codeUnreachable},
		"in circles":       {"https://registry.example/v2/acme/shop/manifests/main", codeUnreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			registry := &guarded{realm: "https://registry.example/token"}
			front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/manifests/main") {
					registry.body = emptyIndex()
					registry.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Location", test.to)
				w.WriteHeader(http.StatusTemporaryRedirect)
			})
			storage := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", evidence.MediaTypeOCIIndex)
				fmt.Fprint(w, emptyIndex())
			})
			hosts := map[string]http.Handler{"registry.example": front}
			for _, host := range []string{"cdn.example", "169.254.169.254", "10.1.2.3", "127.0.0.1:8080", "localhost", "[::ffff:127.0.0.1]"} {
				hosts[host] = storage
			}
			requests := &network{hosts: hosts}
			_, err := remoteClient(requests, login()).Resolve(t.Context(), remoteRepository(t), "main")
			if test.code != "" {
				wantCode(t, err, test.code)
			} else if err != nil {
				t.Error(err)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("said the signed query: %v", err)
			}
			for _, asked := range requests.took("") {
				if away := !strings.Contains(asked, "//registry.example/"); away && (strings.Contains(asked, "Bearer") || strings.Contains(asked, "Basic") || test.code != "") {
					t.Errorf("asked %s", asked)
				}
			}
		})
	}
}

func TestPlainHTTPOnlyToThisMachine(t *testing.T) {
	open := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", evidence.MediaTypeOCIIndex)
		fmt.Fprint(w, emptyIndex())
	})
	for host, want := range map[string]bool{"localhost:5000": true, "127.0.0.1:5000": true, "[::1]:5000": true, "10.1.2.3:5000": false, "registry.local": false, "192.168.1.1": false} {
		requests := &network{hosts: map[string]http.Handler{host: open}}
		plain := plainOnly{requests}
		repository, err := digest.ParseRepository(host + "/acme/shop")
		if err != nil {
			t.Fatal(err)
		}
		_, err = remoteClient(plain, login()).Resolve(t.Context(), repository, "main")
		if (err == nil) != want {
			t.Errorf("%s: %v", host, err)
		}
		if asked := requests.took(""); (len(asked) != 0) != want {
			t.Errorf("%s: asked %v", host, asked)
		}
	}
}

// plainOnly refuses TLS, as a registry without a certificate does.
type plainOnly struct{ inner http.RoundTripper }

func (p plainOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return nil, errors.New("no TLS here")
	}
	return p.inner.RoundTrip(r)
}

func TestSameHost(t *testing.T) {
	tests := []struct {
		url, host string
		want      bool
	}{
		{"https://a.example/x", "a.example", true}, {"https://A.example:443/x", "a.example", true}, {"https://a.example/x", "a.example:443", true},
		{"http://a.example/x", "a.example:443", false}, {"https://a.example:8443/", "a.example", false}, {"https://b.example/", "a.example", false},
		{"https://[::1]:5000/", "[::1]:5000", true}, {"https://[::1]/", "[::1]", true}, {"https://a.example.evil/", "a.example", false},
	}
	for _, test := range tests {
		u, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if sameHost(u, test.host) != test.want {
			t.Errorf("%s and %s: got %t", test.url, test.host, !test.want)
		}
	}
}

// A33: what may heal is tried again, a few times, as the registry asks; what takes longer is left to the caller.
func TestRetries(t *testing.T) {
	tests := map[string]struct {
		fault images.Fault
		slept []time.Duration
		heals bool
		after time.Duration
		code  string
	}{
		"once":            {fault: images.Fault{Status: 503, Times: 1}, slept: []time.Duration{firstWait}},
		"twice":           {fault: images.Fault{Status: 502, Times: 2}, slept: []time.Duration{firstWait, 2 * firstWait}},
		"always":          {images.Fault{Status: 500}, []time.Duration{firstWait, 2 * firstWait}, true, 0, codeUnreachable},
		"a second":        {fault: images.Fault{Status: 429, RetryAfter: "1", Times: 1}, slept: []time.Duration{time.Second}},
		"an hour":         {images.Fault{Status: 429, RetryAfter: "600"}, nil, true, 10 * time.Minute, codeUnreachable},
		"a year":          {images.Fault{Status: 429, RetryAfter: "31536000"}, nil, true, maxRetryAfter, codeUnreachable},
		"until a date":    {images.Fault{Status: 503, RetryAfter: "Fri, 02 Jan 2026 15:05:00 GMT"}, nil, true, 5 * time.Minute, codeUnreachable},
		"in the past":     {images.Fault{Status: 503, RetryAfter: "-7"}, []time.Duration{firstWait, 2 * firstWait}, true, 0, codeUnreachable},
		"not retried":     {images.Fault{Status: 400}, nil, false, 0, codeUnreachable},
		"forbidden":       {images.Fault{Status: 403}, nil, false, 0, codeDenied},
		"not implemented": {images.Fault{Status: 501}, nil, false, 0, codeUnreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, images.Options{})
			w.push("1", "main")
			test.fault.Path = "/manifests/"
			w.registry.Break(test.fault)
			_, err := w.client.Resolve(t.Context(), w.repository, "main")
			if !slices.Equal(w.slept, test.slept) {
				t.Errorf("slept %v, want %v", w.slept, test.slept)
			}
			if test.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, test.code)
			var retryable interface{ Retryable() (time.Duration, bool) }
			if !errors.As(err, &retryable) {
				t.Fatalf("says nothing about retrying: %v", err)
			}
			if after, ok := retryable.Retryable(); ok != test.heals || after != test.after {
				t.Errorf("retryable %t after %s", ok, after)
			}
		})
	}
}

func TestRegistryIsDown(t *testing.T) {
	_, err := remoteClient(&network{}, nil).Resolve(t.Context(), remoteRepository(t), "main")
	wantCode(t, err, codeUnreachable)
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("a registry that is down says that a tag is missing")
	}
	if text := fmt.Sprint(err); !strings.Contains(text, "registry.example") {
		t.Errorf("said %s", text)
	}
}

// A registry without /v2/ says nothing about a tag.
func TestPingNotFoundIsNoAbsence(t *testing.T) {
	requests := &network{hosts: map[string]http.Handler{"registry.example": http.NotFoundHandler()}}
	_, err := remoteClient(requests, nil).Resolve(t.Context(), remoteRepository(t), "main")
	wantCode(t, err, codeUnreachable)
	if errors.Is(err, fs.ErrNotExist) {
		t.Error("a missing endpoint was taken for a missing tag")
	}
}

func TestContentEncodingIsRefused(t *testing.T) {
	registry := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("accepts %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
	})
	_, err := remoteClient(&network{hosts: map[string]http.Handler{"registry.example": registry}}, nil).Resolve(t.Context(), remoteRepository(t), "main")
	wantCode(t, err, codeUnsupported)
}

func TestCacheForgetsTheOldest(t *testing.T) {
	c := newCache(400)
	key := func(n int) digest.Reference {
		return digest.Reference{Repository: remoteRepository(t), Digest: digest.Of(fmt.Append(nil, n))}
	}
	for n := range 4 {
		c.put(cached{key: key(n), body: make([]byte, 100)})
	}
	if _, ok := c.get(key(0)); !ok {
		t.Fatal("lost the first while there was room")
	}
	c.put(cached{key: key(4), body: make([]byte, 100)})
	c.put(cached{key: key(5), body: make([]byte, 101)})
	for n, want := range []bool{true, false, true, true, true, false} {
		if _, ok := c.get(key(n)); ok != want {
			t.Errorf("entry %d: got %t", n, ok)
		}
	}
	if other := (digest.Reference{Repository: digest.Repository{}, Digest: key(0).Digest}); c.size != 400 {
		t.Errorf("size %d", c.size)
	} else if _, ok := c.get(other); ok {
		t.Error("another repository's content was given out")
	}
}
