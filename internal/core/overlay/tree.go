package overlay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Tree reads kustomizations of one immutable file tree and remembers what it read, so that a base under a thousand overlays is read
// once. It is safe for concurrent use.
type Tree struct {
	fsys fs.FS
	mu   sync.Mutex
	memo memo
}

type memo struct {
	lists     map[string]listing
	documents map[string]parsed
}

type listing struct {
	entries []fs.DirEntry // sorted by name
	err     error
}

type parsed struct {
	document *document
	err      error
}

// NewTree returns a Tree over a file system rooted at the repository.
func NewTree(fsys fs.FS) *Tree {
	return &Tree{fsys: fsys, memo: memo{lists: map[string]listing{}, documents: map[string]parsed{}}}
}

// Open reads one kustomization directory: see the function Open.
func (t *Tree) Open(dir string) (*Overlay, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, err := t.open(dir)
	if err != nil {
		return nil, err
	}
	o := &Overlay{Dir: dir, Path: d.path, Data: d.data}
	for _, r := range d.rows {
		o.Entries = append(o.Entries, r.Entry)
	}
	return o, nil
}

// open finds and parses the kustomization file of a directory.
func (t *Tree) open(dir string) (*document, error) {
	if known, ok := t.memo.documents[dir]; ok {
		return known.document, known.err
	}
	d, err := t.openFresh(dir)
	if lasting(err) {
		t.memo.documents[dir] = parsed{d, err}
	}
	return d, err
}

// lasting reports whether the tree would give the same answer again; an error of the store below may heal.
func lasting(err error) bool {
	var f *fault
	return err == nil || errors.As(err, &f)
}

func (t *Tree) openFresh(dir string) (*document, error) {
	name, err := t.locate(dir)
	if err != nil {
		return nil, err
	}
	data, err := t.read(name, maxKustomization)
	if err != nil {
		return nil, err
	}
	return parse(name, data)
}

// locate returns the path of the one kustomization file of a directory.
func (t *Tree) locate(dir string) (string, error) {
	if err := CheckPath(dir); err != nil {
		return "", err
	}
	if err := t.checkKind(dir, true); err != nil {
		return "", err
	}
	entries, err := t.list(dir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, entry := range entries {
		switch strings.ToLower(entry.Name()) {
		case "kustomization.yaml", "kustomization.yml", "kustomization":
			found = append(found, entry.Name())
		}
	}
	switch {
	case len(found) == 0:
		return "", &fault{CodeMissing, dir, 0, "no kustomization.yaml in the directory", fs.ErrNotExist}
	case len(found) > 1:
		return "", &fault{CodeAmbiguousFile, dir, 0, "want one kustomization file, found " + strings.Join(found, ", "), nil}
	case !slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, found[0]):
		return "", &fault{CodeMissing, path.Join(dir, found[0]), 0, "want the name kustomization.yaml, in this letter case", fs.ErrNotExist}
	}
	name := path.Join(dir, found[0])
	return name, t.checkKind(name, false)
}

// checkKind walks from the root to name: everything on the way is a real directory, name itself a directory or a regular file.
// A symbolic link could point at another overlay, or out of the tree; a submodule's content is another repository's.
func (t *Tree) checkKind(name string, directory bool) error {
	if name == "." {
		return nil
	}
	segments := strings.Split(name, "/")
	for i, segment := range segments {
		here := strings.Join(segments[:i+1], "/")
		entry, err := t.find(path.Dir(here), segment)
		if err != nil {
			return err
		}
		last := i == len(segments)-1
		switch kind := entry.Type(); {
		case kind&fs.ModeSymlink != 0:
			return &fault{CodeUnsafeEntry, here, 0, "a symbolic link; want plain files and directories", nil}
		case kind&fs.ModeIrregular != 0:
			return &fault{CodeUnsafeEntry, here, 0, "a submodule; want plain files and directories", nil}
		case kind != 0 && kind != fs.ModeDir:
			return &fault{CodeUnsafeEntry, here, 0, "want plain files and directories, found " + kind.String(), nil}
		case entry.IsDir() != (directory || !last):
			return &fault{CodeMissing, here, 0, "a file where a directory is wanted, or the reverse", fs.ErrNotExist}
		}
	}
	return nil
}

// find returns one entry of a directory.
func (t *Tree) find(dir, name string) (fs.DirEntry, error) {
	entries, err := t.list(dir)
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(entries, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	if !found {
		return nil, &fault{CodeMissing, path.Join(dir, name), 0, "no such file or directory", fs.ErrNotExist}
	}
	return entries[i], nil
}

func (t *Tree) list(dir string) ([]fs.DirEntry, error) {
	known, ok := t.memo.lists[dir]
	if !ok {
		known.entries, known.err = fs.ReadDir(t.fsys, dir)
		slices.SortFunc(known.entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		if errors.Is(known.err, fs.ErrNotExist) {
			known.err = &fault{CodeMissing, dir, 0, "no such directory", fs.ErrNotExist}
		} else if known.err != nil {
			known.err = fmt.Errorf("listing directory %q: %w", dir, known.err)
		}
		if lasting(known.err) {
			t.memo.lists[dir] = known
		}
	}
	return known.entries, known.err
}

// read returns the whole file, or an error where it is larger than most.
func (t *Tree) read(name string, most int) (data []byte, err error) {
	file, err := t.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if len(data) > most {
		return nil, &fault{CodeMalformed, name, 0, fmt.Sprintf("the file has more than %d bytes", most), nil}
	}
	return data, nil
}
