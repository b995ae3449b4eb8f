package sigstore

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// TestInteropVerifiesWhatCosignSignsWithoutAKey has cosign v3 ask the sandbox for certificates, log entries and timestamps, as it would ask
// Sigstore or a private instance, and verifies what lands in the registry.
func TestInteropVerifiesWhatCosignSignsWithoutAKey(t *testing.T) {
	_, v3 := cosignCommands(t)
	for _, test := range []struct {
		name     string
		profile  evidence.Profile
		services signer.Services
	}{
		{"public good", evidence.ProfilePublicGood, signer.Services{CertificateLog: true, Log: signer.RekorV1}},
		{"public good with timestamps", evidence.ProfilePublicGood, signer.PublicGood()},
		{"public good, log that keeps no time", evidence.ProfilePublicGood, signer.Services{CertificateLog: true, Log: signer.RekorV2, Timestamps: true}},
		{"GitHub", evidence.ProfileGitHub, signer.GitHub()},
		{"private with a log", evidence.ProfilePrivate, signer.Services{Log: signer.RekorV1}},
		{"private with timestamps", evidence.ProfilePrivate, signer.Services{Timestamps: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			d := newDomain(t, dir, test.profile, test.services)
			server := httptest.NewServer(d.authority.Handler(identity))
			defer server.Close()
			s, flags := newShelf(t), append(signing(t, d, dir, server.URL), d.flags[:2]...)
			predicate := filepath.Join(dir, "predicate.json")
			if err := os.WriteFile(predicate, []byte(`{"result":"passed"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			mustRun(t, dir, v3, append(append([]string{"sign"}, flags...), s.reference())...)
			mustRun(t, dir, v3, append(append([]string{"attest", "--type", predicateType, "--predicate", predicate}, flags...), s.reference())...)

			w := world{image: s.image}
			w.trust.Roots = []evidence.TrustRoot{{Name: "sandbox", Profile: test.profile, JSON: d.root}}
			answer := w.verify(t, s.envelopes(t)...)
			if len(answer.Verified) != 2 {
				t.Fatalf("want a signature and an attestation, got %+v", answer)
			}
			for _, v := range answer.Verified {
				if v.Signer.SAN != identity.SAN() || v.Signer.SourceRepositoryID != "101" || v.Signer.VerifiedAt == 0 || v.PredicateType == evidence.CosignSign != (v.Kind == evidence.KindSignature) {
					t.Errorf("want a signature and an attestation by %s, got %+v", identity.SAN(), v)
				}
			}
		})
	}
}

// signing writes a signing configuration for the services at a URL.
func signing(t *testing.T, d domain, dir, url string) []string {
	t.Helper()
	config, err := d.authority.SigningConfigJSON(url)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "signing.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--signing-config", file, "--identity-token", d.authority.Token(identity), "--yes"}
}
