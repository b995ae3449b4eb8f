package queue

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddDuringWorkRunsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var order []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			q.Run(ctx, 1, func(_ context.Context, key string) {
				order = append(order, key)
				if len(order) == 1 {
					q.Add("a", 0)
					q.Add("a", 0)
				}
			})
		}()
		q.Add("a", 0)
		synctest.Wait()
		cancel()
		<-done
		if !slices.Equal(order, []string{"a", "a"}) {
			t.Errorf("got %v, want a worked on once more after being added twice during work", order)
		}
	})
}

func TestAddAfterWaitsByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		start := time.Now()
		var when []time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			q.Run(ctx, 2, func(context.Context, string) { when = append(when, time.Since(start)) })
		}()
		q.Add("later", time.Hour)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		cancel()
		<-done
		if len(when) != 1 || when[0] < time.Hour || when[0] > time.Hour+time.Minute {
			t.Errorf("got %v, want one call after an hour", when)
		}
	})
}
