// Package child has signatures verified in worker processes of the same program, so that bytes made to kill or to bloat whoever reads
// them cost a worker, which is replaced.
package child

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Options say how workers are started.
type Options struct {
	Path string   // of the program
	Args []string // with which it calls Serve

	Now   func() time.Time                     // nil: time.Now
	After func(time.Duration) <-chan time.Time // nil: time.After
}

// Verifier hands out requests to workers. They are started when they are needed, kept, and replaced when they die.
type Verifier struct {
	options Options
	slots   chan struct{} // holds an element for each worker that is busy

	mu     sync.Mutex // protects what follows
	idle   []*worker
	all    map[*worker]bool
	closed bool
}

// New starts nothing yet.
func New(o Options) *Verifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	return &Verifier{options: o, slots: make(chan struct{}, min(runtime.GOMAXPROCS(0), maxWorkers)), all: map[*worker]bool{}}
}

// Close ends all workers. Requests under way fail.
func (v *Verifier) Close() {
	v.mu.Lock()
	v.closed = true
	all := v.all
	v.all, v.idle = nil, nil
	v.mu.Unlock()
	for w := range all {
		w.stop()
	}
}

// exchange asks one worker once. Waiting for a worker is not yet work; ctx ends it.
func (v *Verifier) exchange(ctx context.Context, request evidence.VerifyRequest, budget *budget) (answer evidence.VerifyAnswer, fresh bool, err error) {
	select {
	case v.slots <- struct{}{}:
		defer func() { <-v.slots }()
	case <-ctx.Done():
		return evidence.VerifyAnswer{}, false, ctx.Err()
	}
	expired := budget.begin()
	defer budget.end()
	w, err := v.take(ctx, expired)
	if err != nil {
		return evidence.VerifyAnswer{}, true, err
	}
	fresh = w.fresh()
	answer, err = w.ask(ctx, request, expired)
	v.give(w)
	return answer, fresh, err
}

// take returns an idle worker, or a new one that is warm.
func (v *Verifier) take(ctx context.Context, expired <-chan time.Time) (*worker, error) {
	v.mu.Lock()
	for len(v.idle) > 0 {
		w := v.idle[len(v.idle)-1]
		v.idle = v.idle[:len(v.idle)-1]
		if w.ended() { // by no fault of a request
			delete(v.all, w)
			w.stop()
			continue
		}
		v.mu.Unlock()
		return w, nil
	}
	v.mu.Unlock()
	return v.start(ctx, expired)
}

func (v *Verifier) start(ctx context.Context, expired <-chan time.Time) (*worker, error) {
	v.mu.Lock() // held while a process starts: Close must know of it
	if v.closed {
		v.mu.Unlock()
		return nil, &refusal{err: errClosed}
	}
	w, err := newWorker(v.options.Path, v.options.Args)
	if err == nil {
		v.all[w] = true
	}
	v.mu.Unlock()
	if err != nil {
		return nil, &startError{err}
	}
	if err := w.warmUp(ctx, expired); err != nil {
		w.stop()
		v.give(w)
		return nil, &startError{err}
	}
	return w, nil
}

var errClosed = errors.New("the verifier is closed")

// give takes a worker back, if it is still good for another request.
func (v *Verifier) give(w *worker) {
	if w.grown() > growth { // between two samples, or garbage: it must not count against the next request
		w.stop()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case w.ended():
		delete(v.all, w)
	case v.closed:
	default:
		v.idle = append(v.idle, w)
	}
}
