package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liftlock/liftlock/internal/bot"
)

// fakeBot is the use case, scripted.
type fakeBot struct {
	mu        sync.Mutex
	names     []string
	listErrs  []error // of the next listings
	listed    []time.Time
	hints     []bot.Hint
	reconcile func(ctx context.Context, key string) (time.Duration, error)
}

func (b *fakeBot) Repositories(context.Context) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listed = append(b.listed, time.Now())
	if len(b.listErrs) > 0 {
		err := b.listErrs[0]
		b.listErrs = b.listErrs[1:]
		return nil, err
	}
	return b.names, nil
}

// Notice knows two repositories that watch any package.
func (b *fakeBot) Notice(h bot.Hint) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hints = append(b.hints, h)
	if h.Repository == "" {
		return []string{"acme/one", "acme/two"}
	}
	return []string{h.Repository}
}

func (b *fakeBot) Reconcile(ctx context.Context, key string) (time.Duration, error) {
	return b.reconcile(ctx, key)
}

func (b *fakeBot) noticed() []bot.Hint {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]bot.Hint(nil), b.hints...)
}

// listings returns when the repositories were listed.
func (b *fakeBot) listings() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]time.Time(nil), b.listed...)
}

func (b *fakeBot) install(names ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names = names
}

// asked is one call of a queue.
type asked struct {
	key   string
	after time.Duration
}

// fakeQueue keeps what it was asked for. Run works through keys and then waits for the end.
type fakeQueue struct {
	mu    sync.Mutex
	added []asked
	keys  []string
}

func (q *fakeQueue) Add(key string, after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.added = append(q.added, asked{key, after})
}

func (q *fakeQueue) Len() int { return 0 }

func (q *fakeQueue) Run(ctx context.Context, _ int, work func(ctx context.Context, key string)) {
	for _, key := range q.keys {
		work(ctx, key)
	}
	<-ctx.Done()
}

func (q *fakeQueue) taken() []asked {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]asked(nil), q.added...)
}

const goodSignature = "sha256=good"

// newServer returns a server whose deliveries are valid with goodSignature, and whose bodies say what to make of them.
func newServer(b *fakeBot, q *fakeQueue, log *slog.Logger) *Server {
	return New(Options{
		Bot: b, Queue: q, Log: log, Compare: 10 * time.Minute, Workers: 1,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "some_metric 1") }),
		Verify: func(signature string, _ []byte) error {
			if signature != goodSignature {
				return errors.New("no such secret")
			}
			return nil
		},
		Parse: func(event string, body []byte) (Delivery, error) {
			switch {
			case string(body) == "broken":
				return Delivery{}, errors.New("unexpected end of JSON input")
			case event == "installation":
				return Delivery{Installations: true}, nil
			case event == "package":
				return Delivery{Hint: bot.Hint{}}, nil
			case event == "push":
				return Delivery{Hint: bot.Hint{Repository: string(body)}}, nil
			}
			return Delivery{Ignored: true}, nil
		},
	})
}

// silentListener is a listener to which nobody connects, so that time can be simulated.
type silentListener struct {
	once   sync.Once
	closed chan struct{}
}

func newSilentListener() *silentListener { return &silentListener{closed: make(chan struct{})} }

func (l *silentListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

func (l *silentListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *silentListener) Addr() net.Addr { return &net.TCPAddr{} }

// running is a server in simulated time.
type running struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, s *Server) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := running{t: t, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- s.Run(ctx, newSilentListener()) }()
	synctest.Wait()
	return r
}

// end asks the server to stop and waits until it has.
func (r running) end() {
	r.t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		r.t.Errorf("Run: %v", err)
	}
}
