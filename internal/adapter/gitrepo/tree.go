package gitrepo

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Tree returns the files of a commit as a file system that reads git objects as they are asked for. It implements fs.ReadDirFS,
// fs.ReadFileFS and fs.StatFS. Symbolic links have type fs.ModeSymlink and submodules fs.ModeIrregular; both can be seen by Stat and
// ReadDir and are never followed: opening one, or a path that leads through one, is an error with the code UNSAFE_TREE_ENTRY.
func (o *objects) Tree(commit string) (fs.FS, error) {
	info, err := o.CommitInfo(commit)
	if err != nil {
		return nil, err
	}
	t := &treeFS{o: o, root: entry{mode: filemode.Dir, id: plumbing.NewHash(info.Tree)}, known: map[plumbing.Hash][]entry{}}
	if _, err := t.entries(t.root.id); err != nil { // a commit without its tree is found out here, not in the middle
		return nil, fmt.Errorf("reading the tree of commit %s: %w", commit, err)
	}
	return t, nil
}

// treeFS is one commit's files. What was read of directories is kept: a tree never changes.
type treeFS struct {
	o    *objects
	root entry

	mu    sync.Mutex
	known map[plumbing.Hash][]entry
	count int
}

var (
	_ fs.ReadDirFS  = (*treeFS)(nil)
	_ fs.ReadFileFS = (*treeFS)(nil)
	_ fs.StatFS     = (*treeFS)(nil)
)

// entry is one line of a tree.
type entry struct {
	name string
	mode filemode.FileMode
	id   plumbing.Hash
}

// fileMode puts git's six modes into Go's. Group-writable files, of old repositories, are ordinary ones.
func (e entry) fileMode() fs.FileMode {
	switch e.mode {
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Executable:
		return 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Submodule:
		return fs.ModeIrregular
	}
	return 0o644
}

// unsafeEntry is a symbolic link or a submodule where a file or a directory was wanted.
type unsafeEntry struct{ what string }

// Error says what stands there.
func (e *unsafeEntry) Error() string { return "it is a " + e.what + ", which is never followed" }

// Code returns the code of the code table.
func (e *unsafeEntry) Code() string { return "UNSAFE_TREE_ENTRY" }

// unsafe returns the error for a link or a submodule.
func (e entry) unsafe() error {
	switch e.mode {
	case filemode.Symlink:
		return &unsafeEntry{"symbolic link"}
	case filemode.Submodule:
		return &unsafeEntry{"submodule"}
	}
	return nil
}

// entries reads a directory once.
func (t *treeFS) entries(id plumbing.Hash) ([]entry, error) {
	t.mu.Lock()
	known, ok := t.known[id]
	t.mu.Unlock()
	if ok {
		return known, nil
	}
	read, err := t.o.entries(id)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count+len(read) <= maxKnownEntries {
		t.known[id], t.count = read, t.count+len(read)
	}
	return read, nil
}

// entries reads one tree object, sorted by name.
func (o *objects) entries(id plumbing.Hash) ([]entry, error) {
	content, err := o.read(plumbing.TreeObject, id, maxTree)
	if err != nil {
		return nil, err
	}
	return parseTree(content)
}

var errMalformedTree = errors.New("malformed tree object")

