package forge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// shop is an API and a storage made by hand, for what GitHub would not send.
type shop struct {
	*testing.T
	server *httptest.Server
	pages  func(r *http.Request) (link string, body any)
	store  func(w http.ResponseWriter, r *http.Request)
	status int
	header http.Header
	asked  atomic.Int64
	bytes  atomic.Int64 // that clients took from the storage
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{T: t, status: http.StatusOK, header: http.Header{}}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if !strings.HasPrefix(r.URL.Path, "/api/v3/") {
		if r.Header.Get("Authorization") != "" {
			s.Errorf("the storage was sent credentials")
		}
		if r.Header.Get("Accept-Encoding") != "identity" {
			s.Errorf("the storage may encode: %q", r.Header.Get("Accept-Encoding"))
		}
		s.store(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer secret" {
		s.Errorf("the API was sent %q", r.Header.Get("Authorization"))
	}
	for name, values := range s.header {
		w.Header()[name] = values
	}
	if s.status != http.StatusOK {
		w.WriteHeader(s.status)
		return
	}
	link, body := s.pages(r)
	if link != "" {
		w.Header().Set("Link", "<"+s.server.URL+r.URL.Path+"?"+link+`>; rel="next"`)
	}
	if raw, ok := body.(string); ok {
		_, _ = io.WriteString(w, raw) // a client that stops reading is what some tests are about
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"attestations": body})
}

// entry points to the storage.
func (s *shop) entry(path string) map[string]any {
	return map[string]any{"bundle": nil, "bundle_url": s.server.URL + "/store/" + path + "?sig=signed"}
}

// counting counts what is read of each answer.
type counting struct {
	next  http.RoundTripper
	bytes *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err == nil {
		resp.Body = countingBody{resp.Body, c.bytes}
	}
	return resp, err
}

type countingBody struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (c countingBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (s *shop) collect() ([]evidence.Envelope, evidence.Look) {
	s.Helper()
	r, err := NewReader(ReaderOptions{Token: "secret", APIURL: s.server.URL + "/api/v3", Storage: through(counting{http.DefaultTransport, &s.bytes})})
	if err != nil {
		s.Fatal(err)
	}
	return r.Attestations(s.Context(), source, subject)
}

// A30, A31: neither a claim nor a stream beyond the bounds takes memory, and good bundles beside them are kept.
func TestAttestationBombs(t *testing.T) {
	claim := append([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, make([]byte, 64)...) // a block that says it becomes 4 GiB
	tests := map[string]struct {
		answer   func(w http.ResponseWriter)
		code     string
		mostRead int64
	}{
		"a claim of 4 GiB": {func(w http.ResponseWriter) { _, _ = w.Write(claim) }, codeTooLarge, 1 << 10},
		"a bomb":           {func(w http.ResponseWriter) { _, _ = w.Write(snappy.Encode(nil, make([]byte, maxBundle+1))) }, codeTooLarge, 2 << 20},
		"an endless stream": {func(w http.ResponseWriter) {
			block := make([]byte, 1<<20)
			for range 1 << 20 {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, codeTooLarge, maxBundle + 1<<20},
		"gzip": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("\x1f\x8b"))
		}, codeUnsupported, 1 << 10},
		"not snappy": {func(w http.ResponseWriter) { _, _ = w.Write([]byte("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80")) }, codeUnsupported, 1 << 10},
		"cut off":    {func(w http.ResponseWriter) { _, _ = w.Write(snappy.Encode(nil, bundleOf("x"))[:20]) }, codeUnsupported, 1 << 10},
		"gone":       {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, codeUnreachable, 1 << 10},
		"expired":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, codeUnreachable, 1 << 10},
		"moved": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://evil.example/")
			w.WriteHeader(http.StatusFound)
		}, codeUnreachable, 1 << 10},
		"not a reply": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, codeUnreachable, 1 << 10},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.pages = func(*http.Request) (string, any) {
				return "", []any{s.entry("good"), s.entry("bad"), map[string]any{"bundle": json.RawMessage(bundleOf("inline"))}}
			}
			s.store = func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/bad") {
					test.answer(w)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(bundleOf("good"))
			}
			envelopes, look := s.collect()
			wantLook(t, look, evidence.LookUnknown, test.code, 2)
			if diff := cmp.Diff([]string{string(bundleOf("good")), string(bundleOf("inline"))}, texts(envelopes)); diff != "" {
				t.Error(diff)
			}
			if read := s.bytes.Load(); read > test.mostRead {
				t.Errorf("read %d bytes, want at most %d", read, test.mostRead)
			}
		})
	}
}

