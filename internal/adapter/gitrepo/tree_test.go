package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/google/go-cmp/cmp"
)

func TestTreeIsAFileSystem(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a/b/c.txt": "c", "a/b-c.txt": "x", "a.txt": "a", "a/.hidden": "", "z/é ü.txt": "u"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	tree, err := m.Tree(head)
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(tree, "a/b/c.txt", "a/b-c.txt", "a.txt", "a/.hidden", "z/é ü.txt"); err != nil {
		t.Error(err)
	}
}

func wantUnsafe(t *testing.T, what string, err error) {
	t.Helper()
	var coded interface{ Code() string }
	if !errors.As(err, &coded) || coded.Code() != "UNSAFE_TREE_ENTRY" {
		t.Errorf("%s: got %v, want UNSAFE_TREE_ENTRY", what, err)
	}
}

// TestLinksAreSeenAndNeverFollowed (A61): links to a file, to a directory, out of the tree and to a submodule.
func TestLinksAreSeenAndNeverFollowed(t *testing.T) {
	s := newServer(t)
	s.commit("main", map[string]string{"real/kustomization.yaml": "secret\n", "run.sh": "#!/bin/sh\n"})
	for name, target := range map[string]string{"file": "real/kustomization.yaml", "dir": "real", "out": "../../../etc/passwd", "abs": "/etc/passwd"} {
		if err := os.Symlink(target, filepath.Join(s.work, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(s.work, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, s.work, "git", "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	run(t, s.work, "git", "add", "file", "dir", "out", "abs", "run.sh")
	run(t, s.work, "git", "commit", "-q", "-m", "links")
	run(t, s.work, "git", "push", "-q", "origin", "HEAD:main")
	head := strings.TrimSpace(run(t, s.work, "git", "rev-parse", "HEAD"))
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	tree, err := m.Tree(head)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"file": fs.ModeSymlink, "dir": fs.ModeSymlink, "out": fs.ModeSymlink, "abs": fs.ModeSymlink, "module": fs.ModeIrregular} {
		info, err := fs.Stat(tree, name)
		if err != nil || info.Mode().Type() != want || info.IsDir() {
			t.Errorf("%s: got %v, %v, want type %v", name, info, err, want)
		}
		_, err = fs.ReadFile(tree, name)
		wantUnsafe(t, name, err)
		_, err = fs.ReadDir(tree, name)
		wantUnsafe(t, name, err)
		_, err = tree.Open(name)
		wantUnsafe(t, name, err)
		_, err = fs.Stat(tree, name+"/kustomization.yaml")
		wantUnsafe(t, name, err)
		_, err = fs.ReadFile(tree, name+"/kustomization.yaml")
		wantUnsafe(t, name, err)
	}
	list, err := fs.ReadDir(tree, ".")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name()+" "+e.Type().String())
	}
	want := []string{"abs L---------", "dir L---------", "file L---------", "module ?---------", "out L---------", "real d---------", "run.sh ----------"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if info, err := fs.Stat(tree, "run.sh"); err != nil || info.Mode() != 0o755 {
		t.Errorf("got %v, %v", info, err)
	}
	walked := whole(t, m, head)
	if walked["dir"] != "L---------" || walked["dir/kustomization.yaml"] != "" {
		t.Errorf("walked %v", walked)
	}
}

func TestFileBeyondTheLimit(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"fits": strings.Repeat("x", maxBlob), "big": strings.Repeat("x", maxBlob+1)})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	tree, err := m.Tree(head)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(tree, "fits"); err != nil || len(b) != maxBlob {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
	if b, err := fs.ReadFile(tree, "big"); err == nil || !strings.Contains(err.Error(), "want at most 4194304") || b != nil {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
	if info, err := fs.Stat(tree, "big"); err != nil || info.Size() != maxBlob+1 {
		t.Errorf("got %v, %v", info, err)
	}
	if m.isSuspect() {
		t.Error("a large file counts as damage")
	}
}

func TestNamesThatAreNoCommits(t *testing.T) {
	m := newServer(t).open(t.TempDir())
	for _, id := range []string{"", "main", "HEAD", strings.Repeat("g", 40), strings.Repeat("A", 40), strings.Repeat("a", 41), strings.Repeat("a", 64), "../" + strings.Repeat("a", 37)} {
		if _, err := m.Tree(id); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %v", id, err)
		}
	}
	if _, err := m.Tree(strings.Repeat("a", 40)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestTreesThatNoCheckoutCouldHold(t *testing.T) {
	line := func(mode, name string) string { return mode + " " + name + "\x00" + strings.Repeat("i", 20) }
	if got, err := parseTree([]byte(line("100644", "a.b") + line("40000", "a") + line("100755", "x"))); err != nil ||
		!slices.EqualFunc(got, []string{"a", "a.b", "x"}, func(e entry, name string) bool { return e.name == name }) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{
		line("100644", ""), line("100644", "."), line("100644", ".."), line("40000", "a/b"), line("40000", ".git"), line("40000", ".GIT"),
		line("100644", "a") + line("40000", "a"), line("100644", "a\xff"), line("1", "a"), line("", "a"), line("777777", "a"), line("99", "a"),
		"100644 a\x00short", "100644 a", "100644", "\x00", " \x00" + strings.Repeat("i", 20),
	} {
		if got, err := parseTree([]byte(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00aaaaaaaaaaaaaaaaaaaa40000 b\x00bbbbbbbbbbbbbbbbbbbb"))
	f.Add([]byte("120000 l\x00aaaaaaaaaaaaaaaaaaaa160000 m\x00bbbbbbbbbbbbbbbbbbbb100755 x\x00cccccccccccccccccccc"))
	f.Fuzz(func(t *testing.T, content []byte) {
		all, err := parseTree(content)
		if err != nil {
			return
		}
		for i, e := range all {
			if !fs.ValidPath(e.name) || strings.Contains(e.name, "/") || i > 0 && all[i-1].name >= e.name {
				t.Errorf("entry %q", e.name)
			}
		}
		printed := encodeTree(slices.Clone(all)) // printing and reading again changes nothing
		again, err := parseTree(printed)
		if err != nil || !slices.Equal(again, all) {
			t.Errorf("%q becomes %q: %v", content, printed, err)
		}
		if !bytes.Equal(encodeTree(again), printed) {
			t.Errorf("%q is not stable", printed)
		}
	})
}

func FuzzReadRefs(f *testing.F) {
	f.Add([]byte("# pack-refs with: sorted \n" + strings.Repeat("a", 40) + " refs/heads/main\n"))
	f.Add([]byte(strings.Repeat("a", 40) + " refs/heads/../x\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, refsFile), content, 0o600); err != nil {
			t.Fatal(err)
		}
		refs, err := readRefs(dir)
		if err != nil {
			return
		}
		for name, id := range refs {
			if strings.Contains(name, "..") || !objectName.MatchString(id) {
				t.Errorf("%q %q", name, id)
			}
		}
		if err := writeRefs(dir, refs); err != nil {
			t.Fatal(err)
		}
		if again, err := readRefs(dir); err != nil || !cmp.Equal(again, refs) {
			t.Errorf("%v becomes %v, %v", refs, again, err)
		}
	})
}

// TestChangedAgreesWithGit compares random pairs of commits, among them files that become directories, links and other modes.
func TestChangedAgreesWithGit(t *testing.T) {
	s := newServer(t)
	random := rand.New(rand.NewPCG(7, 7))
	names := []string{"a", "a/b", "a/b/c", "a.txt", "a-b", "d/e/f", "d/e", "d/g", "k.yaml", "d"}
	var commits []string
	for range 6 {
		run(t, s.work, "git", "rm", "-q", "-r", "--ignore-unmatch", "--cached", ".")
		used := map[string]bool{}
		for range 5 {
			name := names[random.IntN(len(names))]
			clash := slices.ContainsFunc(names, func(o string) bool {
				return used[o] && (o == name || strings.HasPrefix(o, name+"/") || strings.HasPrefix(name, o+"/"))
			})
			if clash {
				continue
			}
			used[name] = true
			mode := []string{"100644", "100755", "120000", "160000"}[random.IntN(4)]
			id := strings.Repeat(fmt.Sprint(1+random.IntN(3)), 40)
			if mode != "160000" {
				path := filepath.Join(t.TempDir(), "blob")
				if err := os.WriteFile(path, []byte(id[:2]), 0o600); err != nil {
					t.Fatal(err)
				}
				id = strings.TrimSpace(run(t, s.work, "git", "hash-object", "-w", path))
			}
			run(t, s.work, "git", "update-index", "--add", "--cacheinfo", mode+","+id+","+name)
		}
		run(t, s.work, "git", "commit", "-q", "--allow-empty", "-m", "random")
		commits = append(commits, strings.TrimSpace(run(t, s.work, "git", "rev-parse", "HEAD")))
	}
	run(t, s.work, "git", "push", "-q", "origin", "HEAD:main")
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	for _, a := range commits {
		for _, b := range commits {
			want := strings.Fields(run(t, s.work, "git", "diff-tree", "-r", "--no-renames", "--name-only", a, b))
			slices.Sort(want)
			want = slices.Compact(want)
			got, err := m.Changed(t.Context(), a, b)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s to %s: got %v, %v, want %v", a, b, got, err, want)
			}
		}
		want := strings.Fields(run(t, s.work, "git", "ls-tree", "-r", "--name-only", a))
		got, err := m.Changed(t.Context(), "", a)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("all of %s: got %v, %v, want %v", a, got, err, want)
		}
	}
	if _, err := m.Changed(t.Context(), commits[0], strings.Repeat("a", 40)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestTreeEntryTypes holds fileMode to git's modes.
func TestTreeEntryTypes(t *testing.T) {
	for mode, want := range map[filemode.FileMode]fs.FileMode{filemode.Regular: 0o644, filemode.Deprecated: 0o644, filemode.Executable: 0o755,
		filemode.Dir: fs.ModeDir | 0o755, filemode.Symlink: fs.ModeSymlink | 0o777, filemode.Submodule: fs.ModeIrregular} {
		if got := (entry{mode: mode}).fileMode(); got != want {
			t.Errorf("%v: got %v, want %v", mode, got, want)
		}
	}
}
