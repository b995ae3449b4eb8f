package gitrepo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// objects reads git objects. The library's storage is not safe for concurrent use, so that each read holds a lock and copies; what
// was handed out stays good when the storage below is replaced.
type objects struct {
	mu    sync.Mutex
	store *filesystem.Storage // nil before the first clone
	// suspect is set when an object that others refer to is missing or broken: the next fetch clones anew.
	suspect bool
}

// newStore gives each storage a cache of its own: objects in it know which files they come from.
func newStore(dir billy.Filesystem, o filesystem.Options) *filesystem.Storage {
	o.LargeObjectThreshold = largeObject
	return filesystem.NewStorageWithOptions(dir, cache.NewObjectLRU(objectCache), o)
}

// replace puts another storage in place of the one that is used.
func (o *objects) replace(store *filesystem.Storage) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.store
	o.store, o.suspect = store, false
	if old == nil {
		return nil
	}
	return old.Close()
}

var errNoObject = fmt.Errorf("object is not here: %w", fs.ErrNotExist)

// read returns the content of one object of the wanted type.
func (o *objects) read(kind plumbing.ObjectType, id plumbing.Hash, limit int64) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.store == nil {
		return nil, errNoObject
	}
	content, err := readObject(o.store, kind, id, limit)
	var tooLarge *sizeError
	switch {
	case err == nil, errors.As(err, &tooLarge):
	case errors.Is(err, plumbing.ErrObjectNotFound):
		// A commit may be asked for that was never fetched; trees and blobs are only known from what refers to them.
		o.suspect = o.suspect || kind != plumbing.CommitObject
		err = errNoObject
	default:
		o.suspect = true
	}
	return content, err
}

// sizeError is no damage: the object is sound, and more than a reader wants.
type sizeError struct{ got, want int64 }

// Error says both sizes.
func (e *sizeError) Error() string {
	return fmt.Sprintf("object has %d bytes, want at most %d", e.got, e.want)
}

// readObject reads one object whole and checks it against its name.
func readObject(store storer.EncodedObjectStorer, kind plumbing.ObjectType, id plumbing.Hash, limit int64) (content []byte, err error) {
	object, err := store.EncodedObject(kind, id) // beyond largeObject it holds a place to read from, not the content
	if err != nil {
		return nil, err
	}
	size := object.Size()
	if size > limit {
		return nil, &sizeError{got: size, want: limit}
	}
	r, err := object.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	content = make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, fmt.Errorf("object is cut short: %w", err)
	}
	if plumbing.ComputeHash(kind, content) != id { // a disk that rots must not decide what is deployed
		return nil, errors.New("object does not match its name")
	}
	return content, nil
}

// size returns the size of a blob without reading it.
func (o *objects) size(id plumbing.Hash) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.store == nil {
		return 0, errNoObject
	}
	size, err := o.store.EncodedObjectSize(id)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		o.suspect, err = true, errNoObject
	}
	return size, err
}

// locked lets the library walk commits, one lock for each.
type locked struct {
	storer.EncodedObjectStorer // only for what a walk over commits never calls
	o                          *objects
}

// EncodedObject is the one method that reading commits needs.
func (l locked) EncodedObject(kind plumbing.ObjectType, id plumbing.Hash) (plumbing.EncodedObject, error) {
	content, err := l.o.read(kind, id, maxCommit)
	if err != nil {
		return nil, err
	}
	object := &plumbing.MemoryObject{}
	object.SetType(kind)
	if _, err := object.Write(content); err != nil {
		return nil, err
	}
	return object, nil
}

var objectName = regexp.MustCompile(`\A[0-9a-f]{40}\z`)

// parseCommit reads an object name; the library would turn anything else into some other name without a word.
func parseCommit(id string) (plumbing.Hash, error) {
	if !objectName.MatchString(id) {
		return plumbing.ZeroHash, fmt.Errorf("commit %q: want 40 lower-case hex digits", clip(id))
	}
	return plumbing.NewHash(id), nil
}

// clip keeps a hostile name from filling an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
