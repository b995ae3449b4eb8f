package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Chain is the ledger up to its last entry: where it ends, and what it remembers. The zero Chain is the empty ledger.
type Chain struct {
	Seq    int64         // of the last entry; 0: none
	Head   digest.Digest // of the last entry's file
	Memory Memory
}

// maxEntryBytes bounds one entry's file: an entry names images and digests and holds no report.
const maxEntryBytes = 1 << 20

// Extend returns the chain with every entry of the tree that follows it, each link checked. A tree in which entries are missing,
// doubled or altered is an error that names the entry; the chain so far stays as it was.
func (c Chain) Extend(tree fs.FS) (Chain, error) {
	paths, err := entryPaths(tree)
	if err != nil {
		return c, fmt.Errorf("reading ledger: %w", err)
	}
	next := Chain{Seq: c.Seq, Head: c.Head, Memory: c.Memory.clone()}
	for _, p := range paths {
		if p.seq <= c.Seq {
			continue
		}
		if err := next.link(tree, p); err != nil {
			return c, fmt.Errorf("reading ledger: %s: %w", p.path, err)
		}
	}
	return next, nil
}

func (c *Chain) link(tree fs.FS, p entryPath) error {
	if p.seq != c.Seq+1 {
		return fmt.Errorf("want entry %d here, got %d: entries are missing or doubled", c.Seq+1, p.seq)
	}
	file, err := fs.ReadFile(tree, p.path)
	if err != nil {
		return err
	}
	if len(file) > maxEntryBytes {
		return fmt.Errorf("want at most %d bytes, got %d", maxEntryBytes, len(file))
	}
	entry, err := Decode(file)
	if err != nil {
		return err
	}
	if entry.Seq != p.seq || entry.Path() != p.path {
		return fmt.Errorf("holds entry %d, which belongs at %s", entry.Seq, entry.Path())
	}
	if entry.Prev != c.Head {
		return fmt.Errorf("prev is %s, but the entry before it has digest %s", entry.Prev, c.Head)
	}
	c.Seq, c.Head = entry.Seq, digest.Of(file)
	c.Memory.apply(entry)
	return nil
}

type entryPath struct {
	seq  int64
	path string
}

// entryPaths lists the entries' files by sequence number, over all years.
func entryPaths(tree fs.FS) ([]entryPath, error) {
	years, err := fs.ReadDir(tree, "ledger")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var paths []entryPath
	for _, year := range years {
		files, err := fs.ReadDir(tree, path.Join("ledger", year.Name()))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			p := path.Join("ledger", year.Name(), file.Name())
			number, ok := strings.CutSuffix(file.Name(), ".dsse.json")
			seq, err := strconv.ParseInt(number, 10, 64)
			if !ok || err != nil {
				return nil, fmt.Errorf("%s: want <nine digits>.dsse.json", p)
			}
			paths = append(paths, entryPath{seq: seq, path: p})
		}
	}
	slices.SortFunc(paths, func(a, b entryPath) int { return int(a.seq - b.seq) })
	return paths, nil
}

// Append links entries to the chain and returns the files to add, with the chain as it will be. Seq and Prev are set here.
func (c Chain) Append(entries ...Entry) (map[string][]byte, []Entry, Chain, error) {
	next := Chain{Seq: c.Seq, Head: c.Head, Memory: c.Memory.clone()}
	files := make(map[string][]byte, len(entries))
	linked := make([]Entry, 0, len(entries))
	for _, entry := range entries {
		entry.Seq, entry.Prev = next.Seq+1, next.Head
		file, err := Encode(entry)
		if err != nil {
			return nil, nil, c, err
		}
		files[entry.Path()] = file
		next.Seq, next.Head = entry.Seq, digest.Of(file)
		next.Memory.apply(entry)
		linked = append(linked, entry)
	}
	return files, linked, next, nil
}
