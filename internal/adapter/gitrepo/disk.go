package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// What lies in a mirror's directory. Whatever is found beside the repository was left by a process that ended early.
const (
	repositoryDir = "repository.git"
	nextDir       = "next.git"
	oldDir        = "old.git"
)

const refsFile = "packed-refs"

// initRepository makes an empty bare repository that git itself can read.
func initRepository(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	store := newStore(osfs.New(dir), filesystem.Options{})
	if _, err := git.Init(store, nil); err != nil {
		return err
	}
	if err := store.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "objects", "pack"), 0o700); err != nil {
		return err
	}
	return writeRefs(dir, nil)
}

// openRepository returns storage and refs of a repository that is sound as far as that can be told without reading it whole: every
// pack ends as its index says, and every ref has its commit and tree.
func openRepository(dir string) (*filesystem.Storage, map[string]string, error) {
	for _, name := range []string{"HEAD", "config"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil, nil, err
		}
	}
	refs, err := readRefs(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := checkPacks(dir); err != nil {
		return nil, nil, err
	}
	store := newStore(osfs.New(dir), filesystem.Options{KeepDescriptors: true})
	if err := checkRefs(&objects{store: store}, refs); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, refs, nil
}

// checkRefs reads commit and root tree of every ref; what lies deeper is found out when it is read.
func checkRefs(o *objects, refs map[string]string) error {
	checked := map[string]bool{}
	for _, id := range refs {
		if checked[id] {
			continue
		}
		checked[id] = true
		if _, err := o.Tree(id); err != nil {
			return err
		}
	}
	return nil
}

// checkPacks finds packs that were cut short, and removes files that were never finished.
func checkPacks(dir string) error {
	packs := filepath.Join(dir, "objects", "pack")
	list, err := os.ReadDir(packs)
	if err != nil {
		return err
	}
	for _, e := range list {
		path := filepath.Join(packs, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), tmpPrefix):
			if err := os.Remove(path); err != nil {
				return err
			}
		case strings.HasSuffix(e.Name(), ".pack"):
			if err := checkPack(strings.TrimSuffix(path, ".pack")); err != nil {
				return fmt.Errorf("checking %s: %w", e.Name(), err)
			}
		}
	}
	return nil
}

// checkPack compares the last 20 bytes of a pack, its checksum, with the copy in its index: before the index's own at its end.
func checkPack(base string) error {
	pack, err := tail(base+".pack", 20)
	if err != nil {
		return err
	}
	index, err := tail(base+".idx", 40)
	if err != nil {
		return err
	}
	if !bytes.Equal(pack, index[:20]) {
		return errors.New("pack and index do not belong together")
	}
	return nil
}

// tail reads the last n bytes of a file.
func tail(path string, n int64) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < n {
		return nil, errors.New("file is cut short")
	}
	b = make([]byte, n)
	_, err = f.ReadAt(b, info.Size()-n)
	return b, err
}

// tooMany reports whether packs or single objects have piled up. One of 256 folders of single objects stands for all.
func tooMany(dir string) bool {
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) > maxPacks {
		return true
	}
	loose, err := os.ReadDir(filepath.Join(dir, "objects", "17"))
	return err == nil && len(loose)*256 > maxLoose
}

// writeRefs replaces all refs at once. One file has no names in each other's way (a and a/b), and a rename cannot be seen half done.
func writeRefs(dir string, refs map[string]string) error {
	var b bytes.Buffer
	b.WriteString("# pack-refs with: sorted \n")
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		fmt.Fprintf(&b, "%s %s\n", refs[name], name)
	}
	tmp := filepath.Join(dir, refsFile+".new")
	if err := os.WriteFile(tmp, b.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, refsFile))
}

// readRefs reads what writeRefs wrote, and nothing else.
func readRefs(dir string) (map[string]string, error) {
	content, err := os.ReadFile(filepath.Join(dir, refsFile))
	if err != nil {
		return nil, err
	}
	if len(content) == 0 || content[len(content)-1] != '\n' {
		return nil, fmt.Errorf("reading refs: file is cut short: %w", fs.ErrInvalid)
	}
	refs := map[string]string{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		id, name, ok := strings.Cut(line, " ")
		if !ok || !objectName.MatchString(id) || plumbing.ReferenceName(name).Validate() != nil {
			return nil, fmt.Errorf("reading refs: malformed line: %w", fs.ErrInvalid)
		}
		refs[name] = id
	}
	return refs, nil
}
