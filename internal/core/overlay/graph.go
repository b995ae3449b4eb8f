package overlay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Finding is one thing to say about an overlay. Line is 0 where it is about the whole file.
type Finding struct {
	Code    string
	Path    string
	Line    int
	Message string
}

// Graph is everything that kustomize would read to build one overlay.
type Graph struct {
	Dir   string
	Dirs  []string // the kustomization directories, sorted, Dir included
	Files []string // the local files, sorted, kustomization files included
	// Unproved says what is remote, a plugin, a chart or outside its root. Unless it is empty the overlay must not be rendered:
	// kustomize would fetch or execute it.
	Unproved []Finding
}

// Graph walks all that an overlay refers to. Cycles, references that lead nowhere, symbolic links and graphs beyond the bounds are errors.
func (t *Tree) Graph(dir string) (*Graph, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	shared, err := t.graph(dir)
	if err != nil {
		return nil, err
	}
	return &Graph{shared.Dir, slices.Clone(shared.Dirs), slices.Clone(shared.Files), slices.Clone(shared.Unproved)}, nil
}

// graph returns what is remembered and must not be changed.
func (t *Tree) graph(dir string) (*Graph, error) {
	root, err := t.node(dir, 0)
	if err != nil {
		return nil, err
	}
	if root.graph != nil {
		return root.graph, nil
	}
	g := &Graph{Dir: dir}
	root.graph = g
	nodes, files := map[string]*node{}, map[string]bool{}
	root.collect(nodes)
	g.Dirs = slices.Sorted(maps.Keys(nodes))
	for _, name := range g.Dirs {
		n := nodes[name]
		files[n.document.path] = true
		for _, file := range n.files {
			files[file] = true
		}
		g.Unproved = append(g.Unproved, n.unproved...)
	}
	g.Files = slices.Sorted(maps.Keys(files))
	return g, nil
}

// node is one kustomization directory with what it refers to directly.
type node struct {
	dir        string
	document   *document
	resources  []child
	components []*node
	patched    []Use // the images that patches may put in
	files      []string
	unproved   []Finding
	visits     int // how many directories and files kustomize reads from here down, counted as often as it reads them
	bytes      int
	depth      int
	graph      *Graph    // of this directory as an overlay, once asked for
	images     *imageSet // of the directory once built, see images.go
}

// child is a file of manifests or a base; a nil base means the file.
type child struct {
	file string
	base *node
}

// collect gathers the distinct directories from here down.
func (n *node) collect(into map[string]*node) {
	if into[n.dir] != nil {
		return
	}
	into[n.dir] = n
	for _, c := range n.resources {
		if c.base != nil {
			c.base.collect(into)
		}
	}
	for _, c := range n.components {
		c.collect(into)
	}
}

// errTooDeep depends on where the walk began, so that no node may remember it.
var errTooDeep = errors.New("the chain of bases is too long")

// node walks a directory once; every overlay above shares it.
func (t *Tree) node(dir string, depth int) (*node, error) {
	if depth > maxGraphDepth {
		return nil, &fault{CodeMalformed, dir, 0, fmt.Sprintf("want at most %d directories on the way to a base", maxGraphDepth), errTooDeep}
	}
	known, ok := t.memo.nodes[dir]
	switch {
	case ok && known.node == nil && known.err == nil:
		return nil, &fault{CodeMalformed, dir, 0, "the directory refers to itself through its bases", nil}
	case ok && known.err != nil:
		return nil, known.err
	case ok && depth+known.node.depth > maxGraphDepth:
		return nil, &fault{CodeMalformed, dir, 0, fmt.Sprintf("want at most %d directories on the way to a base", maxGraphDepth), errTooDeep}
	case ok:
		return known.node, nil
	}
	t.memo.nodes[dir] = walked{} // in progress: whoever comes back here found a cycle
	n, err := t.walk(dir, depth)
	if !lasting(err) || errors.Is(err, errTooDeep) {
		delete(t.memo.nodes, dir)
		return nil, err
	}
	t.memo.nodes[dir] = walked{n, err}
	return n, err
}

