package registry

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/images"
)

func wantRetry(t *testing.T, err error, want time.Duration) {
	t.Helper()
	wantCode(t, err, codeUnreachable)
	var retryable interface{ Retryable() (time.Duration, bool) }
	if !errors.As(err, &retryable) {
		t.Fatalf("says nothing about retrying: %v", err)
	}
	if after, heals := retryable.Retryable(); !heals || after != want {
		t.Errorf("retryable %t after %s, want %s: %v", heals, after, want, err)
	}
}

// busy answers every request with a status and a Retry-After, and counts them.
type busy struct {
	status int
	after  string
	asked  atomic.Int64
}

func (b *busy) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.asked.Add(1)
	if b.after != "" {
		w.Header().Set("Retry-After", b.after)
	}
	w.WriteHeader(b.status)
}

// A33: a host that asks to be left alone is, by all of its repositories, whether it said so to the ping or to a request; others go on.
func TestHostRests(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		after  string
		want   time.Duration
	}{
		"429 seconds": {429, "120", 2 * time.Minute},
		"503 seconds": {503, "120", 2 * time.Minute},
		"429 date":    {429, "Fri, 02 Jan 2026 15:02:00 GMT", 2 * time.Minute},
		"503 date":    {503, "Fri, 02 Jan 2026 15:02:00 GMT", 2 * time.Minute},
		"a year":      {429, "31536000", maxRetryAfter},
		"an age":      {429, "99999999999999999999", maxRetryAfter},
	} {
		for _, place := range []string{"/v2/", "/manifests/"} {
			t.Run(name+" at "+place, func(t *testing.T) {
				w := newWorld(t, images.Options{})
				w.push("1", "main")
				if place != "/v2/" {
					if _, err := w.client.Resolve(t.Context(), w.repository, "main"); err != nil {
						t.Fatal(err)
					}
				}
				w.registry.Break(images.Fault{Path: place, Status: test.status, RetryAfter: test.after})
				_, err := w.client.Resolve(t.Context(), w.repository, "main")
				wantRetry(t, err, test.want)
				w.registry.Heal()
				w.registry.Requests()
				other, err := digest.ParseRepository(w.repository.Host() + "/acme/other")
				if err != nil {
					t.Fatal(err)
				}
				w.pass(test.want / 2)
				for _, repository := range []digest.Repository{w.repository, other} {
					_, err := w.client.Resolve(t.Context(), repository, "main")
					wantRetry(t, err, test.want/2)
				}
				envelopes, looks := w.client.Collect(t.Context(), digest.Reference{Repository: other, Digest: digest.Of(nil)})
				for _, look := range looks {
					if look.State != evidence.LookUnknown || look.Code != codeUnreachable || len(envelopes) > 0 {
						t.Errorf("looked %+v", look)
					}
				}
				if asked := w.registry.Requests(); len(asked) > 0 {
					t.Errorf("asked %v", asked)
				}
				if rest := w.client.Rest(other); rest != test.want/2 || w.client.Rest(remoteRepository(t)) != 0 {
					t.Errorf("rests %s, another %s", rest, w.client.Rest(remoteRepository(t)))
				}
				w.pass(test.want / 2)
				if _, err := w.client.Resolve(t.Context(), w.repository, "main"); err != nil {
					t.Errorf("after the rest: %v", err)
				}
			})
		}
	}
}

// The token service is a host of its own: it rests, and who has a token goes on.
func TestTokenServiceRests(t *testing.T) {
	registry := &guarded{realm: "https://login.example/token", body: emptyIndex()}
	service := &busy{status: 429, after: "90"}
	w := &world{TB: t, at: time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)}
	requests := &network{hosts: map[string]http.Handler{"registry.example": registry, "login.example": registry}}
	w.client = New(Options{Transport: requests, Now: w.now, Realms: map[string][]string{"registry.example": {"login.example"}}})
	w.client.keychain = keychain{login()}
	if _, err := w.client.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Fatal(err)
	}
	requests.hosts["login.example"] = service
	other, err := digest.ParseRepository("registry.example/acme/other")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err = w.client.Resolve(t.Context(), other, "main")
		wantRetry(t, err, 90*time.Second)
	}
	if asked := service.asked.Load(); asked != 1 {
		t.Errorf("asked the token service %d times", asked)
	}
	if asked := requests.took("registry.example"); len(asked) != 2 { // the first ping and manifest
		t.Errorf("asked the registry %v", asked)
	}
	if _, err := w.client.Resolve(t.Context(), remoteRepository(t), "main"); err != nil {
		t.Errorf("with a token: %v", err)
	}
}

// One host that rests, or never answers, delays no other.
func TestOneHostDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", evidence.MediaTypeOCIIndex)
			fmt.Fprint(w, emptyIndex())
		})
		slow := &stalling{network: network{hosts: map[string]http.Handler{"registry.example": open, "stalled.example": open, "busy.example": &busy{status: 429, after: "3"}}}, on: "/v2/stalled/"}
		c := New(Options{Transport: slow})
		c.keychain = keychain{}
		ask := func(name string) {
			repository, err := digest.ParseRepository(name)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = c.Resolve(t.Context(), repository, "main") // each is still waiting when it matters
		}
		for range 2 * hostRequests {
			go ask("stalled.example/stalled/x")
			go ask("busy.example/acme/shop")
		}
		synctest.Wait()
		start := time.Now()
		if _, err := c.Resolve(t.Context(), remoteRepository(t), "main"); err != nil || time.Since(start) > 0 {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		time.Sleep(time.Hour)
	})
}

