package sigstore

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Media types that are understood, each only where it belongs: a simple signing payload under an attestation tag, or the reverse,
// is somebody trying what happens (A10).
const (
	simpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsseType          = "application/vnd.dsse.envelope.v1+json"
)

// candidate is an envelope of sound form: what a signature on it would say is known, that there is one is not yet.
type candidate struct {
	verified  evidence.Verified
	statement evidence.Statement // of an attestation
	leaf      *x509.Certificate  // nil: signed with a key
	proof     proof
}

// proof is how the two forms are verified. Times are epoch seconds; 0: no trusted time.
type proof interface {
	byRoot(ctx context.Context, d digest.Digest, material root.TrustedMaterial) (verifiedAt int64, err error)
	byKey(ctx context.Context, d digest.Digest, key trustKey) error
	// keyedAt returns when a signature that holds by key was logged, by the log of material.
	keyedAt(material root.TrustedMaterial, key trustKey) int64
	// explain finds the code for what byRoot refused.
	explain(leaf *x509.Certificate, material root.TrustedMaterial, refused error) error
}

func parseCandidate(d digest.Digest, envelope evidence.Envelope) (candidate, error) {
	if len(envelope.Body) > maxBody {
		return candidate{}, reject(codeMalformed, "reading envelope: want at most %d bytes, got %d", maxBody, len(envelope.Body))
	}
	c := candidate{verified: evidence.Verified{Envelope: envelope.Digest, Source: envelope.Source}}
	var err error
	switch {
	case envelope.Source == evidence.SourceLegacySignature && envelope.MediaType == simpleSigningType:
		err = c.parseLegacySignature(d, envelope)
	case envelope.Source == evidence.SourceLegacyAttestation && envelope.MediaType == dsseType:
		err = c.parseLegacyAttestation(d, envelope)
	case envelope.Source == evidence.SourceReferrers && isBundleType(envelope.MediaType):
		err = c.parseBundle(d, envelope)
	default:
		err = reject(codeUnsupported, "reading envelope: want a signature, an attestation or a bundle where each belongs, got %q in %q", clip(envelope.MediaType), clip(envelope.Source))
	}
	return c, err
}

// takeStatement reads the signed statement, before anything is verified: it says which digest the signature must be about.
func (c *candidate) takeStatement(d digest.Digest, signed []byte) error {
	statement, err := evidence.ParseStatement(signed)
	if err != nil {
		return err
	}
	if !statement.Covers(d) {
		return reject(evidence.CodeSubjectMismatch, "reading statement: want a subject with digest %s, got %s", d, subjects(statement))
	}
	c.verified.Kind, c.verified.PredicateType, c.statement = evidence.KindAttestation, statement.PredicateType, statement
	return nil
}

// read brings what a verified attestation says into its normal form. Statements of other types are signed, and mean nothing to any rule.
func (c *candidate) read() error {
	if c.verified.Kind != evidence.KindAttestation || c.verified.PredicateType != evidence.CosignVulnerabilities {
		return nil
	}
	scan, err := evidence.DecodeVulnerabilities(c.statement)
	if err != nil {
		return err
	}
	c.verified.Scan = &scan
	return nil
}

// signers returns the claims of everyone that vouches for the candidate.
func (c *candidate) signers(ctx context.Context, d digest.Digest, trusted trust) ([]evidence.Claims, error) {
	if c.leaf == nil {
		return c.keySigners(ctx, d, trusted)
	}
	var signers []evidence.Claims
	refused := reject(codeUntrusted, "verifying certificate: there is no trust root")
	for _, r := range trusted.roots {
		claims, err := c.byRoot(ctx, d, r)
		switch {
		case err == nil:
			signers = append(signers, claims)
		case codeOf(refused) == codeUntrusted: // a root that knows the certificate has more to say than one that does not
			refused = err
		}
	}
	if len(signers) == 0 {
		return nil, refused
	}
	return signers, nil
}

func (c *candidate) byRoot(ctx context.Context, d digest.Digest, r trustRoot) (evidence.Claims, error) {
	at, err := c.proof.byRoot(ctx, d, r.material)
	if err != nil {
		return evidence.Claims{}, c.proof.explain(c.leaf, r.material, err)
	}
	if err := checkChain(c.leaf, r.material, at); err != nil {
		return evidence.Claims{}, err
	}
	claims, err := claimsOf(c.leaf)
	claims.Trust, claims.VerifiedAt = r.name, at
	return claims, err
}

func (c *candidate) keySigners(ctx context.Context, d digest.Digest, trusted trust) ([]evidence.Claims, error) {
	var signers []evidence.Claims
	refused := errors.New("there is no trusted key")
	for _, k := range trusted.keys {
		if err := c.proof.byKey(ctx, d, k); err != nil {
			refused = err
			continue
		}
		claims := evidence.Claims{Trust: k.name, Key: k.spki}
		for _, r := range trusted.roots {
			if at := c.proof.keyedAt(r.material, k); at != 0 && (claims.VerifiedAt == 0 || at < claims.VerifiedAt) {
				claims.VerifiedAt = at
			}
		}
		signers = append(signers, claims)
	}
	if len(signers) == 0 {
		return nil, reject(codeInvalid, "verifying signature: none of %d trusted keys made it: %w", len(trusted.keys), refused)
	}
	return signers, nil
}

// unsafeAnyIdentity accepts every certificate that a trust root vouches for. It is what the libraries warn of, and right here alone:
// the claims of the certificate go into the evidence, where an exact rule matches them, and can be matched again at replay.
func unsafeAnyIdentity() []cosign.Identity {
	return []cosign.Identity{{IssuerRegExp: `(?s)\A.+\z`, SubjectRegExp: `(?s)\A.+\z`}}
}
