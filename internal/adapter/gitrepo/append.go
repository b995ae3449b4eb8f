package gitrepo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/storage/memory"
)

// The identity of commits that Append makes.
const (
	authorName  = "liftlock[bot]"
	authorEmail = "liftlock[bot]@users.noreply.github.com"
)

// Append makes one commit on top of before, which has to be the branch's commit on the server ("" for a branch that does not exist
// yet), with the given files added, and pushes it without force. A path that exists already is an error that wraps fs.ErrExist: this
// adds and never changes. A branch that moved is an error with Conflict() true, and leaves nothing behind. When it returns, the commit
// is on the server and in the mirror.
func (m *Mirror) Append(ctx context.Context, branch, before string, files map[string][]byte, message string, when time.Time) (string, error) {
	m.writing.Lock()
	defer m.writing.Unlock()
	after, err := m.append(ctx, "refs/heads/"+branch, before, files, message, when)
	if err != nil {
		return "", fail(fmt.Sprintf("appending to branch %q", clip(branch)), err)
	}
	return after, nil
}

// append builds all of the commit before it asks the server anything.
func (m *Mirror) append(ctx context.Context, ref, before string, files map[string][]byte, message string, when time.Time) (string, error) {
	if !mirrored(ref) {
		return "", &Error{reason: "want a branch name that git accepts"}
	}
	b := &builder{o: &m.objects, made: memory.NewStorage()}
	after, err := b.commit(before, files, message, when)
	if err != nil {
		return "", &Error{reason: redact(err.Error()), cause: fileError(err)}
	}
	if err := m.push(ctx, ref, before, after, b); err != nil {
		return "", err
	}
	m.adopt(ref, after, b)
	return after.String(), nil
}

// push sends the objects with the one command that the branch goes from before to after. The server compares before again, under its
// own lock, so that of two that append at once one is refused.
func (m *Mirror) push(ctx context.Context, ref, before string, after plumbing.Hash, b *builder) error {
	session, err := m.client.NewReceivePackSession(m.endpointCopy(), nil)
	if err != nil {
		return err
	}
	refs, answer, err := advertised(ctx, session)
	if err != nil {
		return err
	}
	if refs[ref] != before {
		return &Error{reason: "it moved meanwhile", conflict: true}
	}
	request := packp.NewReferenceUpdateRequest()
	if answer != nil {
		request = packp.NewReferenceUpdateRequestFromCapabilities(answer.Capabilities)
	}
	request.Commands = []*packp.Command{{Name: plumbing.ReferenceName(ref), Old: plumbing.NewHash(before), New: after}}
	var pack bytes.Buffer
	if _, err := packfile.NewEncoder(&pack, b.made, false).Encode(b.ids, 0); err != nil {
		return err
	}
	request.Packfile = io.NopCloser(&pack)
	report, err := session.ReceivePack(ctx, request)
	if err == nil && report != nil {
		return nil
	}
	return m.refused(ctx, ref, before, after, err)
}

// refused finds out what became of a push that was not confirmed: servers say why in words of their own, or the answer got lost.
func (m *Mirror) refused(ctx context.Context, ref, before string, after plumbing.Hash, cause error) error {
	session, err := m.client.NewUploadPackSession(m.endpointCopy(), nil)
	if err != nil {
		return err
	}
	refs, _, err := advertised(ctx, session)
	if err != nil {
		return err
	}
	var ours *Error
	switch {
	case refs[ref] == after.String():
		return nil
	case refs[ref] != before:
		return &Error{reason: "it moved meanwhile", conflict: true}
	case errors.As(cause, &ours):
		return ours
	}
	return &Error{reason: "the push was refused, though the branch has not moved: check the rules of the branch", cause: fs.ErrPermission,
		retry: true, after: pauseServer}
}

// adopt keeps in the mirror what was pushed. A failure is no error: the commit is on the server, and the next Fetch brings it.
func (m *Mirror) adopt(ref string, after plumbing.Hash, b *builder) {
	if m.ensure() != nil {
		return
	}
	m.objects.mu.Lock()
	defer m.objects.mu.Unlock()
	for _, id := range b.ids {
		made, err := b.made.EncodedObject(plumbing.AnyObject, id)
		if err != nil {
			return
		}
		if _, err := m.store.SetEncodedObject(made); err != nil {
			return
		}
	}
	next := maps.Clone(m.refs)
	next[ref] = after.String()
	if writeRefs(filepath.Join(m.dir, repositoryDir), next) == nil {
		m.refs = next
	}
}

// builder makes objects in memory: nothing reaches the disk before the server has accepted it.
type builder struct {
	o    *objects
	made *memory.Storage
	ids  []plumbing.Hash
}

