package sigstore

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
			s, flags := newShelf(t), append(signing(t, v3, dir, server.URL, test.services), d.flags[:2]...)
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

// signing writes a signing configuration with the services, and an identity token that nobody checks.
func signing(t *testing.T, cosign, dir, url string, services signer.Services) []string {
	t.Helper()
	service := func(path string, version int) string {
		return fmt.Sprintf("url=%s%s,api-version=%d,start-time=2020-01-01T00:00:00Z,operator=sandbox", url, path, version)
	}
	file := filepath.Join(dir, "signing.json")
	create := []string{"signing-config", "create", "--out", file, "--fulcio", service("", 1)}
	if services.Log != signer.NoLog {
		create = append(create, "--rekor", service("", int(services.Log)), "--rekor-config", "ANY")
	}
	if services.Timestamps {
		create = append(create, "--tsa", service("/api/v1/timestamp", 1), "--tsa-config", "ANY")
	}
	mustRun(t, dir, cosign, create...)
	part := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":%q,"sub":"repo:acme/checkout","aud":"sigstore","exp":%d}`, signer.GitHubIssuer, time.Now().Add(time.Hour).Unix())
	token := strings.Join([]string{part([]byte(`{"alg":"RS256"}`)), part([]byte(claims)), part([]byte("x"))}, ".")
	return []string{"--signing-config", file, "--identity-token", token, "--yes"}
}