// A31: neither more bundles nor more bytes than the bounds, nor pages without end.
func TestTooManyAttestations(t *testing.T) {
	inline := func(n int, size int) map[string]any {
		return map[string]any{"bundle": json.RawMessage(bundleOf(fmt.Sprint(n) + strings.Repeat("x", size)))}
	}
	t.Run("entries", func(t *testing.T) {
		s := newShop(t)
		s.pages = func(*http.Request) (string, any) {
			var all []any
			for n := range 1000 {
				all = append(all, inline(n, 0))
			}
			return "", all
		}
		_, look := s.collect()
		wantLook(t, look, evidence.LookUnknown, codeTooMany, maxBundles)
	})
	t.Run("pages", func(t *testing.T) {
		s := newShop(t)
		s.pages = func(*http.Request) (string, any) { return "after=x", []any{} }
		_, look := s.collect()
		wantLook(t, look, evidence.LookUnknown, codeTooMany, 0)
		if asked := s.asked.Load(); asked != maxAttestationPages {
			t.Errorf("%d requests", asked)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		s := newShop(t)
		s.pages = func(*http.Request) (string, any) {
			var all []any
			for n := range 40 {
				all = append(all, s.entry(fmt.Sprint(n)))
			}
			return "", all
		}
		s.store = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(append(bytes.Repeat([]byte("x"), maxBundle-2), r.URL.Path[len(r.URL.Path)-2:]...))
		}
		_, look := s.collect()
		wantLook(t, look, evidence.LookUnknown, codeTooLarge, maxBundleBytes/maxBundle)
		if asked := s.asked.Load(); asked > 1+maxBundleBytes/maxBundle+bundlesAtOnce {
			t.Errorf("%d requests", asked)
		}
	})
	t.Run("bytes of pages", func(t *testing.T) {
		s := newShop(t)
		s.pages = func(*http.Request) (string, any) {
			return "after=x", `{"attestations":[` + strings.Repeat(" ", maxAttestationPage-64) + `]}`
		}
		_, look := s.collect()
		wantLook(t, look, evidence.LookUnknown, codeTooLarge, 0)
		if asked := s.asked.Load(); asked > 1+maxBundleBytes/maxAttestationPage {
			t.Errorf("%d requests", asked)
		}
	})
	t.Run("page", func(t *testing.T) {
		s := newShop(t)
		s.pages = func(*http.Request) (string, any) { return "", strings.Repeat(" ", maxAttestationPage+1) }
		_, look := s.collect()
		wantLook(t, look, evidence.LookUnknown, codeTooLarge, 0)
	})
}

// A35: the list chooses neither protocol nor credentials of what it points to.
func TestBundleAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"http://storage.example/x": codeNotAllowed, "ftp://storage.example/x": codeNotAllowed, "file:///etc/passwd": codeNotAllowed, "": codeNotAllowed,
		"https://user:word@storage.example/x": codeNotAllowed, "https://169.254.169.254/latest": codeNotAllowed, "https://[fd00:ec2::254]/": codeNotAllowed,
		"//storage.example/x": codeNotAllowed, "https://storage.example/x": codeUnreachable,
	} {
		for api, local := range map[string]bool{"https://api.github.com": false, "http://127.0.0.1:1/api/v3": true} {
			asked := 0
			r, err := NewReader(ReaderOptions{Token: "secret", APIURL: api, Storage: through(roundTrip(func(*http.Request) (*http.Response, error) {
				asked++
				return nil, errors.New("no network for " + address)
			}))})
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.bundle(t.Context(), listed{URL: address})
			if got := codeOf(err); got != want || (asked > 0) != (want == codeUnreachable) {
				t.Errorf("%s from %s: %s, asked %d times", address, api, got, asked)
			}
			if address != "" && strings.Contains(err.Error(), address) {
				t.Errorf("says the address: %v", err)
			}
			for _, near := range []string{"http://127.0.0.1:9/x", "https://localhost/x"} {
				if _, err := r.bundle(t.Context(), listed{URL: near}); (codeOf(err) == codeNotAllowed) == local {
					t.Errorf("%s from %s: %v", near, api, err)
				}
			}
		}
	}
}

