package registry

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// paces remembers of each host when it wants to be asked again, so that all repositories of a host rest together, and no other host
// with them.
type paces struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[string]*pace
}

// pace is how one host wants to be asked.
type pace struct {
	slots     chan struct{} // one for each request that is under way
	notBefore time.Time
	unsaid    int // refusals in a row that did not say how long to wait
}

func newPaces(now func() time.Time) *paces { return &paces{now: now, hosts: map[string]*pace{}} }

// of returns the pace of a host. Registries name hosts too: what is known of those that do not rest can be forgotten.
func (p *paces) of(host string) *pace {
	host = strings.ToLower(host)
	found := p.hosts[host]
	if found == nil {
		if len(p.hosts) >= maxHosts {
			p.forget()
		}
		found = &pace{slots: make(chan struct{}, hostRequests)}
		p.hosts[host] = found
	}
	return found
}

func (p *paces) forget() {
	now := p.now()
	for name, known := range p.hosts {
		if len(known.slots) == 0 && !now.Before(known.notBefore) {
			delete(p.hosts, name)
		}
	}
	if len(p.hosts) >= maxHosts {
		clear(p.hosts)
	}
}

// rest returns how long a host still wants to be left alone.
func (p *paces) rest(host string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.of(host).notBefore.Sub(p.now()))
}

// note learns from an answer. A refusal that does not say how long counts more each time, unless the host rests already: requests
// that were under way together are refused together.
func (p *paces) note(host string, status int, header http.Header) {
	after, said := retryAfter(header, p.now())
	limited := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && said
	p.mu.Lock()
	defer p.mu.Unlock()
	known, now := p.of(host), p.now()
	switch {
	case !limited:
		if status < http.StatusInternalServerError {
			known.unsaid = 0
		}
		return
	case !said && now.Before(known.notBefore):
		return
	case !said:
		after = min(firstWait<<known.unsaid, maxUnsaid)
		known.unsaid = min(known.unsaid+1, maxDoublings)
	}
	if until := now.Add(after); until.After(known.notBefore) {
		known.notBefore = until
	}
}

// enter waits for a place among the requests to a host; leave gives it back.
func (p *paces) enter(ctx context.Context, host string) (leave func(), err error) {
	p.mu.Lock()
	slots := p.of(host).slots
	p.mu.Unlock()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// retryAfter reads RFC 9110 section 10.2.3, seconds or a date; said is false where nothing usable is said.
func retryAfter(header http.Header, now time.Time) (after time.Duration, said bool) {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 32)
		if err != nil { // more than 68 years
			return maxRetryAfter, true
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}

// turn is a lock that can be waited for with a context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