func (t *Tree) walk(dir string, depth int) (*node, error) {
	d, err := t.open(dir)
	if err != nil {
		return nil, err
	}
	if d.unread != nil {
		return nil, d.unread
	}
	refs, unproved, err := d.references()
	if err != nil {
		return nil, err
	}
	n := &node{dir: dir, document: d, unproved: unproved, visits: 1, bytes: len(d.data)}
	for _, ref := range refs {
		if err := t.follow(n, ref, depth); err != nil {
			var f *fault
			if errors.As(err, &f) && f.path == d.path {
				return nil, err
			}
			code := CodeRenderFailed
			if f != nil && f.code != CodeMissing {
				code = f.code
			}
			if !lasting(err) {
				return nil, err
			}
			return nil, d.fault(code, ref.line, fmt.Sprintf("refers to %q", clip(quoted(ref.text))), err)
		}
		// Counted with repetition, as kustomize reads: thirty directories that name the next one twice ask for a billion reads.
		if n.visits > maxVisits || n.bytes > maxVisitedBytes {
			return nil, d.fault(CodeMalformed, ref.line, fmt.Sprintf("building it reads more than %d files or %d bytes", maxVisits, maxVisitedBytes), nil)
		}
	}
	return n, nil
}

// follow adds what one reference leads to. Syntax is judged before the tree is asked whether such a file exists: kustomize clones
// "github.com/org/repo" also where a directory of that name lies beside the kustomization.
func (t *Tree) follow(n *node, ref reference, depth int) error {
	if ref.inline {
		return t.followInline(n, ref)
	}
	unproved := func(message string) error {
		n.unproved = append(n.unproved, Finding{CodeRemote, n.document.path, ref.line, message})
		return nil
	}
	if remote(ref.text) {
		return unproved(fmt.Sprintf("%q is remote and is never fetched", clip(quoted(ref.text))))
	}
	name, outside, err := resolve(n.dir, ref.text)
	if err != nil {
		return &fault{CodeUnsafePath, n.document.path, ref.line, err.Error(), nil}
	}
	if outside {
		return unproved(fmt.Sprintf("%q lies outside the repository", clip(quoted(ref.text))))
	}
	entry, err := t.stat(name)
	if err != nil {
		return err
	}
	directory := entry == nil || entry.IsDir()
	switch {
	case directory && ref.kind == plugin:
		return unproved(fmt.Sprintf("%q: a directory of plugins is never run", clip(ref.text)))
	case directory && (ref.kind == resource || ref.kind == component):
		return t.followBase(n, ref, name, depth)
	case directory || ref.kind == component:
		return missing(name, "a file where a directory is wanted, or the reverse")
	case !below(name, n.dir):
		return unproved(fmt.Sprintf("%q lies outside the directory of its kustomization, where kustomize does not read files", clip(ref.text)))
	}
	return t.followFile(n, ref, name)
}

func (t *Tree) followBase(n *node, ref reference, name string, depth int) error {
	// kustomize refuses a base that the directory lies in, cycle or not.
	if below(n.dir, name) {
		return &fault{CodeMalformed, n.document.path, ref.line, fmt.Sprintf("refers to %q, which it lies in", clip(ref.text)), nil}
	}
	base, err := t.node(name, depth+1)
	if err != nil {
		return err
	}
	n.visits += base.visits
	n.bytes += base.bytes
	n.depth = max(n.depth, base.depth+1)
	if ref.kind == component {
		n.components = append(n.components, base)
	} else {
		n.resources = append(n.resources, child{base: base})
	}
	return nil
}

func (t *Tree) followFile(n *node, ref reference, name string) error {
	f, err := t.file(name, ref.kind != content)
	if err != nil {
		return err
	}
	n.visits++
	n.bytes += f.size
	n.files = append(n.files, name)
	switch ref.kind {
	case resource:
		n.resources = append(n.resources, child{file: name})
	case manifest:
		n.patched = append(n.patched, f.uses...)
	}
	if ref.kind == plugin && !f.harmless {
		n.unproved = append(n.unproved, Finding{CodeRemote, n.document.path, ref.line, fmt.Sprintf("%q: a plugin is never run", clip(ref.text))})
	}
	return nil
}

// followInline checks a text inside the kustomization file that kustomize parses once more.
func (t *Tree) followInline(n *node, ref reference) error {
	f, err := readManifests(n.document.path, []byte(ref.text))
	if err != nil {
		return n.document.fault(CodeMalformed, ref.line, "reading the inline text", err)
	}
	if ref.kind == manifest {
		n.patched = append(n.patched, f.uses...)
	}
	// A text that does not parse as a plugin is tried as an address next.
	if ref.kind == plugin && !f.harmless || address(ref.text) {
		n.unproved = append(n.unproved, Finding{CodeRemote, n.document.path, ref.line, "a plugin is never run, and an address never fetched"})
	}
	return nil
}
