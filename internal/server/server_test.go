package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/bot"
	"github.com/liftlock/liftlock/internal/core/digest"
)

func get(s *Server, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestReadyOnceTheRepositoriesAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBot{names: []string{"acme/one"}, listErrs: []error{errors.New("GitHub is down")}}
		s := newServer(b, &fakeQueue{}, slog.New(slog.DiscardHandler))
		if got := get(s, "/readyz").Code; got != http.StatusServiceUnavailable {
			t.Errorf("before it runs: got %d", got)
		}
		r := start(t, s)
		if got := get(s, "/readyz").Code; got != http.StatusServiceUnavailable {
			t.Errorf("after a failed listing: got %d", got)
		}
		if got := get(s, "/healthz").Code; got != http.StatusOK {
			t.Errorf("healthz: got %d: a forge that is down is no reason to be restarted", got)
		}
		time.Sleep(retryAfter)
		synctest.Wait()
		if got := get(s, "/readyz").Code; got != http.StatusOK {
			t.Errorf("after a listing: got %d", got)
		}
		r.end()
	})
}

func TestMetricsAreServed(t *testing.T) {
	if got := get(newServer(&fakeBot{}, &fakeQueue{}, slog.New(slog.DiscardHandler)), "/metrics"); got.Code != http.StatusOK || got.Body.String() != "some_metric 1\n" {
		t.Errorf("got %d %q", got.Code, got.Body)
	}
}

// Losing every event costs latency only: everything is compared now and then, and as a whole.
func TestEverythingIsComparedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, q := &fakeBot{names: []string{"acme/one", "acme/two"}}, &fakeQueue{}
		s := newServer(b, q, slog.New(slog.DiscardHandler))
		r := start(t, s)
		round := []asked{{"acme/one", 0}, {"acme/two", 0}}
		if diff := cmp.Diff(round, q.taken(), cmp.AllowUnexported(asked{})); diff != "" {
			t.Errorf("at the start: %s", diff)
		}
		time.Sleep(s.Compare - 1)
		synctest.Wait()
		if n := len(q.taken()); n != 2 {
			t.Errorf("before it was time again: %d", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if diff := cmp.Diff(append(round, round...), q.taken(), cmp.AllowUnexported(asked{})); diff != "" {
			t.Errorf("when it was time again: %s", diff)
		}
		want := []bot.Hint{{Repository: "acme/one", Full: true}, {Repository: "acme/two", Full: true}}
		if diff := cmp.Diff(want, b.noticed()[:2], cmp.AllowUnexported(digest.Repository{})); diff != "" {
			t.Error(diff)
		}
		r.end()
	})
}

// An installation that changed is listed at once, and several at once need one listing.
func TestInstallationsAreListedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, q := &fakeBot{}, &fakeQueue{}
		s := newServer(b, q, slog.New(slog.DiscardHandler))
		r := start(t, s)
		b.install("acme/new")
		for _, guid := range []string{"1", "2", "3"} {
			d := push(guid, "")
			d.event = "installation"
			if got := d.send(s); got.Code != http.StatusAccepted {
				t.Errorf("got %d", got.Code)
			}
		}
		synctest.Wait()
		if diff := cmp.Diff(asked{"acme/new", 0}, q.taken()[0], cmp.AllowUnexported(asked{})); diff != "" {
			t.Error(diff)
		}
		if n := len(b.listings()); n < 2 || n > 4 {
			t.Errorf("listed %d times", n)
		}
		r.end()
	})
}

// failure is an error with whatever an error may say about trying again.
type failure struct {
	after     time.Duration
	retryable bool
	conflict  bool
}

func (f failure) Error() string                    { return "it went wrong" }
func (f failure) Retryable() (time.Duration, bool) { return f.after, f.retryable }
func (f failure) Conflict() bool                   { return f.conflict }

