package gitrepo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

const tmpPrefix = "tmp_"

// download brings the wanted commits with all that is behind them into the repository at dir, and says whether it added a pack.
func download(ctx context.Context, session transport.UploadPackSession, answer *packp.AdvRefs, dir string,
	wants, haves []plumbing.Hash,
) (packed bool, err error) {
	request := packp.NewUploadPackRequestFromCapabilities(answer.Capabilities)
	request.Wants, request.Haves = wants, haves
	response, err := session.UploadPack(ctx, request)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, response.Close()) }()
	var r io.Reader = response
	switch {
	case request.Capabilities.Supports(capability.Sideband64k):
		r = sideband.NewDemuxer(sideband.Sideband64k, response)
	case request.Capabilities.Supports(capability.Sideband):
		r = sideband.NewDemuxer(sideband.Sideband, response)
	}
	f, err := os.CreateTemp(filepath.Join(dir, "objects", "pack"), tmpPrefix+"pack_*")
	if err != nil {
		return false, err
	}
	// After the rename there is nothing left under that name; before it the file must not stay.
	defer func() { err = errors.Join(err, f.Close(), removeIfThere(f.Name())) }()
	if _, err := io.Copy(f, r); err != nil {
		return false, err
	}
	return store(dir, f)
}

// removeIfThere tidies up after success and failure alike.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// store keeps a pack as it is, or unpacks one that is small.
func store(dir string, f *os.File) (packed bool, err error) {
	var header [12]byte // "PACK", version, number of objects
	if _, err := f.ReadAt(header[:], 0); err != nil {
		return false, fmt.Errorf("reading the pack's header: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	if binary.BigEndian.Uint32(header[8:]) < unpackBelow {
		return false, unpack(dir, f)
	}
	return true, index(f)
}

// unpack writes each object to its own file.
func unpack(dir string, f *os.File) error {
	target := newStore(osfs.New(dir), filesystem.Options{})
	parser, err := packfile.NewParserWithStorage(packfile.NewScanner(f), target)
	if err != nil {
		return errors.Join(err, target.Close())
	}
	_, err = parser.Parse()
	if errors.Is(err, packfile.ErrEmptyPackfile) { // all of it was here
		err = nil
	}
	return errors.Join(err, target.Close())
}

// index writes the index first and names the pack last: a pack counts from the moment it has its name.
func index(f *os.File) (err error) {
	writer := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(f), writer)
	if err != nil {
		return err
	}
	checksum, err := parser.Parse()
	if err != nil {
		return err
	}
	list, err := writer.Index()
	if err != nil {
		return err
	}
	base := filepath.Join(filepath.Dir(f.Name()), "pack-"+checksum.String())
	idx, err := os.CreateTemp(filepath.Dir(f.Name()), tmpPrefix+"idx_*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeIfThere(idx.Name())) }()
	_, err = idxfile.NewEncoder(idx).Encode(list)
	if err := errors.Join(err, idx.Close()); err != nil {
		return err
	}
	if err := os.Rename(idx.Name(), base+".idx"); err != nil {
		return err
	}
	return os.Rename(f.Name(), base+".pack")
}
