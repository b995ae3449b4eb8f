package pipeline

import (
	"encoding"
	"reflect"
	"strings"
	"testing"
)

func TestFullMatch(t *testing.T) {
	for _, test := range []struct {
		expression, text string
		want             bool
	}{
		{`https://github\.com/acme/app`, "https://github.com/acme/app", true},
		{`https://github\.com/acme/app`, "https://github.com/acme/app-evil", false},
		{`https://github\.com/acme/app`, "https://evil/?https://github.com/acme/app", false},
		{`https://github\.com/acme/app`, "https://github.com/acme/app\n", false},
		{`^a$`, "a", true},
		{`(?m)^a$`, "a\nb", false},
		{`a|b`, "ab", false},
		{`a|b`, "b", true},
	} {
		f, err := ParseFullMatch(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(test.text); got != test.want {
			t.Errorf("%s on %q: %v, want %v", test.expression, test.text, got, test.want)
		}
		again, err := ParseFullMatch(f.Anchored())
		if err != nil || again.Match(test.text) != test.want {
			t.Errorf("%s on %q: the anchored form differs: %v", test.expression, test.text, err)
		}
	}
	if (FullMatch{}).Match("") || (FullMatch{}).Anchored() != "" {
		t.Error("the zero FullMatch matches something")
	}
}

// TestExpressionsAreBounded is A39: no expression escapes its anchors, is longer than 1 KiB, or needs backtracking.
func TestExpressionsAreBounded(t *testing.T) {
	for _, expression := range []string{"", `a)|(?:b`, `(?=a)`, `(a)\1`, `(?<!a)b`, `a{1001}`, `((a{100}){100}){100}`, strings.Repeat("a", 1025)} {
		if f, err := ParseFullMatch(expression); err == nil {
			t.Errorf("%q is accepted as %s", clip(expression), f.Anchored())
		}
	}
	if _, err := ParseFullMatch(strings.Repeat("a", 1024)); err != nil {
		t.Error(err)
	}
}

func TestSubjectPatternsNameSomebody(t *testing.T) {
	for expression, want := range map[string]bool{
		`https://github\.com/acme/.*`:              true,
		`^https://github\.com/acme/app$`:           true,
		`(https://github\.com/acme/)(app|shop)@.*`: true,
		`spiffe://acme\.org/ns/ci/.*`:              true,
		`[^/]+@acme\.com`:                          true,
		`.*@acme\.com`:                             false,
		`[!-~]+@acme\.com`:                         false,
		`(https://x|y)@acme\.com`:                  false,
		`[a-z]+@acme\.com`:                         true,
		`somebody@acme\.com`:                       true,
		`.*`:                                       false,
		`.+`:                                       false,
		`(?s:.)*`:                                  false,
		`^.*$`:                                     false,
		`|https://github\.com/acme/.*`:             false,
		`(https://github\.com/acme/)?.*`:           false,
		`https://[^/]+/acme/.*`:                    false,
		`https://github.com/acme/.*`:               false,
		`https://github\.com/.*`:                   false,
		`https://github\.com/acme.*`:               false,
		`.*@acme.com`:                              false,
		`.*acme\.com`:                              false,
		`.*@com`:                                   false,
		`.*(@acme\.com)?`:                          false,
		`anybody`:                                  false,
		`(?i)https://github\.com/acme/.*`:          false,
		`https://github\.com/acme/(?:)` + `app|https.*`: false,
	} {
		if err := checkSubjectPattern(expression); (err == nil) != want {
			t.Errorf("%s: %v, want good %v", expression, err, want)
		}
	}
}

func TestValuesReadWhatTheyWrite(t *testing.T) {
	for _, test := range []struct {
		value   encoding.TextUnmarshaler
		text    string
		written string
		want    any
	}{
		{new(Duration), "24h", "1d", Duration(86400)},
		{new(Duration), "90m", "90m", Duration(5400)},
		{new(Duration), "999999d", "999999d", Duration(999999 * 86400)},
		{new(Share), "90%", "90%", Share(900000)},
		{new(Share), "99.5%", "99.5%", Share(995000)},
		{new(Share), "0.0001%", "0.0001%", Share(1)},
		{new(Share), "100%", "100%", Share(1000000)},
		{new(Level), "SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_2", Level(2)},
		{new(Time), "2027-01-01", "2027-01-01T00:00:00Z", Time(1798761600)},
		{new(Time), "2027-01-01T01:00:00+01:00", "2027-01-01T00:00:00Z", Time(1798761600)},
		{new(Interval), "Fri 16:00 - Mon 08:00", "Fri 16:00 - Mon 08:00", Interval{From: 4*1440 + 960, To: 480}},
	} {
		if err := test.value.UnmarshalText([]byte(test.text)); err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		if got := reflect.ValueOf(test.value).Elem().Interface(); got != test.want {
			t.Errorf("%s: %v, want %v", test.text, got, test.want)
		}
		marshaler, ok := test.value.(encoding.TextMarshaler)
		if !ok {
			t.Fatalf("%T writes no text", test.value)
		}
		if written, err := marshaler.MarshalText(); err != nil || string(written) != test.written {
			t.Errorf("%s: written as %s, want %s: %v", test.text, written, test.written, err)
		}
	}
}
