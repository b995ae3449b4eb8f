package overlay

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// view is the file system that kustomize sees: the graph's files and nothing else, read only. Kustomize's own in-memory file system
// refuses names with spaces and copies every file.
type view struct {
	filesys.FileSystem // nil: what is not below panics, and the panic is a failed rendering
	files              map[string][]byte
	dirs               map[string]bool
}

func newView(files map[string][]byte) view {
	v := view{files: files, dirs: map[string]bool{"/": true}}
	for name := range files {
		for dir := path.Dir("/" + name); !v.dirs[dir]; dir = path.Dir(dir) {
			v.dirs[dir] = true
		}
	}
	return v
}

func absolute(name string) string { return path.Clean("/" + filepath.ToSlash(name)) }

func (v view) IsDir(name string) bool { return v.dirs[absolute(name)] }

func (v view) Exists(name string) bool {
	_, ok := v.files[absolute(name)[1:]]
	return ok || v.IsDir(name)
}

func (v view) ReadFile(name string) ([]byte, error) {
	data, ok := v.files[absolute(name)[1:]]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return append([]byte(nil), data...), nil // kustomize may write into it
}

func (v view) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	name = absolute(name)
	if v.dirs[name] {
		return filesys.ConfirmedDir(name), "", nil
	}
	if _, ok := v.files[name[1:]]; ok {
		return filesys.ConfirmedDir(path.Dir(name)), path.Base(name), nil
	}
	return "", "", &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

// render builds an overlay. kustomize has no switch against the network: its loader fetches and clones by the look of a path. The caller
// has walked the graph: nothing in it is remote, a plugin, a chart or outside its root, so that kustomize has no reason to open a
// connection or start a process.
func render(v view, dir string) (out []*kyaml.RNode, err error) {
	// Empty definitions and some annotations make kustomize panic; hostile files must not end the process.
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("kustomize gave up: %s", clip(fmt.Sprint(r)))
		}
	}()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(v, absolute(dir))
	if err != nil {
		return nil, errors.New(clip(strings.ReplaceAll(err.Error(), "\n", " ")))
	}
	return resources.ToRNodeSlice(), nil
}

// contents reads the files of a graph.
func (t *Tree) contents(g *Graph) (map[string][]byte, error) {
	files := make(map[string][]byte, len(g.Files))
	for _, name := range g.Files {
		data, err := t.content(name)
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return files, nil
}
