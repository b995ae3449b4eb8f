package sigstore

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// VerifyBundle returns the claims of everyone that vouches for a file by a Sigstore bundle: by an attestation that names its digest, or by a
// signature over it. Images are verified in the same way, but for a bare signature, which says nothing of what it means. Errors have a
// method Code where the bundle is at fault.
func (v *Verifier) VerifyBundle(ctx context.Context, file digest.Digest, bundle []byte, t evidence.Trust) (signers []evidence.Claims, err error) {
	trusted, err := v.trust(t)
	if err != nil {
		return nil, err
	}
	if len(bundle) > maxBody {
		return nil, reject(codeMalformed, "reading bundle: want at most %d bytes, got %d", maxBody, len(bundle))
	}
	defer stopPanic(&err)
	var c candidate
	if err := c.parseBundle(file, bundle); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.signers(file, trusted)
}

// signedFile demands that content is a signature over the file with digest d. The digest in the bundle is not signed, and only a hint.
func signedFile(d digest.Digest, content verify.SignatureContent, keys []checker) error {
	sum, err := hex.DecodeString(d.Hex())
	if err != nil {
		return err
	}
	hint := content.MessageSignatureContent()
	if hint.DigestAlgorithm() != "SHA2_256" || !bytes.Equal(hint.Digest(), sum) {
		return fmt.Errorf("want a signature over %s, got one over %s:%x", d, hint.DigestAlgorithm(), hint.Digest())
	}
	refused := errors.New("the key signs whole files or longer digests")
	for _, key := range keys {
		if key.hash != crypto.SHA256 {
			continue
		}
		known := &message{sums: map[crypto.Hash][]byte{crypto.SHA256: sum}}
		if refused = known.check(key, content.Signature()); refused == nil {
			return nil
		}
	}
	return refused
}
