package forge

import (
	"testing"
	"time"
)

// Work that takes several writes asks for room first: refused halfway, each attempt would spend what the next one needs, for ever.
func TestRoomSpendsNothingAndEnds(t *testing.T) {
	b := newBudget(WriteLimits{})
	now := time.Unix(1_800_000_000, 0)
	for b.allow(now, true) == 0 {
	}
	for attempt := range 100 {
		wait := b.room(now, 5)
		if wait == 0 {
			t.Fatalf("attempt %d: room at once in an empty budget", attempt)
		}
	}
	now = now.Add(b.room(now, 5) + time.Millisecond)
	if wait := b.room(now, 5); wait != 0 {
		t.Errorf("no room after the time that was named: %v more", wait)
	}
	for n := range 5 {
		if wait := b.allow(now, true); wait != 0 {
			t.Errorf("write %d is refused for %v in spite of room", n, wait)
		}
	}
}
