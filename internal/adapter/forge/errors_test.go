package forge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func wantRetry(t *testing.T, err error, after time.Duration) {
	t.Helper()
	var retry interface {
		Retryable() (time.Duration, bool)
	}
	if !errors.As(err, &retry) {
		t.Errorf("got %v, want an error that says whether to try again", err)
		return
	}
	if got, ok := retry.Retryable(); !ok || got != after {
		t.Errorf("got %v, %v, want to try again after %v: %v", got, ok, after, err)
	}
}

func TestAnswersBecomeErrors(t *testing.T) {
	f := newFake(t)
	reset := fmt.Sprint(f.clock.Add(17 * time.Minute).Unix())
	for _, c := range []struct {
		name     string
		status   int
		header   map[string]string
		body     string
		text     string
		after    time.Duration // -1: not retryable
		sentinel error
		conflict bool
	}{
		{"not authenticated", 401, nil, "", "reading pull request 3: the forge answered 401", time.Second, fs.ErrPermission, false},
		{"not permitted", 403, map[string]string{"X-Accepted-GitHub-Permissions": "pull_requests=read"}, `{"message":"Resource not accessible by integration"}`,
			"not permitted, wanted: pull_requests=read", -1, fs.ErrPermission, false},
		{"not permitted, header forged", 403, map[string]string{"X-Accepted-GitHub-Permissions": "<script>"}, "", "403: not permitted", -1, fs.ErrPermission, false},
		{"primary limit", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, "", "rate limited", 17 * time.Minute, nil, false},
		{"primary limit, broken reset", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, "", "rate limited", time.Minute, nil, false},
		{"secondary limit", 403, map[string]string{"Retry-After": "42"}, "", "rate limited", 42 * time.Second, nil, false},
		{"secondary limit by documentation only", 403, nil,
			`{"message":"x","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`,
			"rate limited", time.Minute, nil, false},
		{"too many", 429, map[string]string{"Retry-After": "7"}, "", "rate limited", 7 * time.Second, nil, false},
		{"too many, absurd", 429, map[string]string{"Retry-After": "99999999"}, "", "rate limited", 2 * time.Hour, nil, false},
		{"missing", 404, nil, `{"message":"Not Found"}`, "not found", -1, fs.ErrNotExist, false},
		{"not mergeable", 405, nil, "", "not possible now", 30 * time.Second, nil, false},
		{"moved", 409, nil, "", "something moved meanwhile", -1, nil, true},
		{"invalid", 422, nil, `{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"base","code":"invalid"}]}`,
			"422: not valid: base invalid", -1, nil, false},
		{"invalid, prose", 422, nil, `{"message":"secret prose","errors":[{"resource":"X","field":"Very Bad","code":"<b>"}]}`, "422: not valid", -1, nil, false},
		{"duplicate", 422, nil, `{"message":"Validation Failed","errors":[{"message":"A pull request already exists for acme:x."}]}`, "exists already", -1, nil, true},
		{"down", 500, nil, "<html>oops</html>", "the forge answered 500", 15 * time.Second, nil, false},
		{"busy", 503, map[string]string{"Retry-After": "90"}, "", "the forge answered 503", 90 * time.Second, nil, false},
		{"nonsense", 200, nil, `{"number":"three"`, "answer 200 cannot be read", 15 * time.Second, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.header = http.Header{}
			for name, value := range c.header {
				f.header.Set(name, value)
			}
			r := f.repository()
			if _, err := r.Token(t.Context()); err != nil { // before the answers turn bad
				f.header = http.Header{}
			}
			f.answers("GET /repos/acme/deploy/pulls/3", c.status, c.body)
			_, err := r.PullRequest(t.Context(), 3)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %v, want %q in it", err, c.text)
			}
			for _, leak := range []string{"ghs_", "http://", "script", "oops", "secret", "Validation", "acme:x"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("%q holds %q", err, leak)
				}
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %T", err)
			}
			if after, ok := e.Retryable(); ok != (c.after >= 0) || ok && after != c.after {
				t.Errorf("retry after %v, %v, want %v", after, ok, c.after)
			}
			if c.sentinel != nil && !errors.Is(err, c.sentinel) {
				t.Errorf("%v does not wrap %v", err, c.sentinel)
			}
			if e.Conflict() != c.conflict {
				t.Errorf("conflict is %v", e.Conflict())
			}
		})
	}
}

