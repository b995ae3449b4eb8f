package overlay

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// FuzzNext: however often a repository changes, what was kept says the same as what is read anew.
func FuzzNext(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		state := fstest.MapFS{}
		kept := NewTree(maps.Clone(state))
		for range 25 {
			before := maps.Clone(state)
			for range 1 + random.IntN(3) {
				mutate(random, state)
			}
			now := maps.Clone(state)
			kept = kept.Next(now, changedPaths(before, now))
			if diff := cmp.Diff(everything(NewTree(now)), everything(kept)); diff != "" {
				t.Fatalf("after a change of %q: %s", changedPaths(before, now), diff)
			}
		}
	})
}

func nextDirs() []string { return []string{".", "a", "a/b", "a/b/c", "d", "d/e"} }

// mutate writes, removes or replaces one path. A path that is written is no longer below a file, and nothing is below it.
func mutate(random *rand.Rand, state fstest.MapFS) {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	dir := pick(nextDirs()...)
	name := path.Join(dir, pick("kustomization.yaml", "kustomization.yaml", "kustomization.yaml", "Kustomization", "pod.yaml", "pod.yaml", ""))
	if name == "." {
		return
	}
	file := &fstest.MapFile{Mode: 0o644}
	switch {
	case random.IntN(5) == 0:
		delete(state, name)
		return
	case random.IntN(8) == 0:
		file = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(pick("a", "d", "nowhere"))}
	case path.Base(name) == "pod.yaml":
		file.Data = []byte(pod(pick("ghcr.io/acme/app:v1", "app"), pick("busybox", "busybox:1")))
	default:
		file.Data = fmt.Appendf(nil, "resources: [%s, %s]\nimages:\n- name: %s\n  newTag: %s\n", pick("pod.yaml", "b", "../d", "../../d/e", "c"), pick("pod.yaml", "e", "../a"),
			pick("app", "busybox", "ghcr.io/acme/app"), pick("v1", "v2", "[", "{"))
	}
	maps.DeleteFunc(state, func(other string, _ *fstest.MapFile) bool { return below(other, name) || below(name, other) })
	state[name] = file
}

func changedPaths(before, after fstest.MapFS) []string {
	var changed []string
	for name, file := range before {
		if now := after[name]; now == nil || now.Mode != file.Mode || string(now.Data) != string(file.Data) {
			changed = append(changed, name)
		}
	}
	for name := range after {
		if before[name] == nil {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// everything is all that a Tree says, errors included.
func everything(tree *Tree) []string {
	var said []string
	for _, dir := range nextDirs() {
		o, err := tree.Open(dir)
		said = append(said, fmt.Sprint(dir, " open ", err))
		if err == nil {
			for _, e := range o.Entries {
				said = append(said, strings.Join([]string{o.Path, string(o.Data), e.Name, e.Tag, fmt.Sprint(e.Err)}, " "))
			}
		}
		graph, err := tree.Graph(dir)
		said = append(said, fmt.Sprintf("%s graph %+v %v", dir, graph, err))
		uses, err := tree.Images(dir)
		said = append(said, fmt.Sprintf("%s images %v %v", dir, uses, err))
	}
	return said
}

func TestNextParsesOnlyWhatChanged(t *testing.T) {
	fsys, dirs := thousand()
	reads := 0
	first := NewTree(countingFS{fsys, &reads})
	ask := func(tree *Tree) (asked int) {
		reads = 0
		for _, dir := range dirs {
			if _, err := tree.Images(dir); err != nil {
				t.Fatal(err)
			}
		}
		return reads
	}
	all := ask(first)
	changed := dirs[0] + "/kustomization.yaml"
	if again := ask(first.Next(countingFS{fsys, &reads}, []string{changed})); all != 2900 || again != 1 {
		t.Errorf("%d files were read at first and %d after one has changed, want 2900 and 1", all, again)
	}
}

// countingFS counts the files that are opened.
type countingFS struct {
	fstest.MapFS
	reads *int
}

func (c countingFS) Open(name string) (fs.File, error) {
	if file, ok := c.MapFS[name]; ok && file.Mode.IsRegular() {
		*c.reads++
	}
	return c.MapFS.Open(name)
}

// BenchmarkNext reads 1,000 overlays again after one has changed.
func BenchmarkNext(b *testing.B) {
	fsys, dirs := thousand()
	tree := NewTree(fsys)
	b.ReportAllocs()
	for b.Loop() {
		tree = tree.Next(fsys, []string{dirs[0] + "/kustomization.yaml"})
		for _, dir := range dirs {
			if _, err := tree.Images(dir); err != nil {
				b.Fatal(err)
			}
		}
	}
}