// Without a time, the rest grows with each refusal and ends with an answer; requests that were under way together count once.
func TestRestThatNobodySaid(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	p := newPaces(func() time.Time { return at })
	for _, want := range []time.Duration{firstWait, 2 * firstWait, 4 * firstWait} {
		for range 5 {
			p.note("A.example", 429, http.Header{})
		}
		if got := p.rest("a.example"); got != want {
			t.Errorf("rests %s, want %s", got, want)
		}
		at = at.Add(want)
	}
	for range 30 {
		p.note("a.example", 429, http.Header{})
		at = at.Add(maxUnsaid)
	}
	p.note("a.example", 429, http.Header{})
	if got := p.rest("a.example"); got != maxUnsaid {
		t.Errorf("rests %s at last", got)
	}
	at = at.Add(maxUnsaid)
	p.note("a.example", 200, http.Header{})
	p.note("a.example", 503, http.Header{})
	if got := p.rest("a.example"); got != 0 || p.rest("b.example") != 0 {
		t.Errorf("rests %s after an answer and an error", got)
	}
	p.note("a.example", 429, http.Header{"Retry-After": {"60"}})
	p.note("a.example", 429, http.Header{"Retry-After": {"1"}})
	if got := p.rest("a.example"); got != time.Minute {
		t.Errorf("rests %s: a later word shortened an earlier one", got)
	}
}

// Registries that name hosts without end do not fill the memory, and do not wake who rests.
func TestPacesAreBounded(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	p := newPaces(func() time.Time { return at })
	p.note("resting.example", 429, http.Header{"Retry-After": {"60"}})
	for n := range 2 * maxHosts {
		p.rest(strconv.Itoa(n))
	}
	if len(p.hosts) > maxHosts || p.rest("resting.example") != time.Minute {
		t.Errorf("%d hosts, the resting one rests %s", len(p.hosts), p.rest("resting.example"))
	}
}

// However the answers come in, the result is the same, and no more are under way than there may be.
func TestCollectInAnyOrder(t *testing.T) {
	shop := newShelf(t)
	var signatures, list []string
	for n := range 10 {
		signatures = append(signatures, shop.blob(typeSimpleSigning, fmt.Sprint("sig ", n)))
		list = append(list, shop.manifest(evidence.MediaTypeOCIManifest, `"config":`+shop.blob(typeEmpty, "{}")+`,"layers":[`+shop.blob(typeBundle, fmt.Sprint("bundle ", n))+`]`))
	}
	shop.signatures(signatures...)
	shop.serve("referrers/"+shop.subject.Digest.String(), evidence.MediaTypeOCIIndex, shop.index(list[:6]...))
	shop.serve("manifests/sha256-"+shop.subject.Digest.Hex(), evidence.MediaTypeOCIIndex, shop.index(list[3:]...))
	var first []evidence.Envelope
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			way := &shuffling{inner: &network{hosts: map[string]http.Handler{"registry.example": shop}}, chance: rand.New(rand.NewPCG(seed, seed))}
			envelopes, _ := remoteClient(way, nil).Collect(t.Context(), shop.subject)
			if first == nil {
				first = envelopes
			}
			if diff := cmp.Diff(first, envelopes, cmp.Comparer(func(a, b digest.Digest) bool { return a == b })); diff != "" || len(envelopes) != 20 {
				t.Errorf("%d envelopes: %s", len(envelopes), diff)
			}
			if most := way.most.Load(); most < 2 || most > collectAtOnce {
				t.Errorf("%d requests at once", most)
			}
		})
	}
}

// shuffling answers after a random while, and counts what is under way.
type shuffling struct {
	inner  http.RoundTripper
	under  atomic.Int64
	most   atomic.Int64
	turn   atomic.Bool
	chance *rand.Rand
}

func (s *shuffling) RoundTrip(r *http.Request) (*http.Response, error) {
	under := s.under.Add(1)
	defer s.under.Add(-1)
	for most := s.most.Load(); under > most && !s.most.CompareAndSwap(most, under); most = s.most.Load() {
	}
	for !s.turn.CompareAndSwap(false, true) {
		time.Sleep(time.Nanosecond)
	}
	wait := time.Duration(s.chance.IntN(1000)) * time.Millisecond
	s.turn.Store(false)
	time.Sleep(wait)
	return s.inner.RoundTrip(r)
}

// FuzzRetryAfter: what is read is never negative, never beyond the bound, and the same for the same header.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "-1", "1e9", "99999999999999999999", "Fri, 02 Jan 2026 15:05:00 GMT", "Friday, 02-Jan-26 15:05:00 GMT", " 5 ", "+5", "٣"} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		after, said := retryAfter(http.Header{"Retry-After": {value}}, now)
		if after < 0 || after > maxRetryAfter || !said && after != 0 {
			t.Fatalf("%q: %s, %t", value, after, said)
		}
		if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16); err == nil && !strings.ContainsAny(value, "+_") {
			if want := min(time.Duration(seconds)*time.Second, maxRetryAfter); after != want || !said {
				t.Errorf("%q: %s, want %s", value, after, want)
			}
		}
		later, again := retryAfter(http.Header{"Retry-After": {value}}, now.Add(time.Hour))
		if again != said || later > after {
			t.Errorf("%q: %s now, %s in an hour", value, after, later)
		}
		p := newPaces(func() time.Time { return now })
		p.note("a", 429, http.Header{"Retry-After": {value}})
		if rest := p.rest("a"); rest < 0 || rest > maxRetryAfter || said && rest != after {
			t.Errorf("%q: rests %s", value, rest)
		}
	})
}
