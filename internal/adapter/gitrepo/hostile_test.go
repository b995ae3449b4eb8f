package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTokenGoesNowhereElse(t *testing.T) {
	var got []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	s := newServer(t)
	head := s.commit("main", map[string]string{"a": "a"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	redirect := func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, thief.URL+r.URL.RequestURI(), http.StatusFound)
		return true
	}
	s.before.Store(&redirect)
	_, advertise := m.Advertise(t.Context())
	_, push := m.Append(t.Context(), "ledger", head, map[string][]byte{"x": nil}, "m", noon)
	for _, err := range []error{advertise, push, m.Fetch(t.Context(), "refs/heads/main")} {
		if err == nil || !strings.Contains(err.Error(), "another host") {
			t.Errorf("got %v", err)
		}
	}
	if len(got) > 0 {
		t.Errorf("the other host was asked with %q", got)
	}
}

func TestAnswersBecomeErrors(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	for _, c := range []struct {
		status   int
		retry    string
		text     string
		sentinel error
		retries  bool
	}{
		{401, "", "listing refs: the git server answered 401: not permitted", fs.ErrPermission, false},
		{403, "", "not permitted", fs.ErrPermission, false},
		{403, "30", "rate limited", nil, true},
		{404, "", "not found", fs.ErrNotExist, false},
		{429, "30", "rate limited", nil, true},
		{500, "", "the git server answered 500", nil, true},
		{503, "Fri, 20 Nov 2026 12:00:30 GMT", "the git server answered 503", nil, true},
	} {
		answer := func(w http.ResponseWriter, _ *http.Request) bool {
			if c.retry != "" {
				w.Header().Set("Retry-After", c.retry)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, "secret body")
			return true
		}
		s.before.Store(&answer)
		_, err := m.Advertise(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), s.URL) {
			t.Errorf("%d: got %v", c.status, err)
		}
		if c.sentinel != nil && !errors.Is(err, c.sentinel) {
			t.Errorf("%d: %v does not wrap %v", c.status, err, c.sentinel)
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("got %T", err)
		}
		if _, ok := e.Retryable(); ok != c.retries {
			t.Errorf("%d: retryable is %v", c.status, ok)
		}
	}
	s.Close()
	_, err := m.Advertise(t.Context())
	var e *Error
	if !errors.As(err, &e) || strings.Contains(err.Error(), "http") {
		t.Fatalf("got %v", err)
	}
	if _, ok := e.Retryable(); !ok {
		t.Errorf("no answer is not retryable: %v", err)
	}
}

func TestPackBeyondTheLimit(t *testing.T) { // A65
	s := newServer(t)
	head := s.commit("main", map[string]string{"big": strings.Repeat("0123456789abcdef", 1<<14)})
	m := s.open(t.TempDir())
	m.guard.pack = 500
	err := m.Fetch(t.Context(), "refs/heads/main")
	if err == nil || !strings.Contains(err.Error(), "larger than the limit") {
		t.Errorf("got %v", err)
	}
	left, globErr := filepath.Glob(filepath.Join(m.dir, "*", "objects", "pack", "*"))
	if globErr != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, globErr)
	}
	m.guard.pack = maxPack
	fetch(t, m, "refs/heads/main")
	whole(t, m, head)
}

func TestAddressesWithCredentialsAreRefused(t *testing.T) {
	for _, address := range []string{"https://x:ghs_secret@github.com/a/b.git", "git@github.com:a/b", "ssh://github.com/a/b", "file:///etc", "/tmp/x", "", "https://h/p?token=1"} {
		if _, err := Open(t.TempDir(), Remote{URL: address}); err == nil || strings.Contains(err.Error(), "ghs_") {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

func TestHostileRefNames(t *testing.T) {
	for name, want := range map[string]bool{
		"refs/heads/main": true, "refs/heads/liftlock/dev/shop": true, "refs/pull/7/head": true,
		"refs/heads/../../config": false, "refs/heads/a..b": false, "refs/heads/.lock": false, "refs/heads/a b": false, "refs/heads/a\nb": false,
		"refs/heads/": false, "refs/pull/7/merge": false, "refs/pull/x/head": false, "refs/pull//head": false, "refs/tags/v1": false, "HEAD": false,
		"refs/replace/" + strings.Repeat("a", 40): false, // A95: a replacement must not be able to stand in for a commit
	} {
		if got := mirrored(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// waiting is a source of tokens that is told to come back in an hour.
type waiting struct{}

func (waiting) Error() string                    { return "rate limited, had ghs_abcdef" }
func (waiting) Retryable() (time.Duration, bool) { return time.Hour, true }
func (waiting) token(context.Context) (string, error) {
	return "", fmt.Errorf("getting: %w", waiting{})
}

func TestWaitForATokenIsPassedOn(t *testing.T) {
	s := newServer(t)
	m, err := Open(t.TempDir(), Remote{URL: s.URL + "/acme/repo.git", Token: waiting{}.token})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Advertise(t.Context())
	var e *Error
	if !errors.As(err, &e) || strings.Contains(err.Error(), "ghs_") || s.requests.Load() > 0 {
		t.Fatalf("got %v", err)
	}
	if after, ok := e.Retryable(); !ok || after != time.Hour {
		t.Errorf("got %v, %v", after, ok)
	}
}
