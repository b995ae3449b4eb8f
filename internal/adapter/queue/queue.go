// Package queue is the in-process work queue: one key at a time, each key by one worker, on client-go's workqueue.
package queue

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// Queue holds keys that want to be looked at. A key that is added while it waits is held once; one that is added while it is
// worked on is worked on once more afterwards. Nothing is kept on disk: losing every key costs latency, never correctness.
type Queue struct {
	keys workqueue.TypedDelayingInterface[string]
}

// New returns an empty queue.
func New() *Queue {
	return &Queue{keys: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{Name: "reconcile"})}
}

// Add asks for the key to be worked on once d has passed, at once where d is 0 or less.
func (q *Queue) Add(key string, d time.Duration) { q.keys.AddAfter(key, d) }

// Len returns how many keys wait to be worked on now.
func (q *Queue) Len() int { return q.keys.Len() }

// Run calls work for each key until ctx ends, at most so many at a time, and returns when the last call has.
func (q *Queue) Run(ctx context.Context, workers int, work func(ctx context.Context, key string)) {
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for {
				key, closed := q.keys.Get()
				if closed {
					return
				}
				if ctx.Err() == nil {
					work(ctx, key)
				}
				q.keys.Done(key)
			}
		})
	}
	<-ctx.Done()
	q.keys.ShutDown()
	running.Wait()
}
