package owners

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hmarr/codeowners"
)

// TestCorpusAgrees compares the owners of every path of real repositories with what hmarr/codeowners recorded for them.
func TestCorpusAgrees(t *testing.T) {
	corpus := os.Getenv("LIFTLOCK_CORPUS")
	if corpus == "" {
		t.Skip("LIFTLOCK_CORPUS is not set")
	}
	tables, err := filepath.Glob(filepath.Join(corpus, "codeowners", "*", "owners-by-hmarr-*.tsv"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables below %s: %v", corpus, err)
	}
	paths := 0
	for _, table := range tables {
		file, err := Load(os.DirFS(filepath.Dir(table)))
		if err != nil || file == nil {
			t.Fatalf("%s: %v, %v", table, file, err)
		}
		content, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			path, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			owners, at, _ := file.Owners(path)
			got := strings.Join(owners, " ")
			if got == "" {
				got = "(unowned)"
			}
			if got != want {
				t.Errorf("%s: %s: got %q (line %d), want %q", filepath.Base(filepath.Dir(table)), path, got, at, want)
			}
			paths++
		}
	}
	t.Logf("%d paths of %d repositories agree", paths, len(tables))
}

// TestCorpusLoads reads every real CODEOWNERS file and reports which lines would be skipped.
func TestCorpusLoads(t *testing.T) {
	corpus := os.Getenv("LIFTLOCK_CORPUS")
	if corpus == "" {
		t.Skip("LIFTLOCK_CORPUS is not set")
	}
	folders, err := filepath.Glob(filepath.Join(corpus, "codeowners", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		file, err := Load(os.DirFS(folder))
		if err != nil {
			t.Errorf("%s: %v", folder, err)
		}
		for _, problem := range file.Problems() {
			t.Errorf("%s line %d: %s: %q", folder, problem.Line, problem.Message, problem.Text)
		}
	}
}

// knownDifference names the forms on which the two are meant to differ; the rest must agree.
func knownDifference(pattern string) string {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(pattern, "/"), "/"), "/")
	if strings.HasSuffix(pattern, "/") {
		parts = append(parts, "**")
	}
	for i := 1; i < len(parts); i++ {
		if parts[i-1] == "**" && parts[i] == "**" {
			return "hmarr wants two slashes for ** beside **, so that the pattern never matches"
		}
	}
	return ""
}

var alphabet = []string{"a", "b", "ab", "*", "**", "?", "/", "/", `\ `, ".", "A", "a*", "*b", "/**/", "docs"}

func randomText(random *rand.Rand, pieces []string, most int) string {
	var s strings.Builder
	for range 1 + random.IntN(most) {
		s.WriteString(pieces[random.IntN(len(pieces))])
	}
	return s.String()
}

func compare(t *testing.T, pattern, path string) (compared bool) {
	t.Helper()
	ours, err := Load(fstest.MapFS{"CODEOWNERS": text(pattern + " @x")})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := codeowners.ParseFile(strings.NewReader(pattern + " @x"))
	if err != nil || len(ours.Problems()) != 0 || len(theirs) != 1 || knownDifference(pattern) != "" {
		return false
	}
	want, err := theirs[0].Match(path)
	if err != nil {
		return false
	}
	if _, _, got := ours.Owners(path); got != want {
		t.Errorf("pattern %q, path %q: got %t, hmarr %t", pattern, path, got, want)
	}
	return true
}

func normalPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.Contains(part, "\n") {
			return false
		}
	}
	return true
}

func TestAgreesWithHmarrOnGeneratedPatterns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	compared, matches := 0, 0
	for range 25_000 {
		pattern := randomText(random, alphabet, 6)
		path := strings.Trim(randomText(random, []string{"a", "b", "ab", "/", "/", "docs", " ", "A", "x"}, 8), "/")
		if strings.HasPrefix(pattern, "#") || !normalPath(path) {
			continue
		}
		if compare(t, pattern, path) {
			compared++
		}
		file := load(t, fstest.MapFS{"CODEOWNERS": text(pattern + " @x")})
		if _, _, matched := file.Owners(path); matched {
			matches++
		}
	}
	if compared < 10_000 || matches < 1_000 {
		t.Fatalf("only %d comparisons, %d matches: the generator has gone blind", compared, matches)
	}
	t.Logf("%d comparisons, %d matches", compared, matches)
}

func FuzzOwners(f *testing.F) {
	for _, seed := range []string{"* @a", "/a/**/b @x # c", `my\ file @x`, "!a", "[a] @b", "a/*/ @o/t x@y.de\n/a"} {
		f.Add(seed, "a/x/b")
	}
	f.Fuzz(func(t *testing.T, content, path string) {
		file := load(t, fstest.MapFS{"CODEOWNERS": text(content)})
		owners, line, matched := file.Owners(path)
		if matched != (line > 0) || !matched && owners != nil {
			t.Errorf("owners %v, line %d, matched %t", owners, line, matched)
		}
		for _, owner := range owners {
			if !isOwner(owner) {
				t.Errorf("owner %q has no form of an owner", owner)
			}
		}
		// Comments, blank lines and skipped lines can be taken out without changing who owns what.
		skipped := map[int]bool{}
		for _, problem := range file.Problems() {
			skipped[problem.Line] = true
		}
		lines := strings.Split(content, "\n")
		if len(file.Problems()) < maxProblems && len(content) < maxFile {
			for i := range lines {
				if skipped[i+1] {
					lines[i] = ""
				}
			}
			again, at, _ := load(t, fstest.MapFS{"CODEOWNERS": text(strings.Join(lines, "\n"))}).Owners(path)
			if at != line || strings.Join(again, " ") != strings.Join(owners, " ") {
				t.Errorf("without its skipped lines: owners %v of line %d, were %v of line %d", again, at, owners, line)
			}
		}
		if pattern, _, ok := strings.Cut(content, " "); ok && !strings.Contains(content, "\n") && normalPath(path) && !strings.HasPrefix(pattern, "#") {
			compare(t, pattern, path)
		}
	})
}

func BenchmarkOwners(b *testing.B) {
	var rules, paths []string
	for i := range 200 {
		name := string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		rules = append(rules, "/apps/"+name+"/overlays/production/ @acme/"+name, "**/"+name+"*.yaml @b")
	}
	for i := range 10_000 {
		name := string(rune('a'+i%26)) + strings.Repeat("x", i/26%8)
		paths = append(paths, "apps/"+name+"/overlays/production/patches/kustomization.yml")
	}
	file := load(b, fstest.MapFS{"CODEOWNERS": text(strings.Join(rules, "\n"))})
	b.ReportAllocs()
	for b.Loop() {
		for _, path := range paths {
			file.Owners(path)
		}
	}
}
