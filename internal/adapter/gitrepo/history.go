package gitrepo

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

// CommitInfo returns what a commit says. A commit that is not here is an error that wraps fs.ErrNotExist.
func (o *objects) CommitInfo(commit string) (promotion.CommitInfo, error) {
	c, err := o.commit(commit)
	if err != nil {
		return promotion.CommitInfo{}, err
	}
	info := promotion.CommitInfo{ID: commit, Tree: c.TreeHash.String(), AuthorName: c.Author.Name, AuthorEmail: c.Author.Email,
		CommitterEmail: c.Committer.Email, At: c.Committer.When.Unix(), Message: c.Message, Trailers: trailers(c.Message)}
	for _, parent := range c.ParentHashes {
		info.Parents = append(info.Parents, parent.String())
	}
	return info, nil
}

// commit reads one commit; its parents are read when they are asked for.
func (o *objects) commit(commit string) (*object.Commit, error) {
	id, err := parseCommit(commit)
	if err != nil {
		return nil, err
	}
	c, err := object.GetCommit(locked{o: o}, id)
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	return c, nil
}

// trailers reads the last paragraph of a message if each of its lines is "Key: value". The subject is no trailer.
func trailers(message string) map[string][]string {
	paragraphs := strings.Split(strings.TrimRight(strings.ReplaceAll(message, "\r\n", "\n"), "\n"), "\n\n")
	if len(paragraphs) < 2 {
		return nil
	}
	found := map[string][]string{}
	for line := range strings.SplitSeq(paragraphs[len(paragraphs)-1], "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok || key == "" || strings.ContainsFunc(key, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-'
		}) {
			return nil
		}
		found[key] = append(found[key], strings.TrimSpace(value))
	}
	return found
}

// IsAncestor reports whether a is b or one of its ancestors.
func (o *objects) IsAncestor(ctx context.Context, a, b string) (bool, error) {
	older, newer, err := o.pair(ctx, a, b)
	if err != nil {
		return false, err
	}
	found, err := older.IsAncestor(newer)
	if err != nil {
		return false, fmt.Errorf("looking for commit %s in the history of %s: %w", a, b, err)
	}
	return found, nil
}

// MergeBase returns the best common ancestor. None is an error that wraps fs.ErrNotExist. Several are an error with Ambiguous() true:
// any way to choose among them goes by what whoever wrote the commits chose, their dates above all.
func (o *objects) MergeBase(ctx context.Context, a, b string) (string, error) {
	one, other, err := o.pair(ctx, a, b)
	if err != nil {
		return "", err
	}
	bases, err := one.MergeBase(other)
	if err != nil {
		return "", fmt.Errorf("looking for the merge base of %s and %s: %w", a, b, err)
	}
	switch len(bases) {
	case 0:
		return "", fmt.Errorf("looking for the merge base of %s and %s: they share no history: %w", a, b, fs.ErrNotExist)
	case 1:
		return bases[0].Hash.String(), nil
	}
	return "", &ambiguousError{a: a, b: b, bases: len(bases)}
}

// ambiguousError is about a history that crosses itself: it has no one place where two commits parted.
type ambiguousError struct {
	a, b  string
	bases int
}

// Error names the commits.
func (e *ambiguousError) Error() string {
	return fmt.Sprintf("looking for the merge base of %s and %s: want one, got %d", e.a, e.b, e.bases)
}

// Ambiguous reports that merging the one commit into the other gives a history that has an answer.
func (e *ambiguousError) Ambiguous() bool { return true }

// pair reads two commits. The library's walks know no context: it is looked at before they start.
func (o *objects) pair(ctx context.Context, a, b string) (*object.Commit, *object.Commit, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	one, err := o.commit(a)
	if err != nil {
		return nil, nil, err
	}
	other, err := o.commit(b)
	return one, other, err
}

// Changed returns the paths whose content, mode or existence differs between two commits, sorted. from may be "": then all of to.
func (o *objects) Changed(ctx context.Context, from, to string) ([]string, error) {
	var before plumbing.Hash
	if from != "" {
		c, err := o.commit(from)
		if err != nil {
			return nil, err
		}
		before = c.TreeHash
	}
	c, err := o.commit(to)
	if err != nil {
		return nil, err
	}
	d := &difference{o: o}
	if err := d.walk(ctx, "", before, c.TreeHash); err != nil {
		return nil, fmt.Errorf("comparing commits %s and %s: %w", from, to, err)
	}
	slices.Sort(d.paths)
	return d.paths, nil
}

// difference collects the paths that differ.
type difference struct {
	o     *objects
	paths []string
}

// walk compares two directories, of which either may be missing (zero). Equal ones are known by their name and not read.
func (d *difference) walk(ctx context.Context, dir string, a, b plumbing.Hash) error {
	if a == b {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	before, err := d.list(a)
	if err != nil {
		return err
	}
	after, err := d.list(b)
	if err != nil {
		return err
	}
	for len(before) > 0 || len(after) > 0 {
		var x, y entry // the same name on both sides, or zero
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].name < after[0].name:
			x, before = before[0], before[1:]
		case len(before) == 0 || after[0].name < before[0].name:
			y, after = after[0], after[1:]
		default:
			x, y, before, after = before[0], after[0], before[1:], after[1:]
		}
		if err := d.entry(ctx, dir+cmp.Or(x.name, y.name), x, y); err != nil {
			return err
		}
	}
	return nil
}

// entry compares one name; x or y is zero where that side has none.
func (d *difference) entry(ctx context.Context, path string, x, y entry) error {
	if x.id == y.id && x.mode == y.mode {
		return nil
	}
	var a, b plumbing.Hash
	if x.mode == filemode.Dir {
		a = x.id
	}
	if y.mode == filemode.Dir {
		b = y.id
	}
	// A directory that became a file, or the reverse, changes the path itself and everything below.
	if isFile(x) || isFile(y) {
		if len(d.paths) >= maxChanged {
			return fmt.Errorf("more than %d paths differ", maxChanged)
		}
		d.paths = append(d.paths, path)
	}
	return d.walk(ctx, path+"/", a, b)
}

// isFile also counts links and submodules: they are paths that can change.
func isFile(e entry) bool { return e.name != "" && e.mode != filemode.Dir }

// list reads a directory; the missing one is empty.
func (d *difference) list(tree plumbing.Hash) ([]entry, error) {
	if tree.IsZero() {
		return nil, nil
	}
	return d.o.entries(tree)
}
