package pipeline

import (
	"fmt"
	"regexp"
)

// FullMatch is a regular expression from configuration (RE2) that matches a whole text or nothing: regexp's own match is
// not anchored, so that https://github.com/acme/app would also let app-evil in (A12). The zero FullMatch matches nothing.
type FullMatch struct {
	text string
	re   *regexp.Regexp
}

// ParseFullMatch compiles an expression of at most 1 KiB. It must compile alone, before it is wrapped: otherwise
// "a)|(?:b" would escape from the anchors.
func ParseFullMatch(expression string) (FullMatch, error) {
	if expression == "" || len(expression) > maxExpression {
		return FullMatch{}, fmt.Errorf("expression of %d bytes: want 1 to %d", len(expression), maxExpression)
	}
	if _, err := regexp.Compile(expression); err != nil {
		return FullMatch{}, fmt.Errorf("expression %q: %w", expression, err)
	}
	re, err := regexp.Compile(anchored(expression))
	if err != nil {
		return FullMatch{}, fmt.Errorf("expression %q: %w", expression, err)
	}
	return FullMatch{text: expression, re: re}, nil
}

// anchored wraps an expression in a group of its own: without it, only the first of several alternatives would be anchored.
func anchored(expression string) string { return `\A(?:` + expression + `)\z` }

// String returns the expression as written.
func (f FullMatch) String() string { return f.text }

// Anchored returns the expression between \A(?: and )\z, for matchers that do not anchor; "" for the zero FullMatch.
func (f FullMatch) Anchored() string {
	if f.re == nil {
		return ""
	}
	return f.re.String()
}

// IsZero reports whether there is no expression.
func (f FullMatch) IsZero() bool { return f.re == nil }

// Match reports whether the whole of s matches.
func (f FullMatch) Match(s string) bool { return f.re != nil && f.re.MatchString(s) }

// group returns what the named group matched in s, if the whole of s matches.
func (f FullMatch) group(name, s string) (string, bool) {
	if f.re == nil {
		return "", false
	}
	i := f.re.SubexpIndex(name)
	match := f.re.FindStringSubmatch(s)
	if match == nil || i < 0 {
		return "", false
	}
	return match[i], true
}

// MarshalText writes the expression as written.
func (f FullMatch) MarshalText() ([]byte, error) { return []byte(f.text), nil }

// UnmarshalText reads what MarshalText wrote.
func (f *FullMatch) UnmarshalText(text []byte) error {
	parsed, err := ParseFullMatch(string(text))
	if err != nil {
		return err
	}
	*f = parsed
	return nil
}