func TestDelays(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want time.Duration
	}{
		"an unknown error":                    {errors.New("it went wrong"), retryAfter},
		"as long as the forge asks for":       {failure{after: 90 * time.Second, retryable: true}, 90 * time.Second},
		"wrapped":                             {fmt.Errorf("writing: %w", failure{after: time.Hour, retryable: true}), time.Hour},
		"among others":                        {errors.Join(errors.New("another"), failure{after: time.Minute, retryable: true}), time.Minute},
		"retryable without a time":            {failure{retryable: true}, retryAfter},
		"final":                               {failure{after: time.Second}, retryAfter},
		"something moved under us":            {failure{conflict: true}, conflictAfter},
		"something moved, and limits are hit": {failure{after: time.Minute, retryable: true, conflict: true}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			q := &fakeQueue{}
			b := &fakeBot{reconcile: func(context.Context, string) (time.Duration, error) { return time.Nanosecond, c.err }}
			newServer(b, q, slog.New(slog.DiscardHandler)).work(t.Context(), "acme/one")
			if diff := cmp.Diff([]asked{{"acme/one", c.want}}, q.taken(), cmp.AllowUnexported(asked{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A repository always comes back to the queue: after what its reconcile asked for.
func TestWorkComesBack(t *testing.T) {
	q := &fakeQueue{}
	b := &fakeBot{reconcile: func(context.Context, string) (time.Duration, error) { return 42 * time.Second, nil }}
	newServer(b, q, slog.New(slog.DiscardHandler)).work(t.Context(), "acme/one")
	if diff := cmp.Diff([]asked{{"acme/one", 42 * time.Second}}, q.taken(), cmp.AllowUnexported(asked{})); diff != "" {
		t.Error(diff)
	}
}

// A failed listing is tried again after as long as the forge asks for, not after the long interval.
func TestFailedListingIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBot{listErrs: []error{failure{after: 90 * time.Second, retryable: true}, errors.New("still down")}}
		r := start(t, newServer(b, &fakeQueue{}, slog.New(slog.DiscardHandler)))
		began := b.listings()[0]
		time.Sleep(90*time.Second + retryAfter)
		synctest.Wait()
		want := []time.Duration{0, 90 * time.Second, 90*time.Second + retryAfter}
		var got []time.Duration
		for _, at := range b.listings() {
			got = append(got, at.Sub(began))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		r.end()
	})
}

// A stop ends the work at its own pace: Run returns after it, and not before.
func TestStopFinishesTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		b := &fakeBot{reconcile: func(ctx context.Context, _ string) (time.Duration, error) {
			<-ctx.Done()
			time.Sleep(5 * time.Second) // the request that was on its way
			finished = true
			return 0, ctx.Err()
		}}
		q := &fakeQueue{keys: []string{"acme/one"}}
		r := start(t, newServer(b, q, slog.New(slog.DiscardHandler)))
		began := time.Now()
		r.end()
		if took := time.Since(began); !finished || took < 5*time.Second {
			t.Errorf("stopped after %s, finished: %t", took, finished)
		}
	})
}

// A request that is being answered when the service stops gets its answer, and no further one is taken.
func TestStopAnswersWhatIsOnItsWay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(&fakeBot{}, &fakeQueue{}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	inside, asked := make(chan struct{}), make(chan int, 1)
	s.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-ctx.Done()
		answer(w, http.StatusOK, "late")
	})
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, listener) }()
	go func() {
		got, err := http.Get("http://" + listener.Addr().String() + "/metrics")
		if err != nil {
			asked <- 0
			return
		}
		asked <- got.StatusCode
		if err := got.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	<-inside
	stop()
	if status := <-asked; status != http.StatusOK {
		t.Errorf("the request on its way got %d", status)
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if got, err := http.Get("http://" + listener.Addr().String() + "/healthz"); err == nil {
		t.Errorf("after the stop: got %d", got.StatusCode)
	}
}

// A listener that fails ends the service with an error: nothing would come in any more, and nobody would notice.
func TestFailedListenerEndsTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := newSilentListener()
		s := newServer(&fakeBot{}, &fakeQueue{}, slog.New(slog.DiscardHandler))
		done := make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { done <- s.Run(ctx, listener) }()
		synctest.Wait()
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case err := <-done:
			if err == nil {
				t.Error("want an error")
			}
		default:
			t.Error("it runs on without a listener")
			stop()
			<-done
		}
	})
}
