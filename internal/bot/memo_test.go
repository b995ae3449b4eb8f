package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// note is a remembered text.
type note struct {
	text string
	good time.Duration
}

func (n note) until(now time.Time) time.Time { return now.Add(n.good) }
func (n note) size() int                     { return len(n.text) }

func newNotes(limit int) *memo[string, note] { return newMemo[string, note](&ages{}, time.Now, limit) }

// saying returns a lookup that counts how often it is made.
func saying(count *int, text string, good time.Duration) func(context.Context, note) note {
	return func(context.Context, note) note {
		*count++
		return note{text, good}
	}
}

func TestManyAskAndOneLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, count := newNotes(1<<20), 0
		answer := make(chan struct{})
		look := func(context.Context, note) note {
			count++
			<-answer
			return note{"here", time.Hour}
		}
		var asked sync.WaitGroup
		for range 10 {
			asked.Go(func() {
				if got, err := m.get(t.Context(), "a", asking{since: 0, fresh: true}, look); err != nil || got.text != "here" {
					t.Errorf("got %q, %v", got.text, err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		asked.Wait()
		if count != 1 {
			t.Errorf("looked %d times, want once", count)
		}
	})
}

func TestWhatIsKeptIsGoodForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, count := newNotes(1<<20), 0
		look := saying(&count, "here", time.Minute)
		get := func(a asking, want int) {
			t.Helper()
			if _, err := m.get(t.Context(), "a", a, look); err != nil || count != want {
				t.Errorf("looked %d times (%v), want %d", count, err, want)
			}
		}
		get(asking{}, 1)
		get(asking{}, 1)
		since := m.ages.next()
		get(asking{since: since, fresh: true}, 2)
		get(asking{since: since, fresh: true}, 2) // it was looked up since
		get(asking{since: since}, 2)
		time.Sleep(time.Minute)
		get(asking{}, 3)
	})
}

// Somebody who was told that it changed must not be shown what was looked up before, even where that lookup still runs. However many are
// told so meanwhile, it is looked up once more.
func TestFreshIsNotWhatWasUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, count := newNotes(1<<20), 0
		first := make(chan struct{})
		go func() {
			got, err := m.get(t.Context(), "a", asking{}, func(context.Context, note) note { <-first; return note{"old", time.Hour} })
			if err != nil || got.text != "old" {
				t.Errorf("got %q, %v", got.text, err)
			}
		}()
		synctest.Wait()
		for range 10 {
			a := asking{since: m.ages.next(), fresh: true}
			go func() {
				if got, err := m.get(t.Context(), "a", a, saying(&count, "new", time.Hour)); err != nil || got.text != "new" {
					t.Errorf("got %q, %v", got.text, err)
				}
			}()
		}
		synctest.Wait()
		close(first)
		synctest.Wait()
		if got, err := m.get(t.Context(), "a", asking{}, nil); err != nil || got.text != "new" || count != 1 {
			t.Errorf("got %q, %v, after %d more lookups, want one", got.text, err, count)
		}
	})
}

// Who is waited for in vain is not waited for again when it is asked anew.
func TestLateStaysLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newNotes(1 << 20)
		answer := make(chan struct{})
		slow := func(context.Context, note) note { <-answer; return note{"here", time.Hour} }
		for n := range 5 {
			begun := time.Now()
			a := asking{since: m.ages.next(), fresh: true, wait: newPatience()}
			if _, err := m.get(t.Context(), "slow", a, slow); !errors.Is(err, errStillLooking) || n > 0 && time.Since(begun) != 0 {
				t.Errorf("waited %s, %v", time.Since(begun), err)
			}
		}
		close(answer)
	})
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newNotes(1 << 20)
		answer := make(chan struct{})
		slow := func(context.Context, note) note { <-answer; return note{"here", time.Hour} }
		called := 0
		again := func() { called++ }
		begun := time.Now()
		_, err := m.get(t.Context(), "slow", asking{wait: newPatience(), again: again}, slow)
		if !errors.Is(err, errStillLooking) || time.Since(begun) != idleWait {
			t.Fatalf("waited %s, %v", time.Since(begun), err)
		}
		begun = time.Now() // once is enough
		if _, err := m.get(t.Context(), "slow", asking{wait: newPatience(), again: again}, slow); !errors.Is(err, errStillLooking) || time.Since(begun) != 0 {
			t.Errorf("waited %s, %v", time.Since(begun), err)
		}
		close(answer)
		synctest.Wait()
		if called != 2 {
			t.Errorf("called back %d times, want 2", called)
		}
		if got, err := m.get(t.Context(), "slow", asking{wait: newPatience()}, nil); err != nil || got.text != "here" {
			t.Errorf("got %q, %v", got.text, err)
		}
	})
}

// While answers keep coming a reconcile waits, but not for ever.
func TestPatienceIsRenewedByWhatComesIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p := newNotes(1<<20), newPatience()
		var took []time.Duration
		begun := time.Now()
		for n := range 20 {
			key := string(rune('a' + n))
			_, err := m.get(t.Context(), key, asking{wait: p}, func(context.Context, note) note {
				time.Sleep(idleWait * 3 / 4)
				return note{key, time.Hour}
			})
			if err != nil {
				took = append(took, time.Since(begun))
			}
		}
		if len(took) == 0 || took[0] != longestWait || !slices.IsSorted(took) {
			t.Errorf("gave up after %v, want %s first", took, longestWait)
		}
		time.Sleep(time.Minute) // for those that were left behind
	})
}

func TestContextEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newNotes(1 << 20)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := m.get(ctx, "a", asking{}, func(ctx context.Context, _ note) note { <-ctx.Done(); return note{} })
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestMemoIsBounded(t *testing.T) {
	m, count := newNotes(100), 0
	for _, key := range []string{"a", "b", "c", "a"} {
		if _, err := m.get(t.Context(), key, asking{}, saying(&count, string(make([]byte, 40)), time.Hour)); err != nil {
			t.Fatal(err)
		}
		if m.bytes > 100 {
			t.Errorf("keeps %d bytes", m.bytes)
		}
	}
	if count != 4 {
		t.Errorf("looked %d times, want 4: the first was forgotten", count)
	}
}
