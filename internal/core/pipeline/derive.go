package pipeline

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Kinds of windows and closures.
const (
	windowDeny    = "deny"
	windowAllow   = "allow"
	closureWindow = "window"
	closureFreeze = "freeze"
)

const (
	secondsOfMinute = 60
	secondsOfWeek   = 7 * 24 * 60 * 60
	// The epoch was a Thursday; weeks here start on Monday.
	epochWeekday = 3 * 24 * 60 * 60
)

// compareWindows orders windows by all that they say, so that equal demands have equal bytes.
func compareWindows(a, b Window) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), strings.Compare(a.Zone, b.Zone))
}

// Derive says what closes the environment at an instant, and when that changes next. It is the same at every instant from at
// until NextChange, which is what makes reconsiderAt sound.
func Derive(requirements Requirements, at int64) Derived {
	d := derivation{at: at, result: Derived{Closed: []Closure{}}}
	var allow []clock
	for _, window := range requirements.Windows {
		location, err := loadZone(window.Zone)
		if err != nil {
			// Checked when the documents were read: this host does not know a zone that another one knew. Closed, not open.
			d.close(Closure{Kind: closureWindow, Name: windowName(window), Reason: "time zone unknown here"})
			continue
		}
		c := clock{window: window, location: location}
		if window.Kind == windowAllow {
			allow = append(allow, c)
			continue
		}
		next := c.next(at)
		d.change(next)
		if c.holds(at) {
			d.close(Closure{Kind: closureWindow, Name: windowName(window), Reason: "closed in this window", Until: next})
		}
	}
	d.allowed(allow)
	for _, freeze := range requirements.Freezes {
		d.freeze(freeze)
	}
	slices.SortFunc(d.result.Closed, func(a, b Closure) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return d.result
}

// derivation collects closures and the first change.
type derivation struct {
	at     int64
	result Derived
}

func (d *derivation) close(c Closure) { d.result.Closed = append(d.result.Closed, c) }

// change notes an instant at which something differs; those in the past are none.
func (d *derivation) change(at int64) {
	if at > d.at && (d.result.NextChange == 0 || at < d.result.NextChange) {
		d.result.NextChange = at
	}
}

// freeze closes from its first instant to before its last; without an end, until its document is removed.
func (d *derivation) freeze(f FreezeRule) {
	d.change(f.From)
	d.change(f.Until)
	if f.From <= d.at && (f.Until == 0 || d.at < f.Until) {
		d.close(Closure{Kind: closureFreeze, Name: f.Name, Reason: f.Reason, Until: f.Until})
	}
}

// allowed closes outside all the allow windows together; one may end where another begins.
func (d *derivation) allowed(windows []clock) {
	if len(windows) == 0 {
		return
	}
	open := anyHolds(windows, d.at)
	change := int64(0)
	for t := d.at; change == 0 && t-d.at < maxHorizon; {
		if t = firstNext(windows, t); anyHolds(windows, t) != open {
			change = t
		}
	}
	d.change(change)
	if open {
		return
	}
	names := make([]string, len(windows))
	for i, w := range windows {
		names[i] = windowName(w.window)
	}
	d.close(Closure{Kind: closureWindow, Name: strings.Join(names, "; "), Reason: "closed outside this window", Until: change})
}

func anyHolds(windows []clock, at int64) bool {
	return slices.ContainsFunc(windows, func(c clock) bool { return c.holds(at) })
}

func firstNext(windows []clock, at int64) int64 {
	first := windows[0].next(at)
	for _, c := range windows[1:] {
		first = min(first, c.next(at))
	}
	return first
}

// windowName is the window as people write it.
func windowName(w Window) string {
	return w.Kind + " " + Interval{w.From, w.To}.String() + " " + w.Zone
}

// clock is a window by the clock on the wall of its zone.
type clock struct {
	window   Window
	location *time.Location
}

// second returns the second of the week that the wall shows.
func (c clock) second(at int64) int64 {
	_, offset := time.Unix(at, 0).In(c.location).Zone()
	return modulo(at + int64(offset) + epochWeekday)
}

// modulo is never negative, unlike %: west of Greenwich the first week began before the epoch.
func modulo(seconds int64) int64 { return (seconds%secondsOfWeek + secondsOfWeek) % secondsOfWeek }

// holds reports whether the wall shows a time in the window. Where the clock is put back, an hour comes twice and counts twice.
func (c clock) holds(at int64) bool {
	from, to, now := int64(c.window.From)*secondsOfMinute, int64(c.window.To)*secondsOfMinute, c.second(at)
	if from < to {
		return from <= now && now < to
	}
	return now >= from || now < to
}

// next returns the first instant after at where holds differs. While the zone's offset stays, the wall runs evenly, and the
// nearest end of the window is it; where the offset changes first, the wall jumps, perhaps across an end, and perhaps back.
func (c clock) next(at int64) int64 {
	held := c.holds(at)
	for {
		now := c.second(at)
		wait := min(until(now, c.window.From), until(now, c.window.To))
		_, end := time.Unix(at, 0).In(c.location).ZoneBounds()
		if end.IsZero() || at+wait < end.Unix() {
			return at + wait
		}
		// Two ends fall in any week without a jump, so that this ends.
		if at = end.Unix(); c.holds(at) != held {
			return at
		}
	}
}

// until returns the seconds from a second of the week to a minute of it, at least one.
func until(now int64, minute int) int64 {
	if wait := modulo(int64(minute)*secondsOfMinute - now); wait > 0 {
		return wait
	}
	return secondsOfWeek
}
