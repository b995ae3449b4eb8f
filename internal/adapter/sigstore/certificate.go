package sigstore

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// withoutSANMark forgets that Go does not understand the critical SAN of user names (OtherName), which Fulcio issues and claimsOf reads.
func withoutSANMark(leaf *x509.Certificate) *x509.Certificate {
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, func(id asn1.ObjectIdentifier) bool {
		return id.Equal(cryptoutils.SANOID)
	})
	return leaf
}

// claimsOf returns what the certificate says of who signed.
func claimsOf(leaf *x509.Certificate) (evidence.Claims, error) {
	// Which of several names a rule would see is for the reader to choose, so there must be one.
	if n := len(leaf.URIs) + len(leaf.EmailAddresses) + len(leaf.DNSNames) + len(leaf.IPAddresses); n > 1 {
		return evidence.Claims{}, reject(codeUntrusted, "reading certificate: want one subject alternative name, got %d", n)
	}
	summary, err := certificate.SummarizeCertificate(leaf)
	if err != nil {
		return evidence.Claims{}, reject(codeUntrusted, "reading certificate: %w", err)
	}
	// A rule demands both, so that who has none is nobody; and an empty one must never match an empty one (A13).
	if summary.SubjectAlternativeName == "" || summary.Issuer == "" {
		return evidence.Claims{}, reject(codeUntrusted, "reading certificate: want subject alternative name and issuer, got %q and %q", clip(summary.SubjectAlternativeName), clip(summary.Issuer))
	}
	if err := oneIssuer(leaf, summary.Issuer); err != nil {
		return evidence.Claims{}, err
	}
	return evidence.Claims{
		Issuer:             summary.Issuer,
		SAN:                summary.SubjectAlternativeName,
		BuildSignerURI:     summary.BuildSignerURI,
		BuildSignerDigest:  summary.BuildSignerDigest,
		RunnerEnvironment:  summary.RunnerEnvironment,
		SourceRepository:   summary.SourceRepositoryURI,
		SourceDigest:       summary.SourceRepositoryDigest,
		SourceRef:          summary.SourceRepositoryRef,
		SourceRepositoryID: summary.SourceRepositoryIdentifier,
		SourceOwner:        summary.SourceRepositoryOwnerURI,
		SourceOwnerID:      summary.SourceRepositoryOwnerIdentifier,
		BuildConfigURI:     summary.BuildConfigURI,
		BuildConfigDigest:  summary.BuildConfigDigest,
		BuildTrigger:       summary.BuildTrigger,
		RunURI:             summary.RunInvocationURI,
		SourceVisibility:   summary.SourceRepositoryVisibilityAtSigning,
	}, nil
}

// oneIssuer refuses a certificate that names two issuers, by Fulcio's old raw identifier and by the present one in DER: the library
// takes whichever stands last.
func oneIssuer(leaf *x509.Certificate, issuer string) error {
	for _, e := range leaf.Extensions {
		named := issuer
		switch {
		case e.Id.Equal(certificate.OIDIssuer):
			named = string(e.Value)
		case e.Id.Equal(certificate.OIDIssuerV2):
			if err := certificate.ParseDERString(e.Value, &named); err != nil {
				return reject(codeUntrusted, "reading certificate: %w", err)
			}
		}
		if named != issuer {
			return reject(codeUntrusted, "reading certificate: want one issuer, got %q and %q", clip(issuer), clip(named))
		}
	}
	return nil
}

// checkChain demands that every certificate up to the root was valid at the verified time. Cosign checks the chain when the leaf was
// issued and the leaf when it signed, so that an intermediate may have expired in between (CVE-2026-24122, A22).
func checkChain(leaf *x509.Certificate, material root.TrustedMaterial, at time.Time) error {
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		return reject(codeCertificateExpired, "verifying certificate: signed at %s, valid from %s to %s", stamp(at), stamp(leaf.NotBefore), stamp(leaf.NotAfter))
	}
	if chains, err := verify.VerifyLeafCertificate(at, leaf, material); err == nil && slices.ContainsFunc(chains, validAt(at)) {
		return nil
	}
	return reject(codeChainExpired, "verifying certificate: signed at %s, when no chain up to the root was valid", stamp(at))
}

func validAt(at time.Time) func(chain []*x509.Certificate) bool {
	return func(chain []*x509.Certificate) bool {
		return !slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return at.Before(c.NotBefore) || at.After(c.NotAfter) })
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// issuedBy returns the chains up to an authority of material that issued the certificate, at least one: a certificate of another domain
// is never tried by its rules (A27).
func issuedBy(leaf *x509.Certificate, material root.TrustedMaterial) ([][]*x509.Certificate, error) {
	chains, err := verify.VerifyLeafCertificate(leaf.NotBefore, leaf, material)
	if err != nil {
		return nil, reject(codeUntrusted, "verifying certificate: %w", err)
	}
	return chains, nil
}

// checkCertificateLog demands the promise of a trusted certificate log that it knows the certificate.
func checkCertificateLog(leaf *x509.Certificate, chains [][]*x509.Certificate, material root.TrustedMaterial) error {
	found, err := cosign.ContainsSCT(leaf.Raw)
	if err != nil {
		return reject(codeSCTInvalid, "reading certificate timestamp: %w", err)
	}
	if !found {
		return reject(codeSCTMissing, "verifying certificate: want proof that a certificate log knows it, got none")
	}
	if err := verify.VerifySignedCertificateTimestamp(chains, 1, material); err != nil {
		return reject(codeSCTInvalid, "verifying certificate timestamp: %w", err)
	}
	return nil
}
