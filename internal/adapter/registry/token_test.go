package registry

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// ending is a registry whose tokens end, by the world's clock or at once.
type ending struct {
	mu      sync.Mutex
	life    int // seconds; as it says, not as it is
	good    string
	given   int
	refuses bool // whatever the token

	together int // how many refusals are held back until all of them are due
	due      *sync.Cond
}

func (e *ending) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case r.URL.Path == "/token":
		e.given++
		e.good = fmt.Sprint("token", e.given)
		fmt.Fprintf(w, `{"token":%q,"expires_in":%d}`, e.good, e.life)
	case e.refuses && r.URL.Path != "/v2/" || r.Header.Get("Authorization") != "Bearer "+e.good:
		for e.together--; e.together > 0; {
			e.due.Wait()
		}
		e.due.Broadcast()
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token",service="r",scope="repository:other:pull,push"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", evidence.MediaTypeOCIIndex)
		fmt.Fprint(w, emptyIndex())
	}
}

func endingWorld(t *testing.T, life int) (*world, *ending, *network) {
	t.Helper()
	registry := &ending{life: life}
	registry.due = sync.NewCond(&registry.mu)
	requests := &network{hosts: map[string]http.Handler{"registry.example": registry}}
	w := &world{TB: t, at: time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC), repository: remoteRepository(t)}
	w.client = New(Options{Transport: requests, Now: w.now})
	w.client.keychain = keychain{login()}
	return w, registry, requests
}

func (w *world) resolve() error {
	_, err := w.client.Resolve(w.Context(), w.repository, "main")
	return err
}

// A token that ends early costs one refusal and one new token, and the scope stays ours, whatever the registry would like.
func TestTokenEndsEarly(t *testing.T) {
	w, registry, requests := endingWorld(t, 0)
	if err := w.resolve(); err != nil {
		t.Fatal(err)
	}
	requests.took("")
	registry.good = "another"
	if err := w.resolve(); err != nil {
		t.Fatal(err)
	}
	asked := requests.took("")
	if len(asked) != 3 || !strings.HasSuffix(asked[0], "Bearer token1") || !strings.Contains(asked[1], "/token Basic ") || !strings.HasSuffix(asked[2], "Bearer token2") {
		t.Errorf("asked %v", asked)
	}
}

// A token that says when it ends is replaced before, without a refusal.
func TestTokenEndsInTime(t *testing.T) {
	w, registry, requests := endingWorld(t, 400)
	for _, step := range []struct {
		pass time.Duration
		want int
	}{{0, 3}, {299 * time.Second, 1}, {time.Second, 2}, {time.Second, 1}} {
		w.pass(step.pass)
		if err := w.resolve(); err != nil {
			t.Fatal(err)
		}
		if asked := requests.took(""); len(asked) != step.want {
			t.Errorf("after %s: asked %v, want %d", step.pass, asked, step.want)
		}
	}
	registry.life = -1 << 40 // nonsense is as good as nothing
	w.pass(400 * time.Second)
	for range 3 {
		if err := w.resolve(); err != nil {
			t.Fatal(err)
		}
		w.pass(24 * time.Hour)
	}
	if registry.given != 3 {
		t.Errorf("gave %d tokens", registry.given)
	}
}

// Who is refused with a new token is refused.
func TestRefusedWithANewToken(t *testing.T) {
	w, registry, requests := endingWorld(t, 0)
	if err := w.resolve(); err != nil {
		t.Fatal(err)
	}
	requests.took("")
	registry.refuses = true
	wantCode(t, w.resolve(), codeDenied)
	if asked := requests.took(""); len(asked) != 3 {
		t.Errorf("asked %v", asked)
	}
}