// leaky fails as a transport that puts the whole request into its error, which is what some proxies and tracers do.
type leaky struct{ next http.RoundTripper }

func (l leaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.next != nil && !strings.HasSuffix(r.URL.Path, "/access_tokens") {
		return l.next.RoundTrip(r)
	}
	return nil, fmt.Errorf("proxy: %s with %v refused, password of ghp_abcdef1234567890", r.URL, r.Header)
}

func TestErrorsHoldNoSecrets(t *testing.T) { // A73
	f := newFake(t)
	for _, transport := range []leaky{{}, {next: http.DefaultTransport}} {
		a, err := NewApp(Options{APIURL: f.URL + "/api/v3", AppID: 99, PrivateKey: f.key, Transport: transport, Now: f.now})
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.Repository(t.Context(), "acme/deploy")
		if err == nil {
			_, err = r.PullRequest(t.Context(), 3)
		}
		if err == nil {
			t.Fatal("no error")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, form := range []string{"%v", "%+v", "%#v"} {
				text := fmt.Sprintf(form, e)
				for _, leak := range []string{"eyJ", "ghs_", "ghp_", "Bearer ", f.URL} {
					if strings.Contains(text, leak) {
						t.Errorf("%s holds %q", text, leak)
					}
				}
			}
		}
		var exchange *url.Error
		if errors.As(err, &exchange) {
			t.Errorf("the request hangs on the error")
		}
	}
}

// TestExchangeErrorHoldsNoRequest: ghinstallation's error carries the answer, on which the request with the JWT hangs.
func TestExchangeErrorHoldsNoRequest(t *testing.T) {
	f := newFake(t)
	f.answers("POST /app/installations/7/access_tokens", 422, `{"message":"The permissions requested are not granted to this installation."}`)
	_, err := f.repository().Token(t.Context())
	var e *Error
	if !errors.As(err, &e) || e.Status() != 422 || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "eyJ") {
		t.Errorf("got %#v", err)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if _, ok := err.(interface{ Response() *http.Response }); ok || strings.Contains(fmt.Sprintf("%T", err), "ghinstallation") {
			t.Errorf("%T hangs on the error", err)
		}
	}
}

func TestRedirectToAnotherHostGetsNoToken(t *testing.T) { // A73
	var got []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	f := newFake(t)
	r := f.repository()
	if _, err := r.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.header.Set("Location", thief.URL+"/repos/acme/deploy/pulls/3")
	f.answers("GET /repos/acme/deploy/pulls/3", 302, "")
	f.answers("GET /repos/other/deploy/installation", 302, "")
	_, err := r.PullRequest(t.Context(), 3)
	if err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("got %v", err)
	}
	if _, err := r.app.Repository(t.Context(), "other/deploy"); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("got %v", err)
	}
	if len(got) > 0 {
		t.Errorf("the other host was asked with %q", got)
	}
}

