package forge

import (
	"cmp"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// budget keeps one installation below GitHub's limits. It refuses rather than waits: a refusal lets the worker do other work.
type budget struct {
	minute, hour *rate.Limiter

	mu      sync.Mutex
	restful time.Time // no request before this: the forge asked to be left alone
}

// newBudget starts full: a restart may send a burst, which the shares leave room for.
func newBudget(limits WriteLimits) *budget {
	return &budget{
		minute: limiter(cmp.Or(limits.PerMinute, githubWritesPerMinute), time.Minute, burstOfMinute),
		hour:   limiter(cmp.Or(limits.PerHour, githubWritesPerHour), time.Hour, burstOfHour),
	}
}

// limiter lets so many writes go in a span: a share of them at once, the others evenly, and a little less than all.
func limiter(writes int, span time.Duration, burst float64) *rate.Limiter {
	steady := float64(writes) * (used - burst)
	return rate.NewLimiter(rate.Limit(steady/span.Seconds()), max(1, int(float64(writes)*burst)))
}

// allow says how long the request has to wait; 0: it may go, and a write is counted.
func (b *budget) allow(now time.Time, write bool) time.Duration {
	b.mu.Lock()
	rest := b.restful.Sub(now)
	b.mu.Unlock()
	if rest > 0 {
		return rest
	}
	if !write {
		return 0
	}
	minute := b.minute.ReserveN(now, 1)
	hour := b.hour.ReserveN(now, 1)
	wait := max(minute.DelayFrom(now), hour.DelayFrom(now))
	if wait > 0 { // give back what was not used, or refusals would eat the budget
		hour.CancelAt(now)
		minute.CancelAt(now)
	}
	return wait
}

// room says how long to wait until so many writes may go one after the other. Nothing is counted: whoever begins work that takes
// several writes asks first, or each refused attempt would spend what the next one needs.
func (b *budget) room(now time.Time, writes int) time.Duration {
	b.mu.Lock()
	wait := max(b.restful.Sub(now), 0)
	b.mu.Unlock()
	for _, limiter := range []*rate.Limiter{b.minute, b.hour} {
		if missing := float64(min(writes, limiter.Burst())) - limiter.TokensAt(now); missing > 0 {
			wait = max(wait, time.Duration(missing/float64(limiter.Limit())*float64(time.Second)))
		}
	}
	return wait
}

// rest notes that the forge wants no requests until then.
func (b *budget) rest(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.restful) {
		b.restful = until
	}
}
