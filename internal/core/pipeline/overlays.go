package pipeline

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Overlays returns the directories of a tree, rooted at the repository, that realise an environment: sorted, each once. Links
// are never followed: they could lead from one environment into another (A61). A link in the way and a pattern that names nothing are
// errors, as in Lint: an environment that loses an overlay must not do so in silence.
func (s *Set) Overlays(environment string, tree fs.FS) ([]string, error) {
	i := s.step(environment)
	if i < 0 {
		return nil, fmt.Errorf("listing overlays: environment %q: %w", environment, fs.ErrNotExist)
	}
	var list []string
	for _, glob := range s.steps[i].Overlays {
		found, err := expand(tree, glob)
		if err != nil {
			return nil, fmt.Errorf("listing overlays of %s: %w", environment, err)
		}
		if len(found.refused) > 0 {
			return nil, fmt.Errorf("listing overlays of %s: wanted plain directories, got %s, which is a link or a submodule", environment, found.refused[0])
		}
		if len(found.directories) == 0 {
			return nil, fmt.Errorf("listing overlays of %s: wanted a directory, got none that matches %q", environment, glob)
		}
		list = append(list, found.directories...)
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > maxOverlays {
		return nil, fmt.Errorf("listing overlays of %s: %d, wanted at most %d", environment, len(list), maxOverlays)
	}
	return list, nil
}

// expansion is what a pattern names in a tree.
type expansion struct {
	directories []string
	refused     []string // links and the like in the way
}

// expand follows a pattern element by element, by the listings alone: opening a path could follow a link.
func expand(tree fs.FS, glob string) (expansion, error) {
	found := expansion{directories: []string{"."}}
	for part := range strings.SplitSeq(glob, "/") {
		var next []string
		for _, dir := range found.directories {
			entries, err := fs.ReadDir(tree, dir)
			if err != nil {
				return expansion{}, err
			}
			for _, entry := range entries {
				if !matches(part, entry.Name()) {
					continue
				}
				switch place := path.Join(dir, entry.Name()); {
				case entry.IsDir():
					next = append(next, place)
				case !entry.Type().IsRegular():
					found.refused = append(found.refused, place)
				}
			}
			if len(next) > maxOverlays {
				return expansion{}, fmt.Errorf("%q names more than %d directories", glob, maxOverlays)
			}
		}
		found.directories = next
	}
	return found, nil
}

// matches compares one element. As in a shell, a wildcard does not find hidden names; and no wildcard finds a name that
// could not be written in a pattern.
func matches(part, name string) bool {
	if part == name {
		return true
	}
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") || checkPathPart(name) != nil {
		return false
	}
	ok, err := path.Match(part, name)
	return ok && err == nil
}
