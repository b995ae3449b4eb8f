package owners

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern is a gitignore-style pattern as CODEOWNERS has it, cut at its slashes. The segment "**" stands for any number of path
// segments, none included. Matching needs no regular expression and never more than |pattern| x |path| steps.
type pattern struct {
	segments []segment
}

type segment struct {
	any     bool   // "**"
	literal bool   // text is compared as it is
	text    string // escapes removed where literal
}

func parsePattern(s string) (pattern, error) {
	if err := checkPattern(s); err != nil {
		return pattern{}, err
	}
	parts := strings.Split(s, "/")
	directory := parts[len(parts)-1] == ""
	if directory {
		parts = parts[:len(parts)-1]
	}
	if parts[0] == "" {
		parts = parts[1:]
	} else if len(parts) == 1 {
		parts = slices.Insert(parts, 0, "**") // no slash but a last one: matches at any depth
	}
	last := parts[len(parts)-1]
	switch {
	case directory || last == "**":
		// A directory is owned through what it holds: at least one segment more.
		if last == "**" {
			parts = parts[:len(parts)-1]
		}
		parts = append(parts, "*", "**")
	case last != "*": // "docs/*" is the one form that does not reach below what it names
		parts = append(parts, "**")
	}
	compiled := pattern{segments: make([]segment, len(parts))}
	for i, part := range parts {
		compiled.segments[i] = parseSegment(part)
	}
	return compiled, nil
}

// checkPattern names what GitHub does not support, and what could never match: both leave a path with other owners than written.
func checkPattern(s string) error {
	switch {
	case s[0] == '!':
		return errors.New("pattern: ! does not negate here; write a later line that names other owners or none")
	case strings.Contains(s, `\#`):
		return errors.New(`pattern: \# does not escape # here; use ? in its place`)
	case strings.Contains(s, "#"):
		return errors.New("pattern: want a blank before #, got one inside the pattern; use ? for a path with #")
	case strings.ContainsAny(s, "[]"):
		return errors.New("pattern: [ ] ranges do not work here; write one line for each character, or ?")
	case strings.Contains(s, "***"):
		return errors.New("pattern: want at most two * in a row")
	case !escapesOK(s):
		return errors.New(`pattern: want a character other than / after \`)
	case strings.Trim(s, "/") == "":
		return fmt.Errorf("pattern %q matches nothing; write * for everything", s)
	}
	trimmed := strings.TrimSuffix(strings.TrimPrefix(s, "/"), "/")
	for part := range strings.SplitSeq(trimmed, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("pattern %q matches nothing: no path has a segment %q; write it from the root, for example /apps/", s, part)
		}
	}
	return nil
}

// escapesOK reports whether every backslash has a character of its own segment to escape.
func escapesOK(s string) bool {
	escaped := false
	for _, r := range s {
		if escaped && r == '/' {
			return false
		}
		escaped = r == '\\' && !escaped
	}
	return !escaped
}

func parseSegment(s string) segment {
	if s == "**" {
		return segment{any: true}
	}
	if strings.ContainsAny(s, "*?") {
		return segment{text: s}
	}
	var plain strings.Builder
	escaped := false
	for _, r := range s {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		plain.WriteRune(r)
	}
	return segment{literal: true, text: plain.String()}
}

// match walks pattern and path side by side. On a mismatch only the last "**" needs to take one segment more: what an earlier one
// could take, the later one can take too.
func (p pattern) match(path []string) bool {
	i, j := 0, 0
	star, mark := -1, 0
	for j < len(path) {
		switch {
		case i < len(p.segments) && p.segments[i].any:
			star, mark = i, j
			i++
		case i < len(p.segments) && p.segments[i].match(path[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p.segments) && p.segments[i].any {
		i++
	}
	return i == len(p.segments)
}

func (s segment) match(name string) bool {
	if s.literal {
		return s.text == name
	}
	return name != "" && glob(s.text, name)
}

// glob matches * and ? within one segment, in the same manner as match does with "**".
func glob(text, name string) bool {
	i, j := 0, 0
	star, mark := -1, 0
	for j < len(name) {
		if i < len(text) && text[i] == '*' {
			star, mark = i, j
			i++
			continue
		}
		if width, size, ok := step(text[i:], name[j:]); ok {
			i += width
			j += size
			continue
		}
		if star < 0 {
			return false
		}
		_, size := utf8.DecodeRuneInString(name[mark:])
		mark += size
		i, j = star+1, mark
	}
	return strings.Trim(text[i:], "*") == ""
}

// step compares one character and says how many bytes it takes on each side.
func step(text, name string) (width, size int, ok bool) {
	if text == "" {
		return 0, 0, false
	}
	got, size := utf8.DecodeRuneInString(name)
	want, width := utf8.DecodeRuneInString(text)
	switch want {
	case '?':
		return width, size, true
	case '\\':
		escaped, more := utf8.DecodeRuneInString(text[width:])
		return width + more, size, escaped == got && name[:size] == text[width:width+more]
	}
	return width, size, name[:size] == text[:width]
}
