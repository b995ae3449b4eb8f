package child

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Frames are a length of four bytes, big endian, and so much JSON. The bodies of a request follow its frame as they are: in base64
// they would be in the memory of the worker three times.

// header is a request without its bodies, and their lengths in the order of blobs.
type header struct {
	Number  int                    `json:"number"`
	Request evidence.VerifyRequest `json:"request"`
	Sizes   []int                  `json:"sizes"`
}

// reply is an answer, or why there is none.
type reply struct {
	Number   int                   `json:"number"` // of the request: what belongs to another one must never be taken for its answer
	Answer   evidence.VerifyAnswer `json:"answer"`
	Error    string                `json:"error,omitempty"`    // why the request itself is unfit
	TooLarge string                `json:"tooLarge,omitempty"` // why the answer does not fit into a frame
}

var (
	errTooLarge = errors.New("larger than a frame may be")
	errNonsense = errors.New("no sound frame")
)

// blobs lists the bodies of a request in a fixed order.
func blobs(r *evidence.VerifyRequest) []*[]byte {
	var list []*[]byte
	for i := range r.Trust.Roots {
		list = append(list, &r.Trust.Roots[i].JSON)
	}
	for i := range r.Trust.Keys {
		list = append(list, &r.Trust.Keys[i].PEM)
	}
	for i := range r.Envelopes {
		list = append(list, &r.Envelopes[i].Body)
	}
	return list
}

// writeRequest fails before it writes anything, with an error that wraps errTooLarge, where the worker would only refuse the size.
func writeRequest(out io.Writer, number int, r evidence.VerifyRequest) error {
	r.Trust.Roots, r.Trust.Keys, r.Envelopes = slices.Clone(r.Trust.Roots), slices.Clone(r.Trust.Keys), slices.Clone(r.Envelopes)
	h := header{Number: number, Sizes: []int{}}
	var bodies [][]byte
	total := 0
	for _, b := range blobs(&r) {
		bodies = append(bodies, *b)
		h.Sizes = append(h.Sizes, len(*b))
		total += len(*b)
		*b = nil
	}
	h.Request = r
	encoded, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(encoded) > maxHeader || total > maxBlobs || len(h.Sizes) > maxBlobCount {
		return fmt.Errorf("%w: want at most %d bytes and bodies of %d, got %d and %d", errTooLarge, maxHeader, maxBlobs, len(encoded), total)
	}
	return writeFrame(out, encoded, bodies...)
}

// writeFrame writes the content of a frame, which callers bound, and what follows it.
func writeFrame(out io.Writer, content []byte, following ...[]byte) error {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(content))) // #nosec G115 -- bounded
	for _, part := range append([][]byte{length[:], content}, following...) {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// readFrame returns io.EOF where nothing more comes.
func readFrame(in io.Reader, limit int) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if int64(n) > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", errNonsense, n, limit)
	}
	return readBlob(in, int(n))
}

// readBlob takes memory for what has come, not for what a length promises.
func readBlob(in io.Reader, size int) ([]byte, error) {
	content := make([]byte, 0, min(size, smallBlobs))
	for len(content) < size {
		part := min(max(len(content), smallBlobs), size-len(content))
		content = slices.Grow(content, part)
		n, err := io.ReadFull(in, content[len(content):len(content)+part])
		content = content[:len(content)+n]
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("a frame ends after %d of %d bytes: %w", len(content), size, err)
		}
	}
	return content, nil
}

// readRequest returns io.EOF where the other side closed.
func readRequest(in io.Reader) (header, error) {
	encoded, err := readFrame(in, maxHeader)
	if err != nil {
		return header{}, err
	}
	var h header
	if err := json.Unmarshal(encoded, &h); err != nil {
		return header{}, fmt.Errorf("%w: %w", errNonsense, err)
	}
	list := blobs(&h.Request)
	if len(list) != len(h.Sizes) {
		return header{}, fmt.Errorf("%w: %d bodies and %d lengths", errNonsense, len(list), len(h.Sizes))
	}
	left := maxBlobs
	for i, b := range list {
		if h.Sizes[i] < 0 || h.Sizes[i] > left {
			return header{}, fmt.Errorf("%w: a body of %d bytes, want at most %d", errNonsense, h.Sizes[i], left)
		}
		left -= h.Sizes[i]
		*b = make([]byte, h.Sizes[i]) // the parent has the bytes at hand: taking memory in steps would only double it
		if _, err := io.ReadFull(in, *b); err != nil {
			return header{}, fmt.Errorf("%w: a body ends early: %w", errNonsense, err)
		}
	}
	return h, nil
}
