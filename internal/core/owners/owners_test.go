package owners

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func load(t testing.TB, files fstest.MapFS) *File {
	t.Helper()
	file, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func text(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

func TestFirstPlaceWins(t *testing.T) {
	all := fstest.MapFS{
		".github/CODEOWNERS": text("* @github"), "CODEOWNERS": text("* @root"), "docs/CODEOWNERS": text("* @docs"),
	}
	for _, want := range []string{"@github", "@root", "@docs"} {
		file := load(t, all)
		got, line, matched := file.Owners("a")
		if diff := cmp.Diff([]string{want}, got); diff != "" || line != 1 || !matched {
			t.Errorf("in %s: line %d, matched %t, %s", file.Name(), line, matched, diff)
		}
		delete(all, file.Name())
	}
	file := load(t, all)
	if file != nil {
		t.Fatalf("a tree without CODEOWNERS: want a nil File, got %s", file.Name())
	}
	if owners, line, matched := file.Owners("a"); owners != nil || line != 0 || matched || file.Problems() != nil || file.Name() != "" {
		t.Error("a nil File must answer nobody")
	}
}

func TestNamesAreCaseSensitive(t *testing.T) {
	if file := load(t, fstest.MapFS{"codeowners": text("* @a"), ".GITHUB/CODEOWNERS": text("* @a")}); file != nil {
		t.Fatalf("got %s, want none", file.Name())
	}
}

func TestDirectoryOfThatNameIsPassedOver(t *testing.T) {
	file := load(t, fstest.MapFS{".github/CODEOWNERS/x": text("* @a"), "CODEOWNERS": text("* @b")})
	if file.Name() != "CODEOWNERS" {
		t.Fatalf("got %q", file.Name())
	}
}

// A link could name owners by a file outside the tree, which a reviewer of the tree never sees.
func TestSymbolicLinkOwnsNothing(t *testing.T) {
	file := load(t, fstest.MapFS{
		"CODEOWNERS":      {Data: []byte("docs/CODEOWNERS"), Mode: fs.ModeSymlink},
		"docs/CODEOWNERS": text("* @a"),
	})
	if _, _, matched := file.Owners("a"); matched || len(file.Problems()) != 1 || file.Problems()[0].Line != 0 {
		t.Fatalf("matched %t, problems %v", matched, file.Problems())
	}
}

func TestFileFromThreeMegabytesIsNotLoaded(t *testing.T) {
	rule := "* @a\n"
	fits := rule + strings.Repeat("#", maxFile-1-len(rule))
	if _, _, matched := load(t, fstest.MapFS{"CODEOWNERS": text(fits)}).Owners("a"); !matched {
		t.Error("one byte below the limit: want it loaded")
	}
	file := load(t, fstest.MapFS{"CODEOWNERS": text(fits + "#")})
	if _, _, matched := file.Owners("a"); matched {
		t.Error("at the limit: want it not loaded")
	}
	if got := file.Problems(); len(got) != 1 || got[0].Line != 0 || !strings.Contains(got[0].Message, "nobody owns anything") {
		t.Errorf("problems %v", got)
	}
}

type brokenFS struct{ fstest.MapFS }

func (brokenFS) Open(string) (fs.File, error)           { return nil, errors.New("object is gone") }
func (brokenFS) Lstat(name string) (fs.FileInfo, error) { return nil, errors.New("object is gone") }
func (brokenFS) ReadLink(name string) (string, error)   { return "", errors.New("object is gone") }

// A tree that cannot be read must never look like a tree without owners.
func TestUnreadableTreeIsAnError(t *testing.T) {
	if file, err := Load(brokenFS{}); err == nil || file != nil {
		t.Fatalf("got %v, %v", file, err)
	}
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern  string
		yes, not []string
	}{
		{"*", []string{"a", "a/b", ".x/.y"}, nil},
		{"*.js", []string{"a.js", "x/y/a.js", ".js", "d.js/f"}, []string{"a.jsx", "js"}},
		{"/build/logs/", []string{"build/logs/a", "build/logs/a/b"}, []string{"build/logs", "x/build/logs/a"}},
		{"docs/*", []string{"docs/a", "docs/.a"}, []string{"docs/a/b", "x/docs/a", "docs"}},
		{"docs/*.md", []string{"docs/a.md"}, []string{"docs/a/b.md"}},
		{"apps/", []string{"apps/a", "x/apps/a", "x/apps/y/z"}, []string{"apps", "xapps/a"}},
		{"apps", []string{"apps", "apps/a", "x/apps", "x/apps/a"}, []string{"apps2"}},
		{"/docs/", []string{"docs/a", "docs/a/b"}, []string{"x/docs/a"}},
		{"/docs", []string{"docs", "docs/a"}, []string{"docs2", "x/docs"}},
		{"docs/a", []string{"docs/a", "docs/a/b"}, []string{"x/docs/a"}},
		{"**/logs", []string{"logs", "logs/a", "x/logs", "x/y/logs/z"}, []string{"xlogs"}},
		{"/scripts/**/deep", []string{"scripts/deep", "scripts/a/deep", "scripts/a/b/deep/x"}, []string{"deep", "scriptsdeep"}},
		{"a/**", []string{"a/b", "a/b/c"}, []string{"a", "x/a/b"}},
		{"/**", []string{"a", "a/b"}, nil},
		{"**", []string{"a", "a/b"}, nil},
		{"**/", []string{"a/b"}, nil},
		{"**/**/b", []string{"b", "a/b", "x/a/b"}, []string{"ab"}},
		{"a/**/**/b", []string{"a/b", "a/x/b", "a/x/y/b"}, []string{"a/xb"}},
		{"/*", []string{"a"}, []string{"a/b"}},
		{"/*/", []string{"a/b", "a/b/c"}, []string{"a"}},
		{"f?o", []string{"foo", "fäo", "x/foo/y"}, []string{"fo", "fooo", "f/o"}},
		{"a*b*c", []string{"abc", "axbxc", "abcbc"}, []string{"abcb", "a/bc"}},
		{"a**c", []string{"ac", "abbc"}, []string{"a/c"}},
		{`my\ file`, []string{"my file"}, []string{"my", "file"}},
		{`\*`, []string{"*"}, []string{"a"}},
		{`a\?b*`, []string{"a?bc"}, []string{"axbc"}},
		{`/\@x`, []string{"@x"}, []string{"x"}},
		{"Docs/", []string{"Docs/a"}, []string{"docs/a"}},
		{"/a(b)+{c},~$", []string{"a(b)+{c},~$"}, nil},
		{"zahlen/größe.txt", []string{"zahlen/größe.txt"}, nil},
	} {
		file := load(t, fstest.MapFS{"CODEOWNERS": text(test.pattern + " @x")})
		if problems := file.Problems(); len(problems) != 0 {
			t.Errorf("%s: problems %v", test.pattern, problems)
		}
		for _, path := range test.yes {
			if _, _, matched := file.Owners(path); !matched {
				t.Errorf("%s does not match %s", test.pattern, path)
			}
		}
		for _, path := range test.not {
			if _, _, matched := file.Owners(path); matched {
				t.Errorf("%s matches %s", test.pattern, path)
			}
		}
	}
}

func TestLastLineThatMatchesDecidesAlone(t *testing.T) {
	file := load(t, fstest.MapFS{"CODEOWNERS": text("\ufeff# people\r\n" +
		"*            @all\r\n" +
		"/apps/ @acme/apps  ops@example.com @acme_corp # both of them\r\n" +
		"/apps/ @acme/later#glued\r\n" +
		"/apps/free/\r\n" +
		"/apps/bare/ # nobody, on purpose\r\n")})
	if problems := file.Problems(); len(problems) != 0 {
		t.Fatal(problems)
	}
	type answer struct {
		Owners  []string
		Line    int
		Matched bool
	}
	for path, want := range map[string]answer{
		"readme":      {[]string{"@all"}, 2, true},
		"apps/a":      {[]string{"@acme/later"}, 4, true},
		"apps/free/a": {nil, 5, true},
		"apps/bare/a": {nil, 6, true},
	} {
		owners, line, matched := file.Owners(path)
		if diff := cmp.Diff(want, answer{owners, line, matched}); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	owners, _, _ := file.Owners("readme")
	owners[0] = "@mallory"
	if again, _, _ := file.Owners("readme"); again[0] != "@all" {
		t.Error("a caller changed the file")
	}
}

// TestBrokenLineIsSkippedAndReported is A77: one broken line must neither disable the file nor pass unseen.
func TestBrokenLineIsSkippedAndReported(t *testing.T) {
	for line, want := range map[string]string{
		"!/a @x":                  "does not negate",
		"/a[bc] @x":               "ranges do not work",
		`\#a @x`:                  "does not escape",
		"/a#b @x":                 "blank before #",
		"/a***b @x":               "two * in a row",
		"/ @x":                    "matches nothing",
		"// @x":                   "matches nothing",
		"/a//b @x":                "matches nothing",
		"./a @x":                  "matches nothing",
		"/a/../b @x":              "matches nothing",
		`/a\`:                     `after \`,
		`/a\/b @x`:                `after \`,
		"/a x":                    `owner "x"`,
		"/a @x @":                 `owner "@"`,
		"/a @org/":                `owner "@org/"`,
		"/a @org/team/sub":        `owner "@org/team/sub"`,
		"/a x@y":                  `owner "x@y"`,
		"/a x@y.c0m":              `owner "x@y.c0m"`,
		"/a @х":                   `owner "@х"`, // Cyrillic
		"/a b @x":                 `owner "b"`,
		"/a\x00 @x":               "control or invisible",
		"/a\u202e @x":             "control or invisible",
		"/a\u200b @x":             "control or invisible",
		"/a\xff @x":               "UTF-8",
		"/a [section]":            `owner "[section]"`,
		"^[Optional][2] @x":       "ranges do not work",
		strings.Repeat("[", 5000): "ranges do not work",
	} {
		file := load(t, fstest.MapFS{"CODEOWNERS": text("* @before\n" + line + "\n/last @after")})
		problems := file.Problems()
		if len(problems) != 1 || problems[0].Line != 2 || !strings.Contains(problems[0].Message, want) ||
			!strings.HasSuffix(problems[0].Message, "; GitHub skips the line") || len(problems[0].Text) > maxQuote+len("…") {
			t.Errorf("%q: want one problem in line 2 about %q, got %+v", clip(line), want, problems)
		}
		if owners, at, _ := file.Owners("a"); len(owners) != 1 || owners[0] != "@before" || at != 1 {
			t.Errorf("%q: owners %v of line %d: the skipped line must leave the one before in force", clip(line), owners, at)
		}
		if _, at, _ := file.Owners("last"); at != 3 {
			t.Errorf("%q: the lines after a broken one must count", clip(line))
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	file := load(t, fstest.MapFS{"CODEOWNERS": text(strings.Repeat("!a\n", 5*maxProblems))})
	problems := file.Problems()
	if len(problems) != maxProblems || problems[maxProblems-1].Message != "more problems follow and are not listed" {
		t.Fatalf("%d problems, last %+v", len(problems), problems[len(problems)-1])
	}
}
