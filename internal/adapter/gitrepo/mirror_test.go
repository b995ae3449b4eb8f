package gitrepo

import (
	"errors"
	"io/fs"
	"testing"
)

func TestFetchReadsTree(t *testing.T) {
	s := newServer(t)
	head := s.commit("main", map[string]string{"a/b.txt": "hello\n", "c.txt": "c\n"})
	m := s.open(t.TempDir())
	refs, err := m.Advertise(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if refs["refs/heads/main"] != head {
		t.Fatalf("advertised %v", refs)
	}
	if err := m.Fetch(t.Context(), "refs/heads/main"); err != nil {
		t.Fatal(err)
	}
	tree, err := m.Tree(head)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fs.ReadFile(tree, "a/b.txt")
	if err != nil || string(got) != "hello\n" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestAppend(t *testing.T) {
	s := newServer(t)
	s.commit("main", map[string]string{"a.txt": "a\n"})
	m := s.open(t.TempDir())
	one, err := m.Append(t.Context(), "ledger", "", map[string][]byte{"ledger/2026/1.json": []byte("{}\n"), "objects/a": []byte("x")}, "Adopt\n", noon)
	if err != nil {
		t.Fatal(err)
	}
	two, err := m.Append(t.Context(), "ledger", one, map[string][]byte{"ledger/2026/2.json": []byte("{}\n"), "ledger/2026-x": []byte("y")}, "Decide\n", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Append(t.Context(), "ledger", two, map[string][]byte{"ledger/2026/2.json": []byte("z")}, "Forge\n", noon); !errors.Is(err, fs.ErrExist) {
		t.Errorf("changing a file: got %v, want fs.ErrExist", err)
	}
	var conflict interface{ Conflict() bool }
	if _, err := m.Append(t.Context(), "ledger", one, map[string][]byte{"q": nil}, "Late\n", noon); !errors.As(err, &conflict) || !conflict.Conflict() {
		t.Errorf("appending to what moved: got %v, want a conflict", err)
	}
	run(t, s.bare, "git", "fsck", "--strict", "--no-dangling")
	if got := run(t, s.bare, "git", "ls-tree", "-r", "--name-only", "ledger"); got != "ledger/2026-x\nledger/2026/1.json\nledger/2026/2.json\nobjects/a\n" {
		t.Errorf("got %s", got)
	}
}
