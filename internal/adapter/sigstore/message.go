package sigstore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// message is what a signature is over. It is read anew for each use and never copied: an attestation of 16 MiB stands in memory in
// base64 already, and the libraries would add three copies of it.
type message struct {
	open func() io.Reader
	size int
	sums map[crypto.Hash][]byte // each taken once, however many keys are tried
}

func newMessage(size int, open func() io.Reader) *message {
	return &message{open: open, size: size, sums: map[crypto.Hash][]byte{}}
}

func (m *message) sum(h crypto.Hash) ([]byte, error) {
	if sum, ok := m.sums[h]; ok {
		return sum, nil
	}
	hasher := h.New()
	if _, err := io.Copy(hasher, m.open()); err != nil {
		return nil, err
	}
	m.sums[h] = hasher.Sum(nil)
	return m.sums[h], nil
}

// checker verifies signatures by one key. Hash is what the key signs a digest by; 0: it signs the message itself.
type checker struct {
	signature.Verifier
	hash crypto.Hash
}

func newChecker(public crypto.PublicKey, hash crypto.Hash) (checker, error) {
	verifier, err := signature.LoadVerifier(public, hash)
	if _, whole := public.(ed25519.PublicKey); whole {
		hash = 0
	}
	return checker{Verifier: verifier, hash: hash}, err
}

// keyCheckers are the ways in which a key may have signed. Keys of the larger curves go with the larger hashes; clients of old used
// SHA-256 for all (sigstore-go allows it up to bundle version 0.3, which is all there is), and cosign still does for keys in files.
func keyCheckers(public crypto.PublicKey, o ...signature.LoadOption) ([]checker, error) {
	details, err := signature.GetDefaultAlgorithmDetails(public, o...)
	if err != nil {
		return nil, err
	}
	verifier, err := signature.LoadVerifierFromAlgorithmDetails(public, details, o...)
	list := []checker{{Verifier: verifier, hash: details.GetHashType()}}
	if _, ok := public.(*ecdsa.PublicKey); ok && err == nil && list[0].hash != crypto.SHA256 {
		old, err := newChecker(public, crypto.SHA256)
		return append(list, old), err
	}
	return list, err
}

// signedBy reports whether one of the keys made one of the signatures over m; an error says that none did.
func (m *message) signedBy(keys []checker, signatures ...[]byte) error {
	refused := errors.New("there is no signature")
	for _, key := range keys {
		for _, s := range signatures {
			if refused = m.check(key, s); refused == nil {
				return nil
			}
		}
	}
	return refused
}

func (m *message) check(key checker, s []byte) error {
	if key.hash != 0 {
		sum, err := m.sum(key.hash)
		if err != nil {
			return err
		}
		return key.VerifySignature(bytes.NewReader(s), nil, options.WithDigest(sum))
	}
	whole := make([]byte, m.size)
	if _, err := io.ReadFull(m.open(), whole); err != nil {
		return err
	}
	public, err := key.PublicKey()
	if err != nil {
		return err
	}
	if ed, ok := public.(ed25519.PublicKey); !ok || !ed25519.Verify(ed, whole, s) { // the library's verifier would copy it thrice
		return fmt.Errorf("want an Ed25519 signature by this key, got another")
	}
	return nil
}
