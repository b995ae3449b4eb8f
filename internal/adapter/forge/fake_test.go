package forge

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake answers as the forge would, one function for each "METHOD /path", and keeps what it was asked.
type fake struct {
	*httptest.Server
	t        testing.TB
	key      []byte
	mu       sync.Mutex
	clock    time.Time
	routes   map[string]func(r *http.Request, body []byte) (status int, answer any)
	header   http.Header // of every answer
	requests []request
	tokens   int
}

type request struct {
	line string // METHOD /path?query
	auth string
	body string
}

const (
	headA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	headB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	treeT = "cccccccccccccccccccccccccccccccccccccccc"
	treeU = "dddddddddddddddddddddddddddddddddddddddd"
)

var testKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

func newFake(t testing.TB) *fake {
	f := &fake{t: t, key: testKey(), clock: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), header: http.Header{},
		routes: map[string]func(*http.Request, []byte) (int, any){}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.on("GET /repos/acme/deploy/installation", func(*http.Request, []byte) (int, any) {
		return 200, map[string]any{"id": 7, "permissions": map[string]string{"members": "read", "contents": "write"}}
	})
	f.on("POST /app/installations/7/access_tokens", func(*http.Request, []byte) (int, any) {
		f.tokens++
		return 201, map[string]any{"token": fmt.Sprintf("ghs_token%d", f.tokens), "expires_at": f.clock.Add(time.Hour).Format(time.RFC3339),
			"repositories": []any{map[string]any{"name": "deploy", "node_id": "R_1", "default_branch": "trunk"}}}
	})
	return f
}

func (f *fake) on(line string, answer func(r *http.Request, body []byte) (int, any)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.routes[line] = answer
}

// answers makes a route give the same answer always.
func (f *fake) answers(line string, status int, answer any) {
	f.on(line, func(*http.Request, []byte) (int, any) { return status, answer })
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("reading request: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api/v3")
	f.requests = append(f.requests, request{line: r.Method + " " + r.URL.RequestURI(), auth: r.Header.Get("Authorization"), body: string(body)})
	answer := f.routes[r.Method+" "+path]
	if answer == nil {
		answer = func(*http.Request, []byte) (int, any) { return 404, map[string]string{"message": "Not Found"} }
	}
	status, content := answer(r, body)
	for name, values := range f.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if raw, ok := content.(string); ok {
		_, err = io.WriteString(w, raw)
	} else {
		err = json.NewEncoder(w).Encode(content)
	}
	if err != nil {
		f.t.Logf("answering: %v", err)
	}
}

func (f *fake) app() *App {
	f.t.Helper()
	a, err := NewApp(Options{APIURL: f.URL + "/api/v3", AppID: 99, PrivateKey: f.key, Now: f.now})
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fake) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fake) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

func (f *fake) repository() *Repository {
	f.t.Helper()
	r, err := f.app().Repository(f.t.Context(), "acme/deploy")
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// lines returns what was asked since the last call, without the requests that get a token.
func (f *fake) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lines []string
	for _, r := range f.requests {
		if !strings.HasSuffix(r.line, "/access_tokens") && !strings.HasSuffix(r.line, "/installation") {
			lines = append(lines, strings.ReplaceAll(r.line, "/api/v3/repos/acme/deploy", ""))
		}
	}
	f.requests = nil
	return lines
}

func (f *fake) last(line string) request {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.requests) - 1; i >= 0; i-- {
		if strings.HasPrefix(f.requests[i].line, line) {
			return f.requests[i]
		}
	}
	f.t.Fatalf("nobody asked %q", line)
	return request{}
}
