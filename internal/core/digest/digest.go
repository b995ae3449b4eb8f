// Package digest holds the names of images: digests, repositories and references, each built only by its parser.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const algorithm = "sha256:"

// Digest is the sha256 digest of some bytes, written sha256:<64 lower-case hex>.
// The zero Digest means "none". Other algorithms are refused: cosign's claim check knows only sha256.
type Digest struct{ hex string }

// Parse reads "sha256:<64 lower-case hex>".
func Parse(s string) (Digest, error) {
	h, ok := strings.CutPrefix(s, algorithm)
	if !ok || len(h) != 2*sha256.Size || strings.Trim(h, "0123456789abcdef") != "" {
		return Digest{}, fmt.Errorf("digest %q: want sha256:<64 lower-case hex>, for example sha256:%s", clip(s), sampleHex)
	}
	return Digest{hex: h}, nil
}

const sampleHex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// clip keeps an error message readable when the value is hostile.
func clip(s string) string {
	if len(s) > 128 {
		return s[:128] + "…"
	}
	return s
}

// Of returns the digest of b.
func Of(b []byte) Digest {
	sum := sha256.Sum256(b)
	return Digest{hex: hex.EncodeToString(sum[:])}
}

// String returns sha256:<hex>, or "" for the zero Digest.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return algorithm + d.hex
}

// Hex returns the 64 hex digits without the algorithm.
func (d Digest) Hex() string { return d.hex }

// Short returns the form people read: sha256:3f0c…91ab.
func (d Digest) Short() string {
	if d.IsZero() {
		return ""
	}
	return algorithm + d.hex[:4] + "…" + d.hex[len(d.hex)-4:]
}

// IsZero reports whether d names nothing.
func (d Digest) IsZero() bool { return d.hex == "" }

// MarshalText writes the digest as a string; the zero Digest is the empty string.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Digest{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
