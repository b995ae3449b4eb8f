package gitrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppend(t *testing.T) {
	s := newServer(t)
	s.commit("main", map[string]string{"a.txt": "a\n"})
	m := s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"ledger/2026/1.json": []byte("{}\n"), "objects/a": []byte("x")}, "Adopt\n\nEntry: 1\n", noon)
	if err != nil {
		t.Fatal(err)
	}
	two, err := m.Append(t.Context(), "ledger", one, map[string][]byte{"ledger/2026/2.json": []byte("{}\n"), "ledger/2026-x": []byte("y"),
		"ledger/2026.d/z": []byte("{}\n")}, "Decide\n", noon.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.bare, "git", "fsck", "--strict", "--no-dangling")
	run(t, filepath.Join(m.dir, repositoryDir), "git", "fsck", "--strict", "--no-dangling")
	want := map[string]string{"ledger/2026/1.json": "{}\n", "ledger/2026/2.json": "{}\n", "ledger/2026-x": "y", "ledger/2026.d/z": "{}\n", "objects/a": "x"}
	if diff := cmp.Diff(want, whole(t, m, two)); diff != "" {
		t.Error(diff)
	}
	if got := run(t, s.bare, "git", "log", "--format=%an %ae %cn %cI %s", "ledger"); got != "liftlock[bot] liftlock[bot]@users.noreply.github.com liftlock[bot] 2026-11-21T12:00:00+00:00 Decide\n"+
		"liftlock[bot] liftlock[bot]@users.noreply.github.com liftlock[bot] 2026-11-20T12:00:00+00:00 Adopt\n" {
		t.Errorf("got %s", got)
	}
	// A mirror that starts anew continues where the first one ended.
	other := s.open(t.TempDir())
	fetch(t, other, "refs/heads/ledger")
	if _, err := other.Append(t.Context(), "ledger", two, map[string][]byte{"ledger/2026/3.json": nil}, "Merge\n", noon); err != nil {
		t.Error(err)
	}
}

func TestAppendCostsTwoRequests(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"1": nil}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	requests := s.requests.Load()
	if _, err := m.Append(t.Context(), "ledger", one, map[string][]byte{"2": nil}, "m", noon); err != nil {
		t.Fatal(err)
	}
	if n := s.requests.Load() - requests; n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestAppendOnlyAdds(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"a/b": []byte("1")}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	requests := s.requests.Load()
	for _, path := range []string{"a/b", "a", "a/b/c"} {
		if _, err := m.Append(t.Context(), "ledger", one, map[string][]byte{path: []byte("1")}, "m", noon); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%q: got %v, want fs.ErrExist", path, err)
		}
	}
	for _, path := range []string{"", ".", "../x", "/x", "a//b", "x/", ".git/config", "x/.GIT/y", `a\b`, "a\nb"} {
		if _, err := m.Append(t.Context(), "ledger", one, map[string][]byte{path: nil}, "m", noon); err == nil {
			t.Errorf("%q is added", path)
		}
	}
	for _, branch := range []string{"", "a..b", "a b", "x.lock", "../heads/main"} {
		if _, err := m.Append(t.Context(), branch, one, map[string][]byte{"x": nil}, "m", noon); err == nil {
			t.Errorf("branch %q is taken", branch)
		}
	}
	if _, err := m.Append(t.Context(), "ledger", one, nil, "m", noon); err == nil {
		t.Error("an empty commit is made")
	}
	if _, err := m.Append(t.Context(), "ledger", strings.Repeat("0", 39), map[string][]byte{"x": nil}, "m", noon); err == nil {
		t.Error("half a name is taken for a commit")
	}
	if _, err := m.Append(t.Context(), "ledger", strings.Repeat("1", 40), map[string][]byte{"x": nil}, "m", noon); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a commit that is not here: got %v", err)
	}
	if s.requests.Load() != requests {
		t.Error("the server was asked")
	}
}