// The places are asked together: one ping and one token serve them all, the first time and when the token ends.
func TestOneTokenForAllPlaces(t *testing.T) {
	w, registry, requests := endingWorld(t, 0)
	reference := digest.Reference{Repository: w.repository, Digest: digest.Of(nil)}
	for n := range 3 {
		w.client.Collect(t.Context(), reference)
		asked := requests.took("")
		tokens := slices.DeleteFunc(slices.Clone(asked), func(line string) bool { return !strings.Contains(line, "/token") })
		pings := slices.DeleteFunc(slices.Clone(asked), func(line string) bool { return !strings.Contains(line, "/v2/") || strings.Contains(line, "/acme/") })
		if len(tokens) != 1 || len(pings) != map[bool]int{true: 1}[n == 0] {
			t.Errorf("round %d: %d tokens, %d pings: %v", n, len(tokens), len(pings), asked)
		}
		registry.good, registry.together = "another", collectAtOnce
	}
}

// A token service that answers something else is not quoted: half of a credential is one too.
func TestTokenServiceIsNotQuoted(t *testing.T) {
	for name, body := range map[string]string{"no token": `{"refresh_token":"` + secret + `"}`, "no JSON": secret, "a list": `["` + secret + `"]`, "a number": `{"token":1,"x":"` + secret + `"}`} {
		t.Run(name, func(t *testing.T) {
			registry := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					fmt.Fprint(w, body)
					return
				}
				w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token"`)
				w.WriteHeader(http.StatusUnauthorized)
			})
			_, err := remoteClient(&network{hosts: map[string]http.Handler{"registry.example": registry}}, login()).Resolve(t.Context(), remoteRepository(t), "main")
			wantCode(t, err, codeUnreachable)
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("said %v", err)
			}
		})
	}
}

// counting counts what is read of answers.
type counting struct {
	inner http.RoundTripper
	bytes atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.inner.RoundTrip(r)
	if err == nil {
		response.Body = &countedBody{response.Body, &c.bytes}
	}
	return response, err
}

type countedBody struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}

// endless is an answer that goes on for as long as somebody reads.
type endless struct {
	status int
	header http.Header
	start  string
}

