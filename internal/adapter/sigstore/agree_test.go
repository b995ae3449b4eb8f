package sigstore

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// TestAgreesWithCosign holds the steps that are taken here one by one to what cosign makes of them in one: of all profiles and flaws it
// accepts what is accepted here, and the reverse but for CVE-2026-24122 (A22).
func TestAgreesWithCosign(t *testing.T) {
	log.SetOutput(io.Discard) // where cosign writes warnings to
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	compared := 0
	for profile, domains := range profileCases() {
		for services, cases := range domains {
			t.Run(fmt.Sprintf("%s %+v", profile, services), func(t *testing.T) {
				w := profiled(t, profile, services)
				material, err := root.NewTrustedRootFromJSON(w.trust.Roots[0].JSON)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range cases {
					for _, e := range c.objects(t, w) {
						compared++
						theirs := cosignVerify(t, w.image, e, &cosign.CheckOpts{
							TrustedMaterial: material, Offline: true,
							Identities: []cosign.Identity{{SubjectRegExp: ".", IssuerRegExp: "."}},
							IgnoreTlog: profile == evidence.ProfileGitHub || profile == evidence.ProfilePrivate && (services.Log == signer.NoLog || c.flaws.NoLog),
							IgnoreSCT:  profile == evidence.ProfileGitHub || profile == evidence.ProfilePrivate && !services.CertificateLog,
						})
						cve := c.flaws.RetiredIssuer && e.Source != evidence.SourceReferrers
						untimed := services.Log != signer.RekorV1 && c.flaws.NoTimestamp || c.flaws.NoLog && !c.stamped // cosign takes the present for the time
						if accepted := c.code == ""; accepted != (theirs == nil) && !cve && !untimed {
							t.Errorf("%+v in %s: want cosign to agree that it is accepted: %t, got %v", c, e.Source, accepted, theirs)
						}
					}
				}
			})
		}
	}
	if compared < 100 {
		t.Errorf("want a hundred comparisons, got %d", compared)
	}
}

// cosignVerify has cosign verify an object as a whole.
func cosignVerify(t *testing.T, image digest.Digest, e evidence.Envelope, o *cosign.CheckOpts) (err error) {
	t.Helper()
	defer func() { // it dies of timestamps that do not hold
		if p := recover(); p != nil {
			err = fmt.Errorf("cosign panics: %v", p)
		}
	}()
	if e.Source == evidence.SourceReferrers {
		return libraryVerify(t, image, e.Body, o)
	}
	var options []static.Option
	options = append(options, static.WithCertChain([]byte(e.Annotations[static.CertificateAnnotationKey]), nil))
	if text := e.Annotations[static.BundleAnnotationKey]; text != "" {
		var entry cbundle.RekorBundle
		if err := json.Unmarshal([]byte(text), &entry); err != nil {
			return err
		}
		options = append(options, static.WithBundle(&entry))
	}
	if text := e.Annotations[static.RFC3161TimestampAnnotationKey]; text != "" {
		o.UseSignedTimestamps = true
		var stamped cbundle.RFC3161Timestamp
		if err := json.Unmarshal([]byte(text), &stamped); err != nil {
			return err
		}
		options = append(options, static.WithRFC3161Timestamp(&stamped))
	}
	layer, err := static.NewSignature(e.Body, e.Annotations[static.SignatureAnnotationKey], options...)
	if err != nil {
		return err
	}
	check, claims := cosign.VerifyImageSignature, cosign.SimpleClaimVerifier
	if e.Source == evidence.SourceLegacyAttestation {
		check, claims = func(ctx context.Context, s oci.Signature, h v1.Hash, o *cosign.CheckOpts) (bool, error) {
			return cosign.VerifyBlobAttestation(ctx, s, h, o)
		}, cosign.IntotoSubjectClaimVerifier
	}
	o.ClaimVerifier = claims
	_, err = check(t.Context(), layer, v1.Hash{Algorithm: "sha256", Hex: image.Hex()}, o)
	return err
}
