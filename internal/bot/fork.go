package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// forkOf returns where a head left its base branch. A history that does not say is a problem of that head alone, not an error: whoever
// wrote it must not stop what others do. Such a head is compared with the base as it is, which is as good as anything, since it fails.
func forkOf(ctx context.Context, git History, head, base string) (fork string, problem, err error) {
	fork, err = git.MergeBase(ctx, head, base)
	if undecided(err) {
		return base, fmt.Errorf("%s: its history does not say where it left the base branch: merge the base branch anew", head), nil
	}
	return fork, nil, err
}

// undecided reports whether two commits have no one place where they parted: they share no history, or theirs crosses itself, and then
// the commits' own dates would choose what a head is compared with.
func undecided(err error) bool {
	crossed, ok := errors.AsType[interface {
		error
		Ambiguous() bool
	}](err)
	return ok && crossed.Ambiguous() || errors.Is(err, fs.ErrNotExist)
}