func (e endless) answer(r *http.Request) *http.Response {
	header := e.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	body := io.MultiReader(strings.NewReader(e.start), zeros{})
	return &http.Response{StatusCode: e.status, Header: header, Body: io.NopCloser(body), ContentLength: -1, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	if len(p) > 0 {
		p[0] = ' '
	}
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return len(p), nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A33, A34: neither the ping, nor the token service, nor a refusal, nor a manifest is read for ever.
func TestEndlessAnswers(t *testing.T) {
	bearer := http.Header{"Www-Authenticate": {`Bearer realm="https://registry.example/token"`}}
	for name, test := range map[string]struct {
		at     string
		answer endless
		code   string
		most   int64
	}{
		"ping":            {"/v2/", endless{status: 200}, evidence.CodeManifestTooLarge, maxSmall + evidence.MaxManifest + 4096},
		"ping refusal":    {"/v2/", endless{status: 500}, codeUnreachable, 3 * (maxSmall + 4096)},
		"token":           {"/token", endless{status: 200, start: `{"token":"x"}`}, codeUnreachable, maxSmall + 4096},
		"token refusal":   {"/token", endless{status: 403}, codeDenied, maxSmall + 4096},
		"manifest":        {"/manifests/", endless{status: 200}, evidence.CodeManifestTooLarge, evidence.MaxManifest + 64<<10},
		"refusal":         {"/manifests/", endless{status: 403}, codeDenied, maxDrained + 64<<10},
		"another 401":     {"/manifests/", endless{status: 401}, codeDenied, 2*maxDrained + 64<<10},
		"redirect's body": {"/manifests/", endless{status: 302, header: http.Header{"Location": {"https://169.254.169.254/"}}}, codeRealm, 4096},
	} {
		t.Run(name, func(t *testing.T) {
			way := &counting{inner: roundTrip(func(r *http.Request) (*http.Response, error) {
				exact := r.URL.Path == test.at
				switch {
				case exact || test.at != "/v2/" && strings.Contains(r.URL.Path, test.at):
					return test.answer.answer(r), nil
				case r.URL.Path == "/v2/" && strings.HasPrefix(test.at, "/token"):
					return &http.Response{StatusCode: 401, Header: bearer, Body: http.NoBody, Request: r}, nil
				case r.URL.Path == "/v2/":
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				}
				return endless{status: 200}.answer(r), nil
			})}
			_, err := remoteClient(way, login()).Resolve(t.Context(), remoteRepository(t), "main")
			wantCode(t, err, test.code)
			if read := way.bytes.Load(); read > test.most {
				t.Errorf("read %d bytes, want at most %d", read, test.most)
			}
		})
	}
}

// A35: where a name leads is seen by the transport alone; what it refuses keeps its code, and nothing of the address is said.
func TestTransportRefusesAnAddress(t *testing.T) {
	refuse := roundTrip(func(*http.Request) (*http.Response, error) { return nil, notAllowed("not there") })
	for name, c := range map[string]*Client{
		"registry": remoteClient(refuse, login()),
		"storage": New(Options{Transport: &network{hosts: map[string]http.Handler{"registry.example": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.Header().Set("Location", "https://inside.example/secret")
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		})}}, Away: func(registry string) http.RoundTripper {
			if registry != "registry.example" {
				t.Errorf("away from %q", registry)
			}
			return refuse
		}}),
	} {
		c.keychain = keychain{}
		_, err := c.Resolve(t.Context(), remoteRepository(t), "main")
		wantCode(t, err, codeRealm)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzChallenge: whatever a registry demands, the password goes to the registry's own host or to nobody, encrypted.
func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		`Bearer realm="https://registry.example/token",service="x"`, `Bearer realm="https://evil.example/token"`, `Bearer realm=https://registry.example:444/`,
		`Basic realm="x"`, `Bearer realm="http://registry.example/token"`, `Bearer realm="https://a:b@registry.example/token"`, `bearer`, `Negotiate, Basic realm="x"`,
		`Bearer realm="//registry.example/token"`, `Bearer realm="https://registry.example\evil.example/"`, `Bearer realm="https://registry.example#@evil.example/"`,
		`Bearer realm="https://169.254.169.254/"`, `Bearer realm="https://REGISTRY.example./token"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, challenge string) {
		way := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Scheme != "https" || !sameHost(r.URL, "registry.example") || r.URL.User != nil {
				t.Errorf("asked %s", r.URL.Redacted())
			}
			if authorization := r.Header.Get("Authorization"); authorization != "" && authorization != basicHeader() && authorization != "Bearer t" {
				t.Errorf("sent %q", authorization)
			}
			response := &http.Response{StatusCode: 401, Header: http.Header{"Www-Authenticate": {challenge}}, Body: io.NopCloser(strings.NewReader(`{"token":"t"}`)), Request: r, ContentLength: -1}
			if r.URL.Path != "/v2/" && !strings.Contains(r.URL.Path, "/manifests/") {
				response.StatusCode = 200
			}
			return response, nil
		})
		_, err := remoteClient(way, login()).Resolve(t.Context(), remoteRepository(t), "main")
		var coded interface{ Code() string }
		if !errors.As(err, &coded) || !slices.Contains([]string{codeDenied, codeRealm, codeUnreachable}, coded.Code()) || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzNextPage: whatever a Link header says, what comes of it is a query and nothing else.
func FuzzNextPage(f *testing.F) {
	for _, seed := range []string{
		`</v2/x/tags/list?last=a&n=2>; rel="next"`, `<https://evil.example/?a=b>; rel=next`, `<?a#b>; rel="next"`, `<?>;rel=next,<?x=1>;rel="next"`, `garbage`, `<?a b>; rel=next`, "<?a\x00>; rel=next",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		query, more := nextPage(http.Header{"Link": {link}})
		if more != (query != "") || len(query) > len(link) {
			t.Fatalf("%q: %q, %t", link, query, more)
		}
		if !more {
			return
		}
		u, err := url.Parse("https://registry.example/v2/acme/shop/tags/list?" + query)
		if err != nil {
			return // refused before it is sent
		}
		if u.Host != "registry.example" || u.Path != "/v2/acme/shop/tags/list" || u.User != nil || u.Fragment != "" {
			t.Errorf("%q leads to %s", link, u)
		}
	})
}