// through is a way to the storage of whatever forge.
func through(way http.RoundTripper) func(string) http.RoundTripper {
	return func(string) http.RoundTripper { return way }
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What a transport refuses by its address keeps its code.
func TestBundleAddressIsRefusedByTheTransport(t *testing.T) {
	r, err := NewReader(ReaderOptions{Token: "secret", Storage: through(roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, problem(codeNotAllowed, "to 10.1.2.3")
	}))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.bundle(t.Context(), listed{URL: "https://storage.example/x?sig=signed"}); codeOf(err) != codeNotAllowed || strings.Contains(err.Error(), "10.1.2.3") {
		t.Errorf("got %v", err)
	}
}

func TestAttestationListFails(t *testing.T) {
	for name, test := range map[string]struct {
		status      int
		header      http.Header
		body        string
		state, code string
	}{
		"not there":    {status: 404, state: evidence.LookAbsent},
		"unknown user": {status: 401, state: evidence.LookUnknown, code: codeDenied},
		"forbidden":    {status: 403, state: evidence.LookUnknown, code: codeDenied},
		"limited":      {status: 403, header: http.Header{"Retry-After": {"60"}}, state: evidence.LookUnknown, code: codeUnreachable},
		"too many":     {status: 429, state: evidence.LookUnknown, code: codeUnreachable},
		"down":         {status: 503, state: evidence.LookUnknown, code: codeUnreachable},
		"moved away":   {status: 302, header: http.Header{"Location": {"https://evil.example/x"}}, state: evidence.LookUnknown, code: codeUnreachable},
		"not JSON":     {status: 200, body: "<html>", state: evidence.LookUnknown, code: codeUnreachable},
		"not a list":   {status: 200, body: `{"attestations":{}}`, state: evidence.LookUnknown, code: codeUnreachable},
		"empty":        {status: 200, body: `{"attestations":[]}`, state: evidence.LookAbsent},
		"nothing":      {status: 200, body: `{}`, state: evidence.LookAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.status = test.status
			if test.header != nil {
				s.header = test.header
			}
			s.pages = func(*http.Request) (string, any) { return "", test.body }
			_, look := s.collect()
			wantLook(t, look, test.state, test.code, 0)
		})
	}
}

// A33: storage that answers byte by byte ends with the deadline.
func TestSlowStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := func(r *http.Request) (*http.Response, error) {
			answer := httptest.NewRecorder()
			_ = json.NewEncoder(answer).Encode(map[string]any{"attestations": []any{map[string]any{"bundle_url": "https://storage.example/x"}, map[string]any{"bundle": json.RawMessage(bundleOf("quick"))}}})
			response := answer.Result()
			response.Request = r
			return response, nil
		}
		r, err := NewReader(ReaderOptions{Token: "secret", Transport: roundTrip(list), Storage: through(roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))})
		if err != nil {
			t.Fatal(err)
		}
		envelopes, look := r.Attestations(t.Context(), source, subject)
		wantLook(t, look, evidence.LookUnknown, codeUnreachable, 1)
		if len(envelopes) != 1 {
			t.Errorf("kept %v", texts(envelopes))
		}
	})
}

// FuzzAttestations: whatever the API answers, no bundle is larger or comes from elsewhere than allowed, and reading again reads the same.
func FuzzAttestations(f *testing.F) {
	f.Add([]byte(`{"attestations":[{"bundle":{"mediaType":"x"},"bundle_url":""},{"bundle":null,"bundle_url":"https://a.example/x"}]}`))
	f.Add([]byte(`{"attestations":[{"bundle":"\u0000"},{"bundle_url":"http://127.0.0.1/"}]}`))
	f.Add([]byte(`{"attestations":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, err := parseAttestations(body)
		if err != nil {
			if codeOf(err) != codeUnreachable || len(err.Error()) > 200 {
				t.Fatalf("%v", err)
			}
			return
		}
		r, err := NewReader(ReaderOptions{Token: "secret", Storage: through(roundTrip(func(request *http.Request) (*http.Response, error) {
			if request.URL.Scheme != "https" || request.URL.User != nil || request.Header.Get("Authorization") != "" {
				t.Errorf("asked %s", request.URL)
			}
			return nil, errors.New("no network")
		}))})
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			bundle, err := r.bundle(t.Context(), entry)
			if err == nil && (!json.Valid(bundle) || !bytes.Contains(body, bundle)) {
				t.Errorf("bundle %q is not what was served", bundle)
			}
			if err == nil && len(mediaTypeOf(bundle)) > maxMediaType {
				t.Error("a media type without bound")
			}
		}
	})
}

// FuzzUnpack: what is unpacked is within the bound, and is what was packed.
func FuzzUnpack(f *testing.F) {
	f.Add(snappy.Encode(nil, bundleOf("x")))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x05, 0x10, 'a', 'b', 'c', 'd', 'e'})
	f.Fuzz(func(t *testing.T, block []byte) {
		unpacked, err := unpack(block)
		if err == nil && len(unpacked) > maxBundle {
			t.Errorf("%d bytes", len(unpacked))
		}
		again, err := unpack(snappy.Encode(nil, block))
		if err != nil || !bytes.Equal(again, block) {
			t.Errorf("packed and unpacked: %v", err)
		}
	})
}
