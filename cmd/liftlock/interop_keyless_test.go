package main

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

const interopTrust = `  trust:
    - {name: ours, file: trust/ours.json, profile: %s, sha256: %s, refreshed: %s}
  signers:
    - name: release
      keyless: {issuer: %q, trust: ours, repository: acme/checkout, workflow: .github/workflows/release.yml, repositoryID: 101}`

// From a push to an edited overlay once more, signed by cosign v3 without a key: it takes its certificates, and log entries or timestamps,
// from an instance of each kind.
func TestInteropFromKeylessPushToOverlay(t *testing.T) {
	cosign, kustomize := tool(t, "cosign3"), tool(t, "kustomize")
	host := startRegistry(t)
	for _, test := range []struct {
		name     string
		profile  evidence.Profile
		services signer.Services
		forged   string
	}{
		{"public-good", evidence.ProfilePublicGood, signer.PublicGood(), "TLOG_INVALID"},
		{"github", evidence.ProfileGitHub, signer.GitHub(), "SIGNATURE_INVALID"},
		{"private", evidence.ProfilePrivate, signer.Services{Log: signer.RekorV2, Timestamps: true}, "TLOG_INVALID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			repository, err := digest.ParseRepository(host + "/acme/checkout-" + test.name)
			if err != nil {
				t.Fatal(err)
			}
			y := yard{t: t, dir: t.TempDir(), cosign: cosign, repository: repository, flags: map[string][]string{}}
			y.refusals = map[string]string{"foreign": "IDENTITY_MISMATCH", "forged": test.forged}
			y.founded(test.profile, test.services)
			y.promoted(kustomize)
		})
	}
}

// founded starts an instance that issues certificates for the release workflow, and for another one.
func (y *yard) founded(profile evidence.Profile, services signer.Services) {
	y.t.Helper()
	authority, err := signer.NewWith(time.Now, y.t.Name(), services)
	if err != nil {
		y.t.Fatal(err)
	}
	root, err := authority.TrustedRootJSON()
	if err != nil {
		y.t.Fatal(err)
	}
	write(y.t, filepath.Join(y.dir, "root.json"), string(root))
	for name, workflow := range map[string]string{"release": ".github/workflows/release.yml", "other": ".github/workflows/test.yml"} {
		identity := signer.Identity{Repository: "acme/checkout", RepositoryID: "101", Workflow: workflow}
		server := httptest.NewServer(authority.Handler(identity))
		y.t.Cleanup(server.Close)
		config, err := authority.SigningConfigJSON(server.URL)
		if err != nil {
			y.t.Fatal(err)
		}
		file := filepath.Join(y.dir, name+".json")
		write(y.t, file, string(config))
		y.flags[name] = []string{"--signing-config", file, "--trusted-root", filepath.Join(y.dir, "root.json"), "--identity-token", authority.Token(identity)}
	}
	y.trust = fmt.Sprintf(interopTrust, profile, digest.Of(root).Hex(), time.Now().UTC().Format(time.RFC3339), signer.GitHubIssuer)
	y.files = map[string]string{"trust/ours.json": string(root)}
}
