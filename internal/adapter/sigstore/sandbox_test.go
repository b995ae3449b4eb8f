package sigstore

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// TestLibraryAcceptsTheSandbox holds the sandbox's authorities to the library alone: a verifier of ours that is too kind would hide what
// they get wrong, and attacks on it are tried with them.
func TestLibraryAcceptsTheSandbox(t *testing.T) {
	logs := func(kind signer.LogKind) signer.Services { return signer.Services{Log: kind, Timestamps: true} }
	sct, log, stamp := verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1)
	integrated, observed := verify.WithIntegratedTimestamps(1), verify.WithObserverTimestamps(1)
	always := time.Duration(0)
	for _, test := range []struct {
		name     string
		services signer.Services
		flaws    signer.Flaws
		demands  []verify.VerifierOption
		ok       bool
	}{
		{"public good", signer.PublicGood(), signer.Flaws{}, []verify.VerifierOption{sct, log, integrated}, true},
		{"public good without certificate log", signer.PublicGood(), signer.Flaws{NoSCT: true}, []verify.VerifierOption{sct, log, integrated}, false},
		{"public good has no timestamp by itself", signer.PublicGood(), signer.Flaws{}, []verify.VerifierOption{sct, log, stamp}, false},
		{"GitHub", signer.GitHub(), signer.Flaws{}, []verify.VerifierOption{stamp}, true},
		{"GitHub has no log", signer.GitHub(), signer.Flaws{}, []verify.VerifierOption{log, stamp}, false},
		{"GitHub has no certificate log", signer.GitHub(), signer.Flaws{}, []verify.VerifierOption{sct, stamp}, false},
		{"GitHub without timestamp", signer.GitHub(), signer.Flaws{NoTimestamp: true}, []verify.VerifierOption{stamp}, false},
		{"GitHub, timestamp too late", signer.GitHub(), signer.Flaws{TimestampedAfter: 11 * time.Minute}, []verify.VerifierOption{stamp}, false},
		{"GitHub, timestamp too early", signer.GitHub(), signer.Flaws{TimestampedAfter: always - time.Minute}, []verify.VerifierOption{stamp}, false},
		{"GitHub, timestamp of another signature", signer.GitHub(), signer.Flaws{TimestampOfOther: true}, []verify.VerifierOption{stamp}, false},
		{"GitHub, expired intermediate", signer.GitHub(), signer.Flaws{RetiredIssuer: true}, []verify.VerifierOption{stamp}, false},
		{"log without times", logs(signer.RekorV2), signer.Flaws{}, []verify.VerifierOption{log, stamp}, true},
		{"log without times gives none", logs(signer.RekorV2), signer.Flaws{NoTimestamp: true}, []verify.VerifierOption{log, observed}, false},
		{"private, timestamps alone", signer.Services{Timestamps: true}, signer.Flaws{NoLog: true}, []verify.VerifierOption{stamp}, true},
		{"private, log alone", signer.Services{Log: signer.RekorV1}, signer.Flaws{}, []verify.VerifierOption{log, integrated}, true},
		{"private, certificate log too", signer.Services{CertificateLog: true, Timestamps: true}, signer.Flaws{}, []verify.VerifierOption{sct, stamp}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			authority, err := signer.NewWith(func() time.Time { return start }, t.Name(), test.services)
			if err != nil {
				t.Fatal(err)
			}
			image := digest.Of([]byte(t.Name()))
			keyless := authority.Keyless(identity)
			for range 3 { // a log with one entry has no path to prove
				if _, err := keyless.Sign(image, signer.Bundle); err != nil {
					t.Fatal(err)
				}
			}
			made, err := keyless.WithFlaws(test.flaws).Sign(image, signer.Bundle)
			if err != nil {
				t.Fatal(err)
			}
			if err := libraryVerifies(t, authority, image, made, test.demands); (err == nil) != test.ok {
				t.Errorf("want accepted %t, got %v\n%s", test.ok, err, made.Body)
			}
		})
	}
}

func libraryVerifies(t *testing.T, authority *signer.Authority, image digest.Digest, made signer.Object, demands []verify.VerifierOption) error {
	t.Helper()
	raw, err := authority.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	material, err := root.NewTrustedRootFromJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(made.Body); err != nil {
		t.Fatal(err)
	}
	verifier, err := verify.NewVerifier(material, demands...)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hex.DecodeString(image.Hex())
	if err != nil {
		t.Fatal(err)
	}
	who, err := verify.NewShortCertificateIdentity(signer.GitHubIssuer, "", identity.SAN(), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifier.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha256", hash), verify.WithCertificateIdentity(who)))
	return err
}
