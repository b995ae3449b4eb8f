package pipeline

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(t testing.TB, text string) int64 {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Unix()
}

func window(t testing.TB, kind, text, zone string) Window {
	t.Helper()
	var interval Interval
	if err := interval.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return Window{Kind: kind, From: interval.From, To: interval.To, Zone: zone}
}

func TestDerive(t *testing.T) {
	weekend := window(t, windowDeny, "Fri 16:00 - Mon 08:00", "Europe/Berlin")
	office := window(t, windowAllow, "Mon 08:00 - Fri 16:00", "Europe/Berlin")
	night := window(t, windowDeny, "Sun 02:00 - Sun 03:00", "Europe/Berlin")
	freeze := FreezeRule{Name: "holidays", Reason: "Holidays", From: at(t, "2026-12-20T00:00:00Z"), Until: at(t, "2027-01-03T00:00:00Z")}
	for _, test := range []struct {
		name         string
		requirements Requirements
		at           string
		closed       []string // name, until
		next         string
	}{
		{"nothing", Requirements{}, "2026-11-20T12:00:00Z", nil, ""},
		{"before the weekend", Requirements{Windows: []Window{weekend}}, "2026-11-20T14:59:59Z", nil, "2026-11-20T15:00:00Z"},
		{"weekend begins", Requirements{Windows: []Window{weekend}}, "2026-11-20T15:00:00Z",
			[]string{"deny Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-11-23T07:00:00Z"}, "2026-11-23T07:00:00Z"},
		{"weekend ends", Requirements{Windows: []Window{weekend}}, "2026-11-23T07:00:00Z", nil, "2026-11-27T15:00:00Z"},
		{"weekend of an earlier clock in spring: an hour less", Requirements{Windows: []Window{weekend}}, "2026-03-27T15:00:00Z",
			[]string{"deny Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-03-30T06:00:00Z"}, "2026-03-30T06:00:00Z"},
		{"weekend of a later clock in autumn: an hour more", Requirements{Windows: []Window{weekend}}, "2026-10-23T14:00:00Z",
			[]string{"deny Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-10-26T07:00:00Z"}, "2026-10-26T07:00:00Z"},
		{"outside office hours", Requirements{Windows: []Window{office}}, "2026-11-21T00:00:00Z",
			[]string{"allow Mon 08:00 - Fri 16:00 Europe/Berlin", "2026-11-23T07:00:00Z"}, "2026-11-23T07:00:00Z"},
		{"in office hours", Requirements{Windows: []Window{office}}, "2026-11-24T00:00:00Z", nil, "2026-11-27T15:00:00Z"},
		{"an hour that does not come in spring", Requirements{Windows: []Window{night}}, "2026-03-28T12:00:00Z", nil, "2026-04-05T00:00:00Z"},
		{"an hour that comes twice in autumn", Requirements{Windows: []Window{night}}, "2026-10-25T00:00:00Z",
			[]string{"deny Sun 02:00 - Sun 03:00 Europe/Berlin", "2026-10-25T02:00:00Z"}, "2026-10-25T02:00:00Z"},
		{"allow windows that cover the week", Requirements{Windows: []Window{
			window(t, windowAllow, "Mon 00:00 - Wed 12:00", "UTC"), window(t, windowAllow, "Wed 12:00 - Mon 00:00", "UTC")}}, "2026-11-20T00:00:00Z", nil, ""},
		{"allow windows side by side", Requirements{Windows: []Window{
			window(t, windowAllow, "Mon 00:00 - Tue 00:00", "UTC"), window(t, windowAllow, "Tue 00:00 - Wed 00:00", "UTC")}}, "2026-11-23T00:00:00Z", nil, "2026-11-25T00:00:00Z"},
		{"before a freeze", Requirements{Freezes: []FreezeRule{freeze}}, "2026-12-19T23:59:59Z", nil, "2026-12-20T00:00:00Z"},
		{"in a freeze", Requirements{Freezes: []FreezeRule{freeze}}, "2026-12-20T00:00:00Z", []string{"holidays", "2027-01-03T00:00:00Z"}, "2027-01-03T00:00:00Z"},
		{"after a freeze", Requirements{Freezes: []FreezeRule{freeze}}, "2027-01-03T00:00:00Z", nil, ""},
		{"a freeze without end", Requirements{Freezes: []FreezeRule{{Name: "migration"}}}, "2027-01-03T00:00:00Z", []string{"migration", ""}, ""},
		{"a zone unknown here closes", Requirements{Windows: []Window{{Kind: windowAllow, From: 1, To: 2, Zone: "Moon/Base"}}}, "2027-01-03T00:00:00Z",
			[]string{"allow Mon 00:01 - Mon 00:02 Moon/Base", ""}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Derive(test.requirements, at(t, test.at))
			var closed []string
			for _, c := range got.Closed {
				closed = append(closed, c.Name, instant(c.Until))
			}
			if diff := cmp.Diff(test.closed, closed); diff != "" {
				t.Error(diff)
			}
			if next := instant(got.NextChange); next != test.next {
				t.Errorf("next change %s, want %s", next, test.next)
			}
		})
	}
}

