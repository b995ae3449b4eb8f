package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whole reads every file of a commit; a mirror that lacks something cannot do that.
func whole(t testing.TB, m interface {
	Tree(commit string) (fs.FS, error)
}, commit string,
) map[string]string {
	t.Helper()
	tree, err := m.Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			files[path] = d.Type().String()
			return nil
		}
		content, err := fs.ReadFile(tree, path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func fetch(t testing.TB, m *Mirror, refs ...string) {
	t.Helper()
	if err := m.Fetch(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !e.Conflict() {
		t.Errorf("got %v, want a conflict", err)
	}
}

func TestFetchFollowsTheServer(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	if refs, err := m.Advertise(t.Context()); err != nil || len(refs) > 0 {
		t.Fatalf("empty repository: got %v, %v", refs, err)
	}
	one := s.commit("main", map[string]string{"a/b.txt": "hello\n", "c.txt": "c\n"})
	run(t, s.bare, "git", "update-ref", "refs/pull/7/head", one)
	run(t, s.bare, "git", "update-ref", "refs/pull/7/merge", one)
	run(t, s.bare, "git", "update-ref", "refs/tags/v1", one)
	refs, err := m.Advertise(t.Context())
	if diff := cmp.Diff(map[string]string{"refs/heads/main": one, "refs/pull/7/head": one}, refs); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	fetch(t, m, "refs/heads/main", "refs/pull/7/head")
	if diff := cmp.Diff(map[string]string{"a/b.txt": "hello\n", "c.txt": "c\n"}, whole(t, m, one)); diff != "" {
		t.Error(diff)
	}

	requests, posts := s.requests.Load(), s.posts.Load()
	fetch(t, m, "refs/heads/main")
	if r, p := s.requests.Load()-requests, s.posts.Load()-posts; r != 1 || p != 0 {
		t.Errorf("fetching what has not moved: %d requests, %d of them for objects", r, p)
	}

	two := s.commit("main", map[string]string{"a/b.txt": "changed\n"})
	if !m.Holds("refs/heads/main", one) || m.Holds("refs/heads/main", two) || m.Holds("refs/heads/other", "") {
		t.Errorf("holds main at %s: %t, at %s: %t", one, m.Holds("refs/heads/main", one), two, m.Holds("refs/heads/main", two))
	}
	fetch(t, m, "refs/heads/main")
	if got := whole(t, m, two)["a/b.txt"]; got != "changed\n" {
		t.Errorf("got %q", got)
	}
	run(t, s.work, "git", "reset", "-q", "--hard", one) // a forced push
	three := s.commit("main", map[string]string{"a/b.txt": "forced\n"})
	fetch(t, m, "refs/heads/main")
	if got := whole(t, m, three)["a/b.txt"]; got != "forced\n" {
		t.Errorf("got %q", got)
	}
	run(t, filepath.Join(m.dir, repositoryDir), "git", "fsck", "--strict", "--no-dangling")
}

func TestFetchOfMissingRefChangesNothing(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a": "a"})
	m := s.open(t.TempDir())
	err := m.Fetch(t.Context(), "refs/heads/main", "refs/heads/gone")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"refs/heads/gone"`) {
		t.Errorf("got %v", err)
	}
	if _, err := m.Tree(head); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestBranchNamesInEachOthersWay(t *testing.T) {
	s := newServer(t)
	one := s.commit("liftlock", map[string]string{"a": "1"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/liftlock")
	run(t, s.bare, "git", "update-ref", "-d", "refs/heads/liftlock")
	two := s.commit("liftlock/dev/shop", map[string]string{"a": "2"})
	fetch(t, m, "refs/heads/liftlock/dev/shop")
	whole(t, m, two)
	run(t, s.bare, "git", "update-ref", "-d", "refs/heads/liftlock/dev/shop")
	run(t, s.bare, "git", "update-ref", "refs/heads/liftlock", one)
	fetch(t, m, "refs/heads/liftlock")
	if got := run(t, filepath.Join(m.dir, repositoryDir), "git", "for-each-ref", "--format=%(refname)"); got != "refs/heads/liftlock\n" {
		t.Errorf("refs are %q", got)
	}
}

func TestMirrorSurvivesARestart(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a": "a"})
	dir := t.TempDir()
	fetch(t, s.open(dir), "refs/heads/main")
	requests := s.requests.Load()
	whole(t, s.open(dir), head)
	if s.requests.Load() != requests {
		t.Error("opening asks the server")
	}
}

// TestDamageIsRepaired damages each file of a mirror in each of three ways, as a kill, a full disk or a tidy person might. Opening and
// fetching always ends with a mirror that can read everything.
func TestDamageIsRepaired(t *testing.T) {
	s := newServer(t)
	files := map[string]string{}
	for i := range 120 { // a pack; the second commit comes as single files
		files[fmt.Sprintf("d%d/f%d.txt", i%7, i)] = fmt.Sprintf("content %d\n", i)
	}
	s.commit("main", files)
	master := t.TempDir()
	m := s.open(master)
	fetch(t, m, "refs/heads/main")
	head := s.commit("main", map[string]string{"d1/new.txt": "new\n"})
	fetch(t, m, "refs/heads/main")
	want := whole(t, m, head)
	var paths []string
	err := filepath.WalkDir(master, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, relErr := filepath.Rel(master, path)
			paths, err = append(paths, rel), relErr
		}
		return err
	})
	if err != nil || len(paths) < 8 {
		t.Fatalf("%v %v", paths, err)
	}
	damages := map[string]func(path string, content []byte) error{
		"removed": func(path string, _ []byte) error { return os.Remove(path) },
		"emptied": func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"halved":  func(path string, content []byte) error { return os.WriteFile(path, content[:len(content)/2], 0o600) },
		"mixed": func(path string, content []byte) error {
			content = bytes.Clone(content)
			for i := len(content) / 3; i < len(content)/3+8 && i < len(content); i++ {
				content[i] ^= 0x55
			}
			return os.WriteFile(path, content, 0o600)
		},
	}
	for name, damage := range damages {
		for _, path := range paths {
			t.Run(name+"/"+path, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(master)); err != nil {
					t.Fatal(err)
				}
				content, err := os.ReadFile(filepath.Join(master, path))
				if err != nil {
					t.Fatal(err)
				}
				at := filepath.Join(dir, path)
				if err := os.Chmod(at, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := damage(at, content); err != nil {
					t.Fatal(err)
				}
				m := s.open(dir)
				fetch(t, m, "refs/heads/main")
				if tree, err := m.Tree(head); err == nil { // damage in the middle is found by reading
					_ = fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
						if err == nil && !d.IsDir() {
							_, err = fs.ReadFile(tree, path)
						}
						return err
					})
				}
				if !m.Holds("refs/heads/main", head) { // what was found damaged is no longer relied on
					fetch(t, m, "refs/heads/main")
				}
				if diff := cmp.Diff(want, whole(t, m, head)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestPackThatWasCutShortIsNotOpened(t *testing.T) {
	s := newServer(t)
	manyFiles(s, "x")
	dir := t.TempDir()
	fetch(t, s.open(dir), "refs/heads/main")
	packs, err := filepath.Glob(filepath.Join(dir, repositoryDir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("%v %v", packs, err)
	}
	base := strings.TrimSuffix(packs[0], ".pack")
	if err := checkPack(base); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(packs[0], info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if err := checkPack(base); err == nil {
		t.Error("a pack without its end passes")
	}
	if m := s.open(dir); m.refs != nil {
		t.Errorf("opened with %v", m.refs)
	}
}

// TestObjectUnderAnothersName: a file that is sound in itself, in the place of another.
func TestObjectUnderAnothersName(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a": "true", "b": "forged"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	at := func(path string) string {
		id := strings.TrimSpace(run(t, s.work, "git", "rev-parse", head+":"+path))
		return filepath.Join(m.dir, repositoryDir, "objects", id[:2], id[2:])
	}
	forged, err := os.ReadFile(at("b"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(at("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("a"), forged, 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := m.Tree(head)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(tree, "a"); err == nil {
		t.Errorf("got %q", got)
	}
	fetch(t, m, "refs/heads/main")
	if got := whole(t, m, head)["a"]; got != "true" {
		t.Errorf("got %q", got)
	}
}

func TestHalfDoneClonesAreRemoved(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a": "a"})
	dir := t.TempDir()
	fetch(t, s.open(dir), "refs/heads/main")
	for _, left := range []string{nextDir, oldDir} {
		if err := os.MkdirAll(filepath.Join(dir, left, "objects"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tmp := filepath.Join(dir, repositoryDir, "objects", "pack", tmpPrefix+"pack_1")
	if err := os.WriteFile(tmp, []byte("PACK"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole(t, s.open(dir), head)
	for _, left := range []string{filepath.Join(dir, nextDir), filepath.Join(dir, oldDir), tmp} {
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", left, err)
		}
	}
}

// TestCommitWithoutItsTree: a process that is killed while it unpacks leaves objects without what they refer to. That they exist must
// not count as having them.
func TestCommitWithoutItsTree(t *testing.T) {
	s := newServer(t)
	s.commit("main", map[string]string{"a": "a"})
	dir := t.TempDir()
	m := s.open(dir)
	fetch(t, m, "refs/heads/main")
	head := s.commit("main", map[string]string{"b": "b"})
	loose := filepath.Join("objects", head[:2], head[2:])
	if err := os.MkdirAll(filepath.Join(dir, repositoryDir, filepath.Dir(loose)), 0o700); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(s.bare, loose))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, repositoryDir, loose), content, 0o600); err != nil {
		t.Fatal(err)
	}
	m = s.open(dir)
	fetch(t, m, "refs/heads/main")
	whole(t, m, head)
}

func TestManyPacksAreClonedAnew(t *testing.T) {
	s := newServer(t)
	one := s.commit("main", map[string]string{"a": "1"})
	s.commit("other", map[string]string{"o": "1"})
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main", "refs/heads/other")
	packs := filepath.Join(m.dir, repositoryDir, "objects", "pack")
	for i := range maxPacks + 1 {
		if err := os.WriteFile(filepath.Join(packs, fmt.Sprintf("pack-%040d.pack", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := m.Tree(one)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.work, "git", "reset", "-q", "--hard", one) // what the mirror has of the other branch cannot be had any more
	s.commit("other", map[string]string{"o": "forced"})
	run(t, s.work, "git", "reset", "-q", "--hard", one)
	two := s.commit("main", map[string]string{"a": "2"})
	run(t, s.bare, "git", "gc", "-q", "--prune=now")
	fetch(t, m, "refs/heads/main")
	whole(t, m, two)
	left, err := filepath.Glob(filepath.Join(packs, "*.pack"))
	if err != nil || len(left) > 1 {
		t.Errorf("%d packs are left, %v", len(left), err)
	}
	if got, err := fs.ReadFile(tree, "a"); err != nil || string(got) != "1" {
		t.Errorf("a tree from before the clone: %q, %v", got, err)
	}
	if got := run(t, filepath.Join(m.dir, repositoryDir), "git", "for-each-ref", "--format=%(refname)"); got != "refs/heads/main\nrefs/heads/other\n" {
		t.Errorf("refs are %q", got)
	}
}

func TestReadersBesideAWriter(t *testing.T) {
	s := newServer(t)
	heads := []string{s.commit("main", map[string]string{"a/b/c.txt": "0"})}
	m := s.open(t.TempDir())
	fetch(t, m, "refs/heads/main")
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				tree, err := m.Tree(heads[0])
				if err == nil {
					_, err = fs.ReadFile(tree, "a/b/c.txt")
				}
				if err == nil {
					_, err = m.MergeBase(t.Context(), heads[0], heads[0])
				}
				if err != nil {
					t.Errorf("reading: %v", err)
					return
				}
			}
		})
	}
	for i := range 5 {
		if i == 3 { // a clone in the middle
			m.objects.mu.Lock()
			m.suspect = true
			m.objects.mu.Unlock()
		}
		files := map[string]string{}
		for j := range 60 {
			files[fmt.Sprintf("d%d/f%d", i, j)] = fmt.Sprint(i, j)
		}
		s.commit("main", files)
		if err := m.Fetch(t.Context(), "refs/heads/main"); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
}
