package bot

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/liftlock/liftlock/internal/core/overlay"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

// base is one state of a branch. Its overlays are read once, however many units share them.
type base struct {
	commit   string
	tree     fs.FS
	overlays *overlay.Tree
	// dependents returns the overlays of environments that build on a directory, itself left out.
	dependents func(dir string) []string
}

func newBase(git History, commit string) (base, error) {
	tree, err := git.Tree(commit)
	if err != nil {
		return base{}, fmt.Errorf("reading tree of commit %s: %w", commit, err)
	}
	return baseOf(commit, tree), nil
}

func baseOf(commit string, tree fs.FS) base {
	return base{commit: commit, tree: tree, overlays: overlay.NewTree(tree), dependents: func(string) []string { return nil }}
}

// withUnits returns the base knowing which overlays environments are made of. Graphs are walked when the first edit is proved.
func (b base) withUnits(units []promotion.Unit) base {
	above := sync.OnceValue(func() map[string][]string { return dependentsOf(b.overlays, units) })
	b.dependents = func(dir string) []string { return above()[dir] }
	return b
}

func dependentsOf(tree *overlay.Tree, units []promotion.Unit) map[string][]string {
	above := map[string][]string{}
	seen := map[string]bool{}
	for _, unit := range units {
		for _, image := range unit.Images {
			for _, pin := range image.Pins {
				if seen[pin.Overlay] {
					continue
				}
				seen[pin.Overlay] = true
				graph, err := tree.Graph(pin.Overlay)
				if err != nil {
					continue // what cannot be walked cannot be rendered either, and says so when it is edited itself
				}
				for _, dir := range graph.Dirs {
					if dir != pin.Overlay {
						above[dir] = append(above[dir], pin.Overlay)
					}
				}
			}
		}
	}
	for dir := range above {
		slices.Sort(above[dir])
	}
	return above
}