func instant(at int64) string {
	if at == 0 {
		return ""
	}
	return time.Unix(at, 0).UTC().Format(time.RFC3339)
}

// TestDeriveIsConstantUntilItsNextChange is what reconsiderAt rests on. Zones are those with unusual clocks: half hours, a
// midnight that does not come, a summer that pauses for Ramadan, a day that was left out, offsets with seconds.
func TestDeriveIsConstantUntilItsNextChange(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo",
		"Pacific/Apia", "Africa/Monrovia", "Asia/Kathmandu", "Africa/Cairo"}
	random := rand.New(rand.NewPCG(1, 2))
	start, span := int64(0), at(t, "2040-01-01T00:00:00Z")
	for range 500 {
		requirements := Requirements{}
		for range random.IntN(4) {
			requirements.Windows = append(requirements.Windows, Window{Kind: []string{windowDeny, windowAllow}[random.IntN(2)],
				From: random.IntN(7 * minutesOfDay), To: random.IntN(7 * minutesOfDay), Zone: zones[random.IntN(len(zones))]})
		}
		from := start + random.Int64N(span)
		for range random.IntN(2) {
			freeze := FreezeRule{Name: "freeze", From: from + random.Int64N(secondsOfWeek) - secondsOfWeek/2}
			freeze.Until = freeze.From + 1 + random.Int64N(secondsOfWeek)
			requirements.Freezes = append(requirements.Freezes, freeze)
		}
		derived := Derive(requirements, from)
		end := derived.NextChange
		if end == 0 {
			end = from + 2*secondsOfWeek
		} else if end <= from {
			t.Fatalf("%+v at %s: next change %s is not later", requirements, instant(from), instant(end))
		} else if cmp.Equal(derived.Closed, Derive(requirements, end).Closed) {
			t.Fatalf("%+v at %s: nothing changes at %s", requirements, instant(from), instant(end))
		}
		probes := []int64{from + 1, end - 1, (from + end) / 2}
		for range 20 {
			probes = append(probes, from+random.Int64N(end-from))
		}
		for _, probe := range probes {
			if probe < from || probe >= end {
				continue
			}
			if diff := cmp.Diff(derived, Derive(requirements, probe)); diff != "" {
				t.Fatalf("%+v at %s, next change %s, differs at %s:\n%s", requirements, instant(from), instant(end), instant(probe), diff)
			}
		}
	}
}

func BenchmarkDerive(b *testing.B) {
	requirements := Requirements{Windows: []Window{window(b, windowDeny, "Fri 16:00 - Mon 08:00", "Europe/Berlin")}}
	for b.Loop() {
		Derive(requirements, 1795132800)
	}
}
