package sigstore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	profile  evidence.Profile
	material root.TrustedMaterial
}

type trustKey struct {
	name     string
	spki     string
	public   crypto.PublicKey
	checkers []checker
}

// parseTrust fails as a whole: a root that was left out would turn valid signatures into invalid ones.
func parseTrust(t evidence.Trust) (trust, error) {
	if len(t.Roots) > maxRoots || len(t.Keys) > maxKeys {
		return trust{}, fmt.Errorf("reading trust: want at most %d roots and %d keys, got %d and %d", maxRoots, maxKeys, len(t.Roots), len(t.Keys))
	}
	var parsed trust
	for _, r := range t.Roots {
		roots, err := parseRoot(r)
		if err != nil {
			return trust{}, fmt.Errorf("reading trust root %q: %w", r.Name, err)
		}
		if parsed.roots = append(parsed.roots, roots...); len(parsed.roots) > maxRoots {
			return trust{}, fmt.Errorf("reading trust: want at most %d roots, got more in their documents", maxRoots)
		}
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

// parseRoot reads a trusted_root.json, or several as "gh attestation trusted-root" prints them, one a line. Those that do not fit the
// profile are left out: GitHub prints the root of the public good beside its own, which is not to be had without its logs (A27).
func parseRoot(r evidence.TrustRoot) ([]trustRoot, error) {
	documents, err := documentsOf(r.JSON)
	if err != nil {
		return nil, err
	}
	var roots []trustRoot
	for i, document := range documents {
		material, err := root.NewTrustedRootFromJSON(document)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		fits, err := checkProfile(r.Profile, material)
		if err != nil {
			return nil, err
		}
		if fits {
			roots = append(roots, trustRoot{name: r.Name, profile: r.Profile, material: material})
		}
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("want a root without logs for profile %s, got logs in each of %d: profile %s or %s fits them", r.Profile, len(documents), evidence.ProfilePublicGood, evidence.ProfilePrivate)
	}
	return roots, nil
}

// documentsOf splits JSON documents that follow each other.
func documentsOf(data []byte) ([]json.RawMessage, error) {
	var documents []json.RawMessage
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		var document json.RawMessage
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) && len(documents) > 0 {
			return documents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("want trusted_root.json, one or more: %w", err)
		}
		if documents = append(documents, document); len(documents) > maxRoots {
			return nil, fmt.Errorf("want at most %d roots", maxRoots)
		}
	}
}

func parseKey(k evidence.TrustKey) (trustKey, error) {
	public, err := cryptoutils.UnmarshalPEMToPublicKey(k.PEM)
	if err != nil {
		return trustKey{}, fmt.Errorf("want one PEM block PUBLIC KEY: %w", err)
	}
	// Refuses RSA below 2048 bits and curves that nobody should use (A25).
	if err := cryptoutils.ValidatePubKey(public); err != nil {
		return trustKey{}, fmt.Errorf("want RSA of 2048, 3072 or 4096 bits, ECDSA on a NIST curve, or Ed25519: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return trustKey{}, err
	}
	checkers, err := keyCheckers(public)
	return trustKey{name: k.Name, spki: digest.Of(der).String(), public: public, checkers: checkers}, err
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
