package gitrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

func TestHistoryAgreesWithGit(t *testing.T) {
	s := newServer(t)
	base := s.commit("main", map[string]string{"a": "1"})
	left := s.commit("left", map[string]string{"l": "1"})
	run(t, s.work, "git", "checkout", "-q", base)
	right := s.commit("right", map[string]string{"r": "1"})
	run(t, s.work, "git", "merge", "-q", "--no-edit", left)
	merged := s.commit("right", nil)
	run(t, s.work, "git", "checkout", "-q", "--orphan", "island")
	island := s.commit("island", map[string]string{"i": "1"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main", "refs/heads/left", "refs/heads/right", "refs/heads/island")
	for _, c := range []struct{ a, b, want string }{
		{base, base, base}, {left, right, base}, {right, left, base}, {left, merged, left}, {merged, right, right}, {base, merged, base}, {island, base, ""},
	} {
		got, err := m.MergeBase(t.Context(), c.a, c.b)
		if got != c.want || (err != nil) != (c.want == "") || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("merge base of %s and %s: got %s, %v, want %s", c.a, c.b, got, err, c.want)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{base, merged, true}, {left, merged, true}, {merged, left, false}, {left, right, false}, {base, base, true}, {island, merged, false}} {
		if got, err := m.IsAncestor(t.Context(), c.a, c.b); got != c.want || err != nil {
			t.Errorf("%s before %s: got %v, %v", c.a, c.b, got, err)
		}
	}
	if _, err := m.MergeBase(t.Context(), base, strings.Repeat("a", 40)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// Whoever writes commits writes their dates: where a history crosses itself, they must not choose what a head is compared with.
func TestMergeBaseOfACrossedHistoryIsNobodysChoice(t *testing.T) {
	s := newServer(t)
	base := s.commit("main", map[string]string{"a": "1"})
	left := s.commit("left", map[string]string{"l": "1"})
	run(t, s.work, "git", "checkout", "-q", base)
	right := s.commit("right", map[string]string{"r": "1"})
	run(t, s.work, "git", "merge", "-q", "--no-edit", left)
	one := s.commit("right", nil)
	run(t, s.work, "git", "checkout", "-q", left)
	run(t, s.work, "git", "merge", "-q", "--no-edit", right)
	other := s.commit("left", map[string]string{"more": "1"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/left", "refs/heads/right")
	for _, c := range [][2]string{{one, other}, {other, one}} {
		got, err := m.MergeBase(t.Context(), c[0], c[1])
		crossed, ok := errors.AsType[interface {
			error
			Ambiguous() bool
		}](err)
		if !ok || !crossed.Ambiguous() || got != "" {
			t.Errorf("got %q, %v, want an ambiguous history", got, err)
		}
	}
	run(t, s.work, "git", "merge", "-q", "--no-edit", one)
	anew := s.commit("left", map[string]string{"yet": "more"})
	fetch(t, m, "refs/heads/left")
	if got, err := m.MergeBase(t.Context(), anew, one); got != one || err != nil {
		t.Errorf("merged anew: got %s, %v, want %s", got, err, one)
	}
}

func TestCommitInfo(t *testing.T) {
	s := newServer(t)
	parent := s.commit("main", map[string]string{"a": "1"})
	run(t, s.work, "git", "commit", "-q", "--allow-empty", "-m", "Promote checkout\n\nWhy: a body line\n\nLiftlock-Image: ghcr.io/acme/x\nLiftlock-Image: ghcr.io/acme/y\nLiftlock-Entry: 3")
	run(t, s.work, "git", "push", "-q", "origin", "HEAD:main")
	head := strings.TrimSpace(run(t, s.work, "git", "rev-parse", "HEAD"))
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	got, err := m.CommitInfo(head)
	want := promotion.CommitInfo{ID: head, Tree: strings.TrimSpace(run(t, s.work, "git", "rev-parse", "HEAD^{tree}")), Parents: []string{parent},
		AuthorName: "A", AuthorEmail: "a@example.com", CommitterEmail: "c@example.com", At: noon.Unix() - 2*3600,
		Message:  "Promote checkout\n\nWhy: a body line\n\nLiftlock-Image: ghcr.io/acme/x\nLiftlock-Image: ghcr.io/acme/y\nLiftlock-Entry: 3\n",
		Trailers: map[string][]string{"Liftlock-Image": {"ghcr.io/acme/x", "ghcr.io/acme/y"}, "Liftlock-Entry": {"3"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestTrailersAreTheLastParagraph(t *testing.T) {
	for message, want := range map[string]map[string][]string{
		"":                                nil,
		"Subject: not a trailer":          nil,
		"s\n\nA: 1":                       {"A": {"1"}},
		"s\n\nA: 1\n\nbody":               nil,
		"s\n\nA: 1\nbody":                 nil,
		"s\n\nA: 1\r\nB: 2\r\n":           {"A": {"1"}, "B": {"2"}},
		"s\n\nA b: 1":                     nil,
		"s\n\n: 1":                        nil,
		"s\n\nÄ: 1":                       nil,
		"s\n\nSigned-off-by: A <a@b>\n\n": {"Signed-off-by": {"A <a@b>"}},
	} {
		if diff := cmp.Diff(want, trailers(message)); diff != "" {
			t.Errorf("%q: %s", message, diff)
		}
	}
}

func TestLocalClone(t *testing.T) {
	s := newServer(t)
	files := map[string]string{"apps/shop/kustomization.yaml": "images: []\n"}
	for i := range 200 {
		files["many/"+strings.Repeat("x", i)+"f"] = "x"
	}
	head := s.commit("main", files)
	s.commit("feature/one", map[string]string{"f": "1"})
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, s.work, "git", "clone", "-q", s.bare, clone)
	run(t, clone, "git", "gc", "-q")
	worktree := filepath.Join(t.TempDir(), "tree")
	run(t, clone, "git", "worktree", "add", "-q", "-b", "mine", worktree, "origin/feature/one")
	for _, dir := range []string{clone, filepath.Join(clone, "apps", "shop"), worktree} {
		l, err := OpenLocal(dir)
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		if got := whole(t, l, head)["apps/shop/kustomization.yaml"]; got != "images: []\n" {
			t.Errorf("got %q", got)
		}
		for name, rev := range map[string]string{"main": "main", "HEAD": "HEAD", "feature/one": "origin/feature/one", "refs/remotes/origin/main": "origin/main", head: head, "mine": "mine"} {
			at := clone
			if dir == worktree {
				at = worktree
			}
			want := strings.TrimSpace(run(t, at, "git", "rev-parse", rev))
			if got, err := l.Resolve(name); err != nil || got != want {
				t.Errorf("%s in %s: got %q, %v, want %q", name, dir, got, err, want)
			}
		}
		for _, name := range []string{"gone", "", "../HEAD", "a..b", head[:39]} {
			if _, err := l.Resolve(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q: got %v", name, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := OpenLocal(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestLocalCloneIsNotWritten compares every file below .git before and after.
func TestLocalCloneIsNotWritten(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a": "1"})
	snapshot := func() map[string]string {
		all := map[string]string{}
		root := filepath.Join(s.work, ".git")
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				all[path] = "dir"
				return err
			}
			b, err := os.ReadFile(path)
			all[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := snapshot()
	l, err := OpenLocal(s.work)
	if err != nil {
		t.Fatal(err)
	}
	whole(t, l, head)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, snapshot()); diff != "" {
		t.Error(diff)
	}
}

// TestReplacementsAndGraftsAreIgnored (A95): with either, git itself shows another history than the one that was signed.
func TestReplacementsAndGraftsAreIgnored(t *testing.T) {
	s := newServer(t)
	one := s.commit("main", map[string]string{"entry": "true\n"})
	two := s.commit("main", map[string]string{"entry": "true\n", "more": "x"})
	forged := s.commit("forged", map[string]string{"entry": "forged\n"})
	run(t, s.work, "git", "replace", two, forged)
	run(t, s.work, "git", "replace", "--force", strings.TrimSpace(run(t, s.work, "git", "rev-parse", one+":entry")),
		strings.TrimSpace(run(t, s.work, "git", "rev-parse", forged+":entry")))
	if err := os.WriteFile(filepath.Join(s.work, ".git", "info", "grafts"), []byte(two+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, s.work, "git", "show", two+":entry"); got != "forged\n" {
		t.Fatalf("git is not fooled: %q", got)
	}
	l, err := OpenLocal(s.work)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	if got := whole(t, l, two)["entry"]; got != "true\n" {
		t.Errorf("got %q", got)
	}
	if got, err := l.IsAncestor(t.Context(), one, two); err != nil || !got {
		t.Errorf("got %v, %v", got, err)
	}
}