// commit makes the commit object. Its time is given, in UTC: the same entry always gives the same commit.
func (b *builder) commit(before string, files map[string][]byte, message string, when time.Time) (plumbing.Hash, error) {
	var base plumbing.Hash
	commit := &object.Commit{Message: message}
	if before != "" {
		parent, err := b.o.commit(before)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		base, commit.ParentHashes = parent.TreeHash, []plumbing.Hash{parent.Hash}
	}
	paths, err := checkFiles(files)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if commit.TreeHash, err = b.tree("", base, paths, files); err != nil {
		return plumbing.ZeroHash, err
	}
	commit.Author = object.Signature{Name: authorName, Email: authorEmail, When: when.UTC()}
	commit.Committer = commit.Author
	encoded := &plumbing.MemoryObject{}
	if err := commit.Encode(encoded); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.add(encoded)
}

// add notes an object for the pack, once: equal files are one object.
func (b *builder) add(o *plumbing.MemoryObject) (plumbing.Hash, error) {
	id, err := b.made.SetEncodedObject(o)
	if err == nil && !slices.Contains(b.ids, id) {
		b.ids = append(b.ids, id)
	}
	return id, err
}

// object makes a blob or a tree.
func (b *builder) object(kind plumbing.ObjectType, content []byte) (plumbing.Hash, error) {
	o := &plumbing.MemoryObject{}
	o.SetType(kind)
	if _, err := o.Write(content); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.add(o)
}

// tree makes the tree of one directory: what base holds, with the files below dir added.
func (b *builder) tree(dir string, base plumbing.Hash, paths []string, files map[string][]byte) (plumbing.Hash, error) {
	var all []entry
	if !base.IsZero() {
		var err error
		if all, err = b.o.entries(base); err != nil {
			return plumbing.ZeroHash, err
		}
		all = slices.Clone(all) // others read the same list
	}
	for len(paths) > 0 {
		name, rest, isDir := strings.Cut(strings.TrimPrefix(paths[0], dir), "/")
		i := slices.IndexFunc(all, func(e entry) bool { return e.name == name })
		if !isDir {
			if i >= 0 {
				return plumbing.ZeroHash, fmt.Errorf("adding %q: %w", paths[0], fs.ErrExist)
			}
			id, err := b.object(plumbing.BlobObject, files[paths[0]])
			if err != nil {
				return plumbing.ZeroHash, err
			}
			all, paths = append(all, entry{name: name, mode: filemode.Regular, id: id}), paths[1:]
			continue
		}
		below := dir + name + "/"
		n := slices.IndexFunc(paths, func(p string) bool { return !strings.HasPrefix(p, below) })
		if n < 0 {
			n = len(paths)
		}
		if i < 0 {
			all, i = append(all, entry{name: name, mode: filemode.Dir}), len(all)
		}
		if all[i].mode != filemode.Dir {
			return plumbing.ZeroHash, fmt.Errorf("adding %q below a file: %w", rest, fs.ErrExist)
		}
		id, err := b.tree(below, all[i].id, paths[:n], files)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		all[i].id, paths = id, paths[n:]
	}
	return b.object(plumbing.TreeObject, encodeTree(all))
}

// encodeTree writes entries in git's order, in which a directory sorts as if its name ended in a slash.
func encodeTree(all []entry) []byte {
	key := func(e entry) string {
		if e.mode == filemode.Dir {
			return e.name + "/"
		}
		return e.name
	}
	slices.SortFunc(all, func(x, y entry) int { return cmp.Compare(key(x), key(y)) })
	var b bytes.Buffer
	for _, e := range all {
		fmt.Fprintf(&b, "%o %s\x00", uint32(e.mode), e.name)
		b.Write(e.id[:])
	}
	return b.Bytes()
}

// checkFiles returns the paths in order, if each is one that a git tree may hold.
func checkFiles(files map[string][]byte) ([]string, error) {
	if len(files) == 0 || len(files) > maxAppendFiles {
		return nil, fmt.Errorf("want 1 to %d files, got %d", maxAppendFiles, len(files))
	}
	size := 0
	for path, content := range files {
		if size += len(content); size > maxAppendBytes {
			return nil, fmt.Errorf("files exceed %d bytes", maxAppendBytes)
		}
		if !fs.ValidPath(path) || path == "." || strings.ContainsAny(path, "\\\x00\n\r") {
			return nil, fmt.Errorf("adding %q: want a clean relative path", clip(path))
		}
		for part := range strings.SplitSeq(path, "/") {
			if strings.EqualFold(part, ".git") {
				return nil, fmt.Errorf("adding %q: a path may not contain .git", clip(path))
			}
		}
	}
	// By directory, so that what belongs into one stands together: a/b/c, a/b-c and not the reverse.
	return slices.SortedFunc(maps.Keys(files), func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	}), nil
}
