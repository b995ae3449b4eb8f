// Package overlay edits the images of kustomizations by splicing bytes, walks what they refer to, and proves what a change renders.
package overlay

import (
	"io/fs"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Overlay is one kustomization directory.
type Overlay struct {
	Dir     string // slash-separated, relative to the repository; "." is its root
	Path    string // of the kustomization file
	Data    []byte // of that file
	Entries []Entry
}

// Open reads the kustomization directory dir of the tree. Errors have a code; those of a directory that is not there wrap fs.ErrNotExist.
// The tree's directory entries say what they are: a symbolic link is fs.ModeSymlink, a submodule fs.ModeIrregular.
func Open(fsys fs.FS, dir string) (*Overlay, error) { return NewTree(fsys).Open(dir) }

// Find returns the entries of an image: see Entry.Matches.
func (o *Overlay) Find(repository digest.Repository, placeholders []string) []Entry {
	var found []Entry
	for _, entry := range o.Entries {
		if entry.Matches(repository, placeholders) {
			found = append(found, entry)
		}
	}
	return found
}
