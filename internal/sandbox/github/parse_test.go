package github

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func pkt(lines ...string) []byte {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%04x%s", len(l)+4, l)
	}
	return []byte(b.String())
}

func TestParsePush(t *testing.T) {
	one, two := strings.Repeat("1", 40), strings.Repeat("2", 40)
	good := append(pkt("shallow "+one, one+" "+two+" refs/heads/a\x00report-status", two+" "+zeroOID+" refs/heads/b\n"), "0000PACK"...)
	got, err := parsePush(good)
	want := []refChange{{Ref: "refs/heads/a", Old: one, New: two}, {Ref: "refs/heads/b", Old: two, New: zeroOID}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, bad := range map[string][]byte{
		"no flush":     pkt(one + " " + two + " refs/heads/a"),
		"length":       []byte("zzzz"),
		"too long":     []byte("0fff" + one),
		"too short":    []byte("0003x0000"),
		"short hash":   append(pkt("1 2 refs/heads/a"), "0000"...),
		"no name":      append(pkt(one+" "+two), "0000"...),
		"line in name": append(pkt(one+" "+two+" refs/heads/a\nrefs/heads/b"), "0000"...),
	} {
		if got, err := parsePush(bad); err == nil {
			t.Errorf("%s: wanted an error, got %v", name, got)
		}
	}
}

func FuzzParsePush(f *testing.F) {
	one := strings.Repeat("1", 40)
	f.Add(append(pkt(one+" "+zeroOID+" refs/heads/a\x00x"), "0000"...))
	f.Add([]byte("0000"))
	f.Fuzz(func(t *testing.T, body []byte) {
		changes, err := parsePush(body)
		if err != nil {
			return
		}
		for _, c := range changes {
			// The hook reads refs and reasons as lines with tabs.
			if !isOID(c.Old) || !isOID(c.New) || strings.ContainsAny(c.Ref, "\n\t\x00") {
				t.Errorf("got %q", c)
			}
		}
	})
}

func FuzzCodeowners(f *testing.F) {
	f.Add("* @a\n[x] @b\n/docs/ @acme/team # note\n!no @c\n", "docs/a.md")
	f.Fuzz(func(t *testing.T, content, path string) {
		file := readOwners("CODEOWNERS", content)
		lines := strings.Count(content, "\n") + 1
		if len(file.rules)+len(file.broken) > lines {
			t.Errorf("%d rules and %d broken lines out of %d lines", len(file.rules), len(file.broken), lines)
		}
		owners, err := file.owners(path)
		if err == nil && len(owners) > 0 && len(file.rules) == 0 {
			t.Error("owners out of nothing")
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	m := newMarkdown()
	f.Add("<details><summary>x</summary>\n\n**b** <script>alert(1)</script></details>")
	f.Add("[a](javascript:alert(1)) ![x](data:text/html,x)")
	f.Fuzz(func(t *testing.T, text string) {
		page, err := m.render(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script", "<iframe", "<form", "<style", "href=\"javascript:", "<object"} {
			if strings.Contains(strings.ToLower(string(page)), bad) {
				t.Errorf("%q became %q", text, page)
			}
		}
	})
}

func TestParseGitVersion(t *testing.T) {
	for out, want := range map[string][2]int{"git version 2.39.5\n": {2, 39}, "git version 2.38.GIT": {2, 38}, "git version 2.50.1 (Apple Git-155)": {2, 50}} {
		major, minor, ok := parseGitVersion(out)
		if !ok || major != want[0] || minor != want[1] {
			t.Errorf("%q: got %d.%d %v", out, major, minor, ok)
		}
	}
	for _, out := range []string{"", "git version", "git version x.y"} {
		if _, _, ok := parseGitVersion(out); ok {
			t.Errorf("%q was read", out)
		}
	}
}

func TestParsePerson(t *testing.T) {
	p, err := parsePerson("Olga <B> <o@example.com> 1000000000 +0200")
	if err != nil || p.Name != "Olga <B>" || p.Email != "o@example.com" || p.line() != "Olga <B> <o@example.com> 1000000000 +0200" {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, bad := range []string{"", "x", "x <y", "x <y> z +0000", "x <y> 1 z"} {
		if _, err := parsePerson(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// An old git is refused at the start, not in the middle of the first merge.
func TestOldGitIsRefused(t *testing.T) {
	dir := t.TempDir()
	writeExecutable(t, dir+"/git", "#!/bin/sh\necho git version 2.37.9\n")
	t.Setenv("PATH", dir)
	if err := checkGit(); err == nil || !strings.Contains(err.Error(), "wanted 2.38 or newer (merge-tree --write-tree), got 2.37") {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := checkGit(); err == nil || !strings.Contains(err.Error(), "looking for git") {
		t.Errorf("got %v", err)
	}
}

func writeExecutable(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}
