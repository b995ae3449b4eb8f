package bot

import (
	"context"
	"sync"
	"time"
)

// patience is what a reconcile has with registries: it ends when nothing has come in for a while. While answers keep coming, in
// whatever order, waiting is worth it: a repository with a thousand images has them looked up in one go.
type patience struct {
	over chan struct{}
	end  time.Time // by when it is over in any case

	mu    sync.Mutex // protects timer
	timer *time.Timer
}

// newPatience begins at once.
func newPatience() *patience {
	p := &patience{over: make(chan struct{}), end: time.Now().Add(longestWait)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(idleWait, func() { close(p.over) })
	return p
}

// await waits for done, and reports whether it came in time. A nil patience waits for as long as ctx lasts.
func (p *patience) await(ctx context.Context, done <-chan struct{}) bool {
	var over <-chan struct{}
	if p != nil {
		over = p.over
	}
	select {
	case <-done:
		p.renew()
		return true
	case <-over:
	case <-ctx.Done():
	}
	return false
}

// renew begins anew, because something came in. What is over stays over.
func (p *patience) renew() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer.Stop() {
		p.timer.Reset(max(0, min(idleWait, time.Until(p.end))))
	}
}
