package gitrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// Local reads a clone that somebody else keeps. It writes nothing.
type Local struct {
	objects
	refs storer.ReferenceStorer
}

// OpenLocal opens the repository that dir, a checkout or a directory in it, belongs to.
func OpenLocal(dir string) (*Local, error) {
	found, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		if errors.Is(err, git.ErrRepositoryNotExists) {
			err = fs.ErrNotExist
		}
		return nil, fmt.Errorf("opening the git repository of %q: %w", dir, err)
	}
	storage, ok := found.Storer.(*filesystem.Storage)
	if !ok {
		return nil, fmt.Errorf("opening the git repository of %q: it is not on disk", dir)
	}
	l := &Local{refs: storage}
	l.store = newStore(storage.Filesystem(), filesystem.Options{MaxOpenDescriptors: maxOpenPacks})
	return l, nil
}

// Close releases the files that reading has opened.
func (l *Local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.store.Close()
}

// Resolve returns the commit that a name stands for: a full object name, HEAD, a full ref, a branch here, or a branch of origin.
func (l *Local) Resolve(name string) (string, error) {
	if objectName.MatchString(name) {
		return name, nil
	}
	for _, full := range []string{name, "refs/heads/" + name, "refs/remotes/origin/" + name} {
		if full != "HEAD" && (!strings.HasPrefix(full, "refs/") || plumbing.ReferenceName(full).Validate() != nil) {
			continue
		}
		ref, err := storer.ResolveReference(l.refs, plumbing.ReferenceName(full))
		if err == nil {
			return ref.Hash().String(), nil
		}
		if !errors.Is(err, plumbing.ErrReferenceNotFound) {
			return "", fmt.Errorf("looking for %q: %w", clip(name), err)
		}
	}
	return "", fmt.Errorf("looking for %q: want a commit, HEAD or a branch that this clone has: %w", clip(name), fs.ErrNotExist)
}
