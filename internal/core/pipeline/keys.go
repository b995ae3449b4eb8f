package pipeline

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Bounds of RSA keys. Below 2048 bits a key can be broken (A25); above 4096 checking one signature takes long. Sizes in between are
// those that Sigstore's verifiers take: one of another size would fail each signature instead of this file.
const (
	minRSABits     = 2048
	midRSABits     = 3072
	maxRSABits     = 4096
	minRSAExponent = 65537
)

// publicKey is a key that may sign.
type publicKey struct {
	pem  []byte
	spki digest.Digest // of the SubjectPublicKeyInfo in its one encoding
}

// parseKey reads one public key in PEM and refuses weak ones.
func parseKey(content []byte) (publicKey, error) {
	block, rest := pem.Decode(content)
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return publicKey{}, errors.New("wanted one PEM block PUBLIC KEY, as openssl pkey -pubout writes it")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return publicKey{}, fmt.Errorf("wanted a public key: %w", err)
	}
	if err := checkStrength(key); err != nil {
		return publicKey{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return publicKey{}, fmt.Errorf("encoding the key again: %w", err)
	}
	return publicKey{pem: content, spki: digest.Of(der)}, nil
}

// checkStrength allows what signers of images use today, and nothing that can be forged with money.
func checkStrength(key any) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return fmt.Errorf("wanted a key on P-256, P-384 or P-521, got one on %s", key.Curve.Params().Name)
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits != minRSABits && bits != midRSABits && bits != maxRSABits {
			return fmt.Errorf("wanted an RSA key of %d, %d or %d bits, got %d", minRSABits, midRSABits, maxRSABits, bits)
		}
		if key.E < minRSAExponent {
			return fmt.Errorf("wanted an RSA key with exponent %d or more, got %d", minRSAExponent, key.E)
		}
		return nil
	default:
		return fmt.Errorf("wanted an ECDSA, Ed25519 or RSA key, got %T", key)
	}
}
