package sigstore

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

const bundleTypePrefix = "application/vnd.dev.sigstore.bundle"

func isBundleType(mediaType string) bool { return strings.HasPrefix(mediaType, bundleTypePrefix) }

// bundled is a Sigstore bundle. What it is bound to is checked by the library for every content that it may hold.
type bundled struct {
	bundle *bundle.Bundle
	timed  bool // carries RFC 3161 timestamps
	logged bool
}

func (c *candidate) parseBundle(d digest.Digest, envelope evidence.Envelope) error {
	b, leaf, err := parseBundle(envelope.Body)
	if err != nil {
		return err
	}
	c.leaf, c.proof = leaf, b
	content := b.bundle.GetDsseEnvelope()
	if content == nil {
		return reject(codeUnsupported, "reading bundle: want a DSSE envelope, got a bare signature, which says nothing of what it means")
	}
	if err := c.takeStatement(d, content.GetPayload()); err != nil {
		return err
	}
	if c.verified.PredicateType == evidence.CosignSign {
		c.verified.Kind = evidence.KindSignature
	}
	return nil
}

func parseBundle(body []byte) (*bundled, *x509.Certificate, error) {
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(body); err != nil {
		return nil, nil, reject(codeMalformed, "reading bundle: %w", err)
	}
	content, err := b.VerificationContent()
	if err != nil {
		return nil, nil, reject(codeMalformed, "reading bundle: %w", err)
	}
	times, err := b.Timestamps()
	if err != nil {
		return nil, nil, reject(codeMalformed, "reading bundle: %w", err)
	}
	entries, err := b.TlogEntries()
	if err != nil {
		return nil, nil, reject(codeMalformed, "reading bundle: %w", err)
	}
	parsed := &bundled{bundle: b, timed: len(times) > 0, logged: len(entries) > 0}
	if leaf := content.Certificate(); leaf != nil {
		return parsed, withoutSANMark(leaf), nil
	}
	return parsed, nil, nil
}

func (b *bundled) byRoot(ctx context.Context, d digest.Digest, material root.TrustedMaterial) (int64, error) {
	if !b.logged {
		return 0, reject(codeLogMissing, "verifying bundle: want a log entry, got none")
	}
	policy, err := artifact(d)
	if err != nil {
		return 0, err
	}
	result, err := cosign.VerifyNewBundle(ctx, b.options(material), policy, b.bundle)
	if err != nil {
		return 0, err
	}
	return earliest(result)
}

// options asks for a signed timestamp where the bundle has one, else for the log's own time. To try both and take either would accept
// a timestamp outside the certificate's lifetime (A20).
func (b *bundled) options(material root.TrustedMaterial) *cosign.CheckOpts {
	return &cosign.CheckOpts{TrustedMaterial: material, Identities: unsafeAnyIdentity(), UseSignedTimestamps: b.timed, Offline: true, NewBundleFormat: true}
}

func artifact(d digest.Digest) (verify.ArtifactPolicyOption, error) {
	raw, err := hex.DecodeString(d.Hex())
	if err != nil {
		return nil, err
	}
	return verify.WithArtifactDigest("sha256", raw), nil
}

// earliest returns the time that proves most: each says that the signature existed by then.
func earliest(result *verify.VerificationResult) (int64, error) {
	var first time.Time
	for _, t := range result.VerifiedTimestamps {
		if first.IsZero() || t.Timestamp.Before(first) {
			first = t.Timestamp
		}
	}
	if first.IsZero() {
		return 0, reject(codeTimestampInvalid, "verifying bundle: want a trusted time, got none")
	}
	return first.Unix(), nil
}

func (b *bundled) byKey(ctx context.Context, d digest.Digest, key trustKey) error {
	policy, err := artifact(d)
	if err != nil {
		return err
	}
	_, err = cosign.VerifyNewBundle(ctx, &cosign.CheckOpts{
		TrustedMaterial: &root.BaseTrustedMaterial{},
		SigVerifier:     key.verifier,
		IgnoreTlog:      true, // the log gives a key's signature a time; whether one is needed is a rule
		Offline:         true,
		NewBundleFormat: true,
	}, policy, b.bundle)
	return err
}

func (b *bundled) keyedAt(material root.TrustedMaterial, key trustKey) int64 {
	if !b.logged {
		return 0
	}
	times, err := verify.VerifyTlogEntry(b.bundle, keyedMaterial{TrustedMaterial: material, verifier: key.verifier}, 1, true)
	if err != nil {
		return 0
	}
	var first int64
	for _, t := range times {
		if at := t.Time.Unix(); first == 0 || at < first {
			first = at
		}
	}
	return first
}

func (b *bundled) explain(leaf *x509.Certificate, material root.TrustedMaterial, refused error) error {
	if err := explainCertificate(leaf, material); err != nil {
		return err
	}
	if own := (*rejection)(nil); errors.As(refused, &own) {
		return refused
	}
	times, err := verify.VerifyTlogEntry(b.bundle, material, 1, true)
	if err != nil {
		return b.explainLog(leaf, err)
	}
	for _, t := range times {
		if err := checkChain(leaf, material, t.Time.Unix()); err != nil {
			return err
		}
	}
	if _, err := verify.VerifySignedTimestampWithThreshold(b.bundle, material, 1); err != nil && (b.timed || len(times) == 0) {
		return reject(codeTimestampInvalid, "verifying timestamp: %w", err)
	}
	if envelope, err := b.bundle.Envelope(); err == nil {
		if _, err := envelope.Statement(); err != nil { // the library reads it more narrowly than in-toto demands
			return reject(evidence.CodeMalformed, "reading statement: %w", err)
		}
	}
	return reject(codeInvalid, "verifying bundle: %w", refused)
}

// explainLog tells an entry made outside the certificate's lifetime from one that is wrong: the library has one error for both.
func (b *bundled) explainLog(leaf *x509.Certificate, refused error) error {
	for _, entry := range b.bundle.GetVerificationMaterial().GetTlogEntries() {
		at := time.Unix(entry.GetIntegratedTime(), 0)
		if entry.GetIntegratedTime() != 0 && (at.Before(leaf.NotBefore) || at.After(leaf.NotAfter)) {
			return reject(codeCertificateExpired, "verifying log entry: logged at %s, certificate valid from %s to %s", stamp(at), stamp(leaf.NotBefore), stamp(leaf.NotAfter))
		}
	}
	return reject(codeLogInvalid, "verifying log entry: %w", refused)
}
