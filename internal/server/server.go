// Package server runs the bot: webhooks and the clock say when to look, a queue says in which order, HTTP says how it goes.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/liftlock/liftlock/internal/bot"
)

// Queue orders the work: one key at a time, each key by one worker.
type Queue interface {
	Add(key string, after time.Duration)
	Len() int
	Run(ctx context.Context, workers int, work func(ctx context.Context, key string))
}

// Bot is the use case that the server drives.
type Bot interface {
	Repositories(ctx context.Context) ([]string, error)
	Notice(h bot.Hint) (keys []string)
	Reconcile(ctx context.Context, key string) (next time.Duration, err error)
}

// Delivery is what a webhook said: a hint, or that the installations changed.
type Delivery struct {
	Hint          bot.Hint
	Installations bool
	Ignored       bool
}

// Options configure a Server.
type Options struct {
	Bot   Bot
	Queue Queue
	Log   *slog.Logger
	// Verify checks a delivery's signature over its body; Parse reads it.
	Verify func(signature string, body []byte) error
	Parse  func(event string, body []byte) (Delivery, error)
	// Metrics serves /metrics.
	Metrics http.Handler
	// Compare is how often everything is compared, whatever events said or did not say.
	Compare time.Duration
	Workers int
}

// Server is one replica.
type Server struct {
	Options
	ready      atomic.Bool
	deliveries *deliveries
	relist     chan struct{} // installations changed
}

// New returns a server that is not ready until Run has listed the repositories.
func New(o Options) *Server {
	return &Server{Options: o, deliveries: newDeliveries(), relist: make(chan struct{}, 1)}
}

// How long a failed reconcile waits, and how long a graceful stop may take.
const (
	retryAfter    = 10 * time.Second
	conflictAfter = 100 * time.Millisecond
	stopWithin    = 20 * time.Second
	readTimeout   = 10 * time.Second
)

// Run serves on the listener and works until ctx ends. Then it takes no more requests, finishes what it is doing, and returns. It ends with an
// error where the listener fails: a service that hears nothing looks well from outside.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	web := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: readTimeout, ReadTimeout: 2 * readTimeout, WriteTimeout: 2 * readTimeout}
	served := make(chan error, 1)
	go func() {
		served <- web.Serve(listener)
		end()
	}()
	go s.compareAll(ctx)
	s.Queue.Run(ctx, s.Workers, s.work)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := web.Shutdown(stopping); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// compareAll lists the repositories now and then, and asks for each to be compared as a whole: losing every event costs latency only.
func (s *Server) compareAll(ctx context.Context) {
	for {
		wait := s.Compare
		if err := s.enqueueAll(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "listing repositories", "error", err)
			wait = delay(err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.relist:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (s *Server) enqueueAll(ctx context.Context) error {
	names, err := s.Bot.Repositories(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		s.notice(bot.Hint{Repository: name, Full: true})
	}
	s.ready.Store(true)
	return nil
}

func (s *Server) notice(h bot.Hint) {
	for _, key := range s.Bot.Notice(h) {
		s.Queue.Add(key, 0)
	}
}

// work reconciles one repository and asks for the next time. An unfinished call at the stop ends at a request's edge: every step can be
// taken up again by the next replica.
func (s *Server) work(ctx context.Context, key string) {
	next, err := s.Bot.Reconcile(ctx, key)
	if err != nil && ctx.Err() == nil {
		next = delay(err)
		s.Log.ErrorContext(ctx, "reconciling", "repository", key, "error", err, "again", next.String())
	}
	s.Queue.Add(key, next)
}

// delay is how long to wait after an error: as long as it asks for, else a while.
func delay(err error) time.Duration {
	if r, ok := errors.AsType[retryable](err); ok {
		if after, ok := r.Retryable(); ok && after > 0 {
			return after
		}
	}
	if c, ok := errors.AsType[conflict](err); ok && c.Conflict() {
		return conflictAfter
	}
	return retryAfter
}

// conflict is an error that says that something moved under us: look again, then decide again.
type conflict interface {
	error
	Conflict() bool
}

// retryable is an error that may heal by itself.
type retryable interface {
	error
	Retryable() (after time.Duration, ok bool)
}
