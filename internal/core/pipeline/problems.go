package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one thing wrong with the documents. Line and Column count from 1; 0 where the whole file, or the whole line, is meant.
type Problem struct {
	File    string
	Line    int
	Column  int
	Path    string // of the field, for example spec.environments[1].after[0]; may be empty
	Message string // wanted ..., got ...
}

// String returns "file:line:column: path: message". What does not print is escaped: file and field names may be hostile, and a
// terminal obeys them.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Line > 0 && p.Column > 0 {
		fmt.Fprintf(&b, ":%d", p.Column)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	b.WriteString(": " + p.Message)
	return escaped(b.String())
}

// escaped shows what does not print by its number.
func escaped(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%04X}`, r)
		}
	}
	return b.String()
}

// Problems is everything wrong with the documents, sorted by place: people fix all in one go.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems by place, each once.
func (p Problems) sorted() Problems {
	slices.SortFunc(p, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(p)
}

// position is a place in a file.
type position struct{ line, column int }

// source remembers where every field of one document stands.
type source struct {
	file string
	at   map[string]position
}

// problem places a message at a field, or at the nearest field around it that was written.
func (s *source) problem(path, format string, args ...any) Problem {
	for around := path; ; around = parentPath(around) {
		if at, ok := s.at[around]; ok || around == "" {
			return Problem{File: s.file, Line: at.line, Column: at.column, Path: path, Message: fmt.Sprintf(format, args...)}
		}
	}
}

// parentPath cuts the last field or index off a path.
func parentPath(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
