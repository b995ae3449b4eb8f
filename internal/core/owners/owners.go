// Package owners answers who owns a path, by CODEOWNERS as GitHub reads it.
package owners

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// places are where GitHub looks, in its order: the first file found is the only one read.
func places() []string { return []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} }

// File is one CODEOWNERS file: the rules that hold, and the lines that do not.
type File struct {
	name     string
	rules    []rule
	problems []Problem
}

// rule is one valid line.
type rule struct {
	pattern pattern
	owners  []string
	line    int
}

// Problem is a line that GitHub skips, or a whole file that it does not load (Line 0). It changes who owns what without any
// sign in the pull request, so it is always worth showing.
type Problem struct {
	Line    int    // from 1; 0: the file as a whole
	Text    string // the line, clipped; it may quote hostile text
	Message string // what was wanted, and what became of the line
}

// Load reads the CODEOWNERS file of a tree. A nil File without an error means that there is none: nobody owns anything, which is not
// the same as an empty file only in that there is no name to show. All methods of a nil File work and answer "nobody".
func Load(fsys fs.FS) (*File, error) {
	for _, name := range places() {
		info, err := fs.Lstat(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking for %s: %w", name, err)
		}
		if info.IsDir() {
			continue
		}
		if !info.Mode().IsRegular() {
			// A symbolic link may point out of the tree, and GitHub reads it as a text that names no owners.
			return unloaded(name, "want a regular file, got "+info.Mode().Type().String()+"; GitHub does not follow it, so nobody owns anything"), nil
		}
		content, err := read(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		return parse(name, content), nil
	}
	return nil, nil
}

// read returns at most maxFile bytes, which parse takes for "too long".
func read(fsys fs.FS, name string) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	return content, errors.Join(err, file.Close())
}

// unloaded is a file that GitHub finds and does not use.
func unloaded(name, message string) *File {
	return &File{name: name, problems: []Problem{{Message: message}}}
}

func parse(name string, content []byte) *File {
	if len(content) >= maxFile {
		return unloaded(name, fmt.Sprintf("want less than %d bytes; GitHub does not load a larger file, so nobody owns anything", maxFile))
	}
	file := &File{name: name}
	text := strings.TrimPrefix(string(content), "\ufeff")
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.Trim(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		rule, err := parseLine(line)
		if err != nil {
			file.report(number, line, err)
			continue
		}
		rule.line = number
		file.rules = append(file.rules, rule)
	}
	return file
}

func (f *File) report(number int, line string, err error) {
	switch len(f.problems) {
	case maxProblems:
		return
	case maxProblems - 1:
		f.problems = append(f.problems, Problem{Line: number, Message: "more problems follow and are not listed"})
	default:
		f.problems = append(f.problems, Problem{Line: number, Text: clip(line), Message: err.Error() + "; GitHub skips the line"})
	}
}

// Name returns the path of the file in its tree; "" for a nil File.
func (f *File) Name() string {
	if f == nil {
		return ""
	}
	return f.name
}

// Owners returns who owns a path (slash-separated, relative to the root of the tree), as written, and the line of CODEOWNERS that
// says so. The last line that matches decides alone. Matched without owners is a path that is unowned on purpose; unmatched (line 0)
// is one that nobody thought of.
func (f *File) Owners(path string) (owners []string, line int, matched bool) {
	if f == nil {
		return nil, 0, false
	}
	segments := strings.Split(path, "/")
	for i := len(f.rules) - 1; i >= 0; i-- {
		if r := &f.rules[i]; r.pattern.match(segments) {
			return append([]string(nil), r.owners...), r.line, true
		}
	}
	return nil, 0, false
}

// Problems lists what GitHub would skip, in the order of the file.
func (f *File) Problems() []Problem {
	if f == nil {
		return nil
	}
	return append([]Problem(nil), f.problems...)
}

func clip(s string) string {
	if len(s) <= maxQuote {
		return s
	}
	s = s[:maxQuote]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
