package sigstore

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

type trust struct {
	roots []trustRoot
	keys  []trustKey
}

type trustRoot struct {
	name     string
	material root.TrustedMaterial
}

type trustKey struct {
	name     string
	spki     string
	verifier signature.Verifier
}

// parseTrust fails as a whole: a root that was left out would turn valid signatures into invalid ones.
func parseTrust(t evidence.Trust) (trust, error) {
	if len(t.Roots) > maxRoots || len(t.Keys) > maxKeys {
		return trust{}, fmt.Errorf("reading trust: want at most %d roots and %d keys, got %d and %d", maxRoots, maxKeys, len(t.Roots), len(t.Keys))
	}
	var parsed trust
	for _, r := range t.Roots {
		material, err := root.NewTrustedRootFromJSON(r.JSON)
		if err != nil {
			return trust{}, fmt.Errorf("reading trust root %q: %w", r.Name, err)
		}
		parsed.roots = append(parsed.roots, trustRoot{name: r.Name, material: material})
	}
	for _, k := range t.Keys {
		key, err := parseKey(k)
		if err != nil {
			return trust{}, fmt.Errorf("reading key %q: %w", k.Name, err)
		}
		parsed.keys = append(parsed.keys, key)
	}
	return parsed, nil
}

func parseKey(k evidence.TrustKey) (trustKey, error) {
	public, err := cryptoutils.UnmarshalPEMToPublicKey(k.PEM)
	if err != nil {
		return trustKey{}, fmt.Errorf("want one PEM block PUBLIC KEY: %w", err)
	}
	// Refuses RSA below 2048 bits and curves that nobody should use (A25).
	if err := cryptoutils.ValidatePubKey(public); err != nil {
		return trustKey{}, fmt.Errorf("want RSA of 2048 bits or more, ECDSA on a NIST curve, or Ed25519: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return trustKey{}, err
	}
	verifier, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return trustKey{}, err
	}
	return trustKey{name: k.Name, spki: digest.Of(der).String(), verifier: verifier}, nil
}

// keyedMaterial is a trust root whose logs are asked about signatures by one key. The key's own lifetime is a rule, hence none here.
type keyedMaterial struct {
	root.TrustedMaterial
	verifier signature.Verifier
}

// PublicKeyVerifier returns the key, whatever the hint in the bundle says: the hint is not signed.
func (m keyedMaterial) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	return root.NewExpiringKey(m.verifier, time.Time{}, time.Time{}), nil
}
