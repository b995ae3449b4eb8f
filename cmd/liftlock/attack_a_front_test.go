package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// front is what stands between the service and the registry, and does as the attacker wants.
type front struct {
	address string
	proxy   http.Handler

	mu   sync.Mutex // protects what follows
	lie  lie
	seen []*http.Request
}

// lie answers a request, or reports that it has not.
type lie func(w http.ResponseWriter, r *http.Request) (answered bool)

func newFront(r *rig) *front {
	r.t.Helper()
	f := &front{proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: r.world.RegistryHost})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	f.address = listener.Addr().String()
	server := &http.Server{Handler: f}
	go func() { _ = server.Serve(listener) }() // always ends with ErrServerClosed
	r.t.Cleanup(func() {
		if err := server.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return f
}

// ServeHTTP lies, or passes the request on.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r)
	lie := f.lie
	f.mu.Unlock()
	if lie == nil || !lie(w, r) {
		f.proxy.ServeHTTP(w, r)
	}
}

// lieAs has all requests from now on pass by lie; nil is the truth.
func (f *front) lieAs(l lie) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lie, f.seen = l, nil
}

// requests returns what was asked since the last lie began.
func (f *front) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// instead answers requests of one method for paths that contain part, in which D is the digest's hex.
func instead(method, part string, answer http.HandlerFunc) func(d digest.Digest) lie {
	return func(d digest.Digest) lie {
		part := strings.ReplaceAll(part, "D", d.Hex())
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != method || !strings.Contains(r.URL.Path, part) {
				return false
			}
			answer(w, r)
			return true
		}
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// served answers with a document of any kind.
func served(mediaType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(body) // whoever hangs up has read enough
	}
}

// edited tells the truth but for what change does to it.
func (f *front) edited(change func(header http.Header, body []byte) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		f.proxy.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		body := change(w.Header(), answer.Body.Bytes())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	}
}

// claims has the header name another digest than that of the bytes.
func (f *front) claims(d digest.Digest) http.HandlerFunc {
	return f.edited(func(header http.Header, body []byte) []byte {
		header.Set("Docker-Content-Digest", d.String())
		return body
	})
}