// TestTwoReplicasAppend: of two that append on top of the same entry one is refused, and the numbers have no gap after it has looked again (A96).
func TestTwoReplicasAppend(t *testing.T) {
	s := newServer(t)
	a, b := s.open(t.TempDir()), s.open(t.TempDir())
	zero, err := a.Append(t.Context(), "ledger", "", map[string][]byte{"0": nil}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Append(t.Context(), "ledger", "", map[string][]byte{"0": nil}, "m", noon)
	wantConflict(t, err)
	fetch(t, b, "refs/heads/ledger")
	one, err := a.Append(t.Context(), "ledger", zero, map[string][]byte{"1": []byte("a")}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Append(t.Context(), "ledger", zero, map[string][]byte{"1": []byte("b")}, "m", noon)
	wantConflict(t, err)
	fetch(t, b, "refs/heads/ledger")
	if _, err := b.Append(t.Context(), "ledger", one, map[string][]byte{"2": []byte("b")}, "m", noon); err != nil {
		t.Fatal(err)
	}
	if got := run(t, s.bare, "git", "ls-tree", "-r", "--name-only", "ledger"); got != "0\n1\n2\n" {
		t.Errorf("got %q", got)
	}
	run(t, s.bare, "git", "fsck", "--strict", "--no-dangling")
}

// TestAppendThatMovesWhilePushing: the branch moves after it was looked at, so that only the server's own comparison can tell.
func TestAppendThatMovesWhilePushing(t *testing.T) {
	s := newServer(t)
	m, rival := s.open(t.TempDir()), s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"1": nil}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	fetch(t, rival, "refs/heads/ledger")
	var two string
	between := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			s.before.Store(nil)
			if two, err = rival.Append(t.Context(), "ledger", one, map[string][]byte{"2": []byte("rival")}, "m", noon); err != nil {
				t.Error(err)
			}
		}
		return false
	}
	s.before.Store(&between)
	_, err = m.Append(t.Context(), "ledger", one, map[string][]byte{"2": []byte("mine")}, "m", noon)
	wantConflict(t, err)
	if got := strings.TrimSpace(run(t, s.bare, "git", "rev-parse", "ledger")); got != two {
		t.Errorf("ledger is at %s, want the rival's %s", got, two)
	}
	run(t, s.bare, "git", "fsck", "--strict")
	fetch(t, m, "refs/heads/ledger")
	if got := whole(t, m, two)["2"]; got != "rival" {
		t.Errorf("got %q", got)
	}
}

// TestAppendWhoseAnswerIsLost: the push got through and the connection broke. That is a success, or the entry would be written twice.
func TestAppendWhoseAnswerIsLost(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"1": nil}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	handler := s.Config.Handler
	lose := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		s.before.Store(nil)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	s.before.Store(&lose)
	two, err := m.Append(t.Context(), "ledger", one, map[string][]byte{"2": nil}, "m", noon)
	if err != nil || strings.TrimSpace(run(t, s.bare, "git", "rev-parse", "ledger")) != two {
		t.Fatalf("got %q, %v", two, err)
	}
	if _, err := m.Append(t.Context(), "ledger", two, map[string][]byte{"3": nil}, "m", noon); err != nil {
		t.Error(err)
	}
}

func TestAppendRefusedByTheServer(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"1": nil}, "m", noon)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.bare, "git", "config", "receive.maxInputSize", "10")
	_, err = m.Append(t.Context(), "ledger", one, map[string][]byte{"2": []byte(strings.Repeat("x", 100))}, "m", noon)
	var e *Error
	if !errors.As(err, &e) || e.Conflict() || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	before := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	s.before.Store(&before)
	if _, err = m.Append(t.Context(), "ledger", one, map[string][]byte{"2": nil}, "m", noon); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	s.before.Store(nil)
	run(t, s.bare, "git", "config", "--unset", "receive.maxInputSize")
	if _, err = m.Append(t.Context(), "ledger", one, map[string][]byte{"2": nil}, "m", noon); err != nil {
		t.Error(err)
	}
}

func TestLongLedgerStaysOneRepository(t *testing.T) {
	s := newServer(t)
	m := s.open(t.TempDir())
	head := ""
	for i := range 8 {
		next, err := m.Append(t.Context(), "ledger", head, map[string][]byte{fmt.Sprintf("ledger/2026/%03d.json", i): []byte(fmt.Sprint(i))}, "m", noon)
		if err != nil {
			t.Fatal(err)
		}
		head = next
	}
	if n := len(whole(t, m, head)); n != 8 {
		t.Errorf("%d entries", n)
	}
	packs, err := filepath.Glob(filepath.Join(m.dir, repositoryDir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) > 0 {
		t.Errorf("%d packs, %v", len(packs), err)
	}
	run(t, s.bare, "git", "fsck", "--strict", "--no-dangling")
}