func TestRenamedRepositoryIsFollowed(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	if _, err := r.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.on("GET /repos/acme/deploy/pulls/3", func(*http.Request, []byte) (int, any) {
		f.header.Set("Location", f.URL+"/api/v3/repositories/5/pulls/3")
		return 301, ""
	})
	f.on("GET /repositories/5/pulls/3", func(r *http.Request, _ []byte) (int, any) {
		f.header.Del("Location")
		return 200, map[string]any{"number": 3, "state": "open"}
	})
	if p, err := r.PullRequest(t.Context(), 3); err != nil || p.Number != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestAnswerWithoutEndIsRefused(t *testing.T) {
	f := newFake(t)
	a, err := NewApp(Options{APIURL: f.URL + "/api/v3", AppID: 99, PrivateKey: f.key, Now: f.now, Transport: endless{http.DefaultTransport}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Repository(t.Context(), "acme/deploy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.OpenPullRequests(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than the limit") {
		t.Errorf("got %v", err)
	}
}

// endless answers a listing with JSON that never stops.
type endless struct{ next http.RoundTripper }

type stream struct{ begun bool }

func (s *stream) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	if !s.begun {
		s.begun = true
		p[0] = '['
	}
	return len(p), nil
}

func (*stream) Close() error { return nil }

func (e endless) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/pulls") {
		return e.next.RoundTrip(r)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: &stream{}, Request: r}, nil
}

func TestNoAnswer(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	if _, err := r.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.PullRequest(ctx, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	f.Close()
	_, err := r.PullRequest(t.Context(), 3)
	wantRetry(t, err, pauseServer)
	if strings.Contains(err.Error(), "http") {
		t.Errorf("%q holds the address", err)
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(WriteLimits{})
	start := time.Unix(1_800_000_000, 0)
	now := start
	var sent []time.Time
	for now.Before(start.Add(3 * time.Hour)) { // ask every second, as fast as refusals allow
		if b.allow(now, true) == 0 {
			sent = append(sent, now)
		} else {
			now = now.Add(time.Second)
		}
	}
	for i := range sent {
		minute, hour := 0, 0
		for _, other := range sent[i:] {
			if other.Before(sent[i].Add(time.Minute)) {
				minute++
			}
			if other.Before(sent[i].Add(time.Hour)) {
				hour++
			}
		}
		if minute >= 80 || hour >= 500 {
			t.Fatalf("from %v: %d in a minute, %d in an hour", sent[i].Sub(start), minute, hour)
		}
	}
	if len(sent) < 1000 {
		t.Errorf("only %d writes in three hours: refusals ate the budget", len(sent))
	}
}

func TestWritesBeyondTheBudgetAreRefusedAndReadsAreNot(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	f.answers("PATCH /repos/acme/deploy/pulls/3", 200, map[string]any{"number": 3})
	f.answers("GET /repos/acme/deploy/pulls/3", 200, map[string]any{"number": 3, "state": "open"})
	var err error
	writes := 0
	for ; err == nil && writes < 1000; writes++ {
		err = r.EditPullRequest(t.Context(), 3, "t", "b")
	}
	var e *Error
	if !errors.As(err, &e) || writes != 60+1 || !strings.Contains(err.Error(), "below the forge's limits") {
		t.Fatalf("after %d writes: %v", writes, err)
	}
	after, ok := e.Retryable()
	if !ok || after <= 0 || after > time.Minute {
		t.Errorf("retry after %v, %v", after, ok)
	}
	if _, err := r.PullRequest(t.Context(), 3); err != nil {
		t.Errorf("reading: %v", err)
	}
	f.pass(after)
	if err := r.EditPullRequest(t.Context(), 3, "t", "b"); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestForgeIsLeftAloneAfterALimit(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	if _, err := r.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.header.Set("Retry-After", "600")
	f.answers("GET /repos/acme/deploy/pulls/3", 429, "")
	_, err := r.PullRequest(t.Context(), 3)
	wantRetry(t, err, 10*time.Minute)
	f.lines()
	f.pass(9 * time.Minute)
	_, err = r.OpenPullRequests(t.Context())
	wantRetry(t, err, time.Minute)
	if lines := f.lines(); len(lines) > 0 {
		t.Errorf("asked %v meanwhile", lines)
	}
	f.pass(time.Minute)
	f.header = http.Header{}
	f.answers("GET /repos/acme/deploy/pulls", 200, []any{})
	if _, err := r.OpenPullRequests(t.Context()); err != nil {
		t.Error(err)
	}
}
