package overlay

import (
	"io/fs"
	"path"
)

// Next returns a Tree over another state of the same repository, which differs from this one in the changed paths and nowhere else. What
// was parsed of the rest is kept: parsing is most of what reading a thousand overlays costs, and a promotion changes one of them.
// Both trees can be used from then on.
func (t *Tree) Next(fsys fs.FS, changed []string) *Tree {
	next := NewTree(fsys)
	kept := keeping(changed)
	t.mu.Lock()
	defer t.mu.Unlock()
	for dir, known := range t.memo.documents {
		if known.err == nil && kept(dir) {
			next.memo.documents[dir] = known
			next.memo.keepPatterns(t.memo, known.document)
		}
	}
	for name, f := range t.memo.files {
		if kept(name) {
			next.memo.files[name] = f
			next.memo.bytes += len(f.data)
		}
	}
	return next // without directory entries and graphs, which hold on to the other state and are cheap
}

// keepPatterns keeps those that a document needs, so that names which are gone are forgotten.
func (m *memo) keepPatterns(from memo, d *document) {
	for _, r := range d.rows {
		if pattern, ok := from.patterns[r.Name]; ok {
			m.patterns[r.Name] = pattern
		}
	}
}

// keeping returns whether a directory or file reads the same after the changes: it is none of the changed paths, and neither above nor
// below one. What is above has other entries; what is below may have become a file or a link.
func keeping(changed []string) func(name string) bool {
	exactly, above := map[string]bool{}, map[string]bool{".": true}
	for _, name := range changed {
		exactly[name] = true
		for name = path.Dir(name); name != "." && !above[name]; name = path.Dir(name) {
			above[name] = true
		}
	}
	return func(name string) bool {
		if above[name] {
			return len(changed) == 0
		}
		for ; name != "."; name = path.Dir(name) {
			if exactly[name] {
				return false
			}
		}
		return true
	}
}