// parseTree reads "mode SP name NUL id" lines. Names that no checkout could hold, or that would be read as another path, are refused:
// a forge lets such trees in by its API.
func parseTree(content []byte) ([]entry, error) {
	all := make([]entry, 0, len(content)/40+1)
	for len(content) > 0 {
		space := bytes.IndexByte(content, ' ')
		end := bytes.IndexByte(content, 0)
		if space < 1 || end < space || len(content) < end+21 {
			return nil, errMalformedTree
		}
		mode, err := filemode.New(string(content[:space]))
		if err != nil {
			return nil, errMalformedTree
		}
		switch mode {
		case filemode.Dir, filemode.Regular, filemode.Deprecated, filemode.Executable, filemode.Symlink, filemode.Submodule:
		default:
			return nil, errMalformedTree
		}
		e := entry{name: string(content[space+1 : end]), mode: mode}
		if !fs.ValidPath(e.name) || e.name == "." || strings.ContainsRune(e.name, '/') || strings.EqualFold(e.name, ".git") {
			return nil, errMalformedTree
		}
		copy(e.id[:], content[end+1:end+21])
		all = append(all, e)
		content = content[end+21:]
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	for i := 1; i < len(all); i++ {
		if all[i-1].name == all[i].name { // which of the two is read would depend on the reader
			return nil, errMalformedTree
		}
	}
	return all, nil
}

// find walks to a name. The last entry may be anything, those before it are directories.
func (t *treeFS) find(op, name string) (entry, error) {
	if !fs.ValidPath(name) {
		return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	at := t.root
	if name == "." {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if err := at.unsafe(); err != nil {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("%q on the way: %w", at.name, err)}
		}
		if at.mode != filemode.Dir {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		all, err := t.entries(at.id)
		if err != nil {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: err}
		}
		i, ok := slices.BinarySearchFunc(all, part, func(e entry, name string) int { return cmp.Compare(e.name, name) })
		if !ok {
			return entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		at = all[i]
	}
	return at, nil
}

// Stat describes the entry itself: a link is a link, as with Lstat.
func (t *treeFS) Stat(name string) (fs.FileInfo, error) {
	e, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return t.info(e, name)
}

// info asks for the size of blobs only; a submodule's commit is in another repository.
func (t *treeFS) info(e entry, name string) (fs.FileInfo, error) {
	info := fileInfo{name: name[strings.LastIndexByte(name, '/')+1:], mode: e.fileMode()}
	if e.mode == filemode.Dir || e.mode == filemode.Submodule {
		return info, nil
	}
	size, err := t.o.size(e.id)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	info.size = size
	return info, nil
}

// ReadDir lists a directory by name. Sizes are not looked up before somebody asks.
func (t *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if err := e.unsafe(); err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	if e.mode != filemode.Dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	all, err := t.entries(e.id)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	list := make([]fs.DirEntry, len(all))
	for i := range all {
		list[i] = dirEntry{t: t, e: &all[i]}
	}
	return list, nil
}

// ReadFile returns a file of at most maxBlob bytes.
func (t *treeFS) ReadFile(name string) ([]byte, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if err := e.unsafe(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if e.mode == filemode.Dir {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	content, err := t.o.read(plumbing.BlobObject, e.id, maxBlob)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return content, nil
}

// Open reads a file whole: it is small, and what is open keeps no lock and no descriptor.
func (t *treeFS) Open(name string) (fs.File, error) {
	e, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if e.mode == filemode.Dir {
		list, err := t.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &openDir{info: fileInfo{name: name[strings.LastIndexByte(name, '/')+1:], mode: e.fileMode()}, rest: list}, nil
	}
	content, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	info := fileInfo{name: e.name, mode: e.fileMode(), size: int64(len(content))}
	return &openFile{Reader: bytes.NewReader(content), info: info}, nil
}

// fileInfo has no time: git keeps none for files.
type fileInfo struct {
	name string
	mode fs.FileMode
	size int64
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }

// dirEntry points into the list that the tree remembers.
type dirEntry struct {
	t *treeFS
	e *entry
}

func (d dirEntry) Name() string               { return d.e.name }
func (d dirEntry) IsDir() bool                { return d.e.mode == filemode.Dir }
func (d dirEntry) Type() fs.FileMode          { return d.e.fileMode().Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.t.info(*d.e, d.e.name) }

// openFile is a file in memory.
type openFile struct {
	*bytes.Reader
	info fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

// openDir hands out what is left of a listing.
type openDir struct {
	info fileInfo
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errors.New("is a directory")}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.rest) {
		n = len(d.rest)
	}
	list := d.rest[:n]
	d.rest = d.rest[n:]
	return list, nil
}
