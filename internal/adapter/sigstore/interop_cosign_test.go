package sigstore

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

func TestInteropVerifiesWhatCosignSigns(t *testing.T) {
	v2, v3 := cosignCommands(t)
	dir := t.TempDir()
	mustRun(t, dir, v2, "generate-key-pair")
	alone := filepath.Join(dir, "signing.json") // names no service, so that none is asked
	mustRun(t, dir, v3, "signing-config", "create", "--out", alone)
	public, err := os.ReadFile(filepath.Join(dir, "cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	attested := map[string]struct{ predicateType, predicate string }{
		"vuln":            {evidence.CosignVulnerabilities, `{"scanner":{"uri":"x","version":"1","db":{"uri":"","version":""},"result":{"SchemaVersion":2,"Results":[]}},"metadata":{"scanStartedOn":"2026-01-02T15:04:05Z","scanFinishedOn":"2026-01-02T15:05:05Z"}}`},
		"slsaprovenance1": {"https://slsa.dev/provenance/v1", `{"buildDefinition":{"buildType":"https://example.com/build","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`},
		"spdxjson":        {"https://spdx.dev/Document", `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"checkout","packages":[]}`},
		"cyclonedx":       {"https://cyclonedx.org/bom", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}`},
		"openvex":         {"https://openvex.dev/ns", `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex","author":"acme","version":1,"statements":[]}`},
		predicateType:     {predicateType, `{"result":"passed"}`},
	}
	for _, test := range []struct {
		name, cosign string
		flags        []string
		signature    string // its kind and predicate type
	}{
		{"v2, legacy", v2, []string{"--tlog-upload=false", "--new-bundle-format=false"}, "signature "},
		{"v2, bundle", v2, []string{"--tlog-upload=false", "--new-bundle-format=true"}, "signature " + evidence.CosignSign},
		{"v3, legacy", v3, []string{"--use-signing-config=false", "--tlog-upload=false", "--new-bundle-format=false"}, "signature "},
		{"v3", v3, []string{"--signing-config", alone}, "signature " + evidence.CosignSign},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newShelf(t)
			common := append([]string{"--key", filepath.Join(dir, "cosign.key"), "--yes"}, test.flags...)
			mustRun(t, dir, test.cosign, append(append([]string{"sign"}, common...), s.reference())...)
			file := filepath.Join(dir, "predicate.json")
			for name, about := range attested {
				if err := os.WriteFile(file, []byte(about.predicate), 0o600); err != nil {
					t.Fatal(err)
				}
				mustRun(t, dir, test.cosign, append(append([]string{"attest", "--type", name, "--predicate", file}, common...), s.reference())...)
			}
			w := world{image: s.image, trust: evidence.Trust{Keys: []evidence.TrustKey{{Name: "cosign", PEM: public}}}}
			answer := w.verify(t, s.envelopes(t)...)
			kinds := map[string]int{}
			for _, v := range answer.Verified {
				kinds[v.Kind+" "+v.PredicateType]++
			}
			want := map[string]int{test.signature: 1}
			for _, about := range attested {
				want["attestation "+about.predicateType] = 1
			}
			if diff := cmp.Diff(want, kinds); diff != "" || len(answer.Rejected) != 0 {
				t.Errorf("want a signature and each attestation: %s rejected: %+v", diff, answer.Rejected)
			}
		})
	}
}

// domain is an authority of the sandbox with what cosign is told of it.
type domain struct {
	profile   evidence.Profile
	authority *signer.Authority
	root      []byte
	flags     []string
}

func newDomain(t *testing.T, dir string, profile evidence.Profile, services signer.Services, flags ...string) domain {
	t.Helper()
	// Some versions of cosign hold chains of timestamp authorities to the time of the machine.
	authority, err := signer.NewWith(time.Now, fmt.Sprint(profile, services), services)
	if err != nil {
		t.Fatal(err)
	}
	root, err := authority.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(dir, "trusted_root-*.json")
	if err == nil {
		_, err = file.Write(root)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return domain{profile, authority, root, append([]string{"--trusted-root", file.Name(), "--offline=true"}, flags...)}
}

// TestInteropCosignAgreesAboutTheSandbox signs in every kind of trust domain, rightly and wrongly, and asks both cosigns and our verifier.
func TestInteropCosignAgreesAboutTheSandbox(t *testing.T) {
	v2, v3 := cosignCommands(t)
	dir := t.TempDir()
	public := newDomain(t, dir, evidence.ProfilePublicGood, signer.PublicGood())
	github := newDomain(t, dir, evidence.ProfileGitHub, signer.GitHub(), "--use-signed-timestamps", "--insecure-ignore-tlog=true", "--insecure-ignore-sct=true")
	logged := newDomain(t, dir, evidence.ProfilePrivate, signer.Services{Log: signer.RekorV1}, "--insecure-ignore-sct=true")
	tiled := newDomain(t, dir, evidence.ProfilePrivate, signer.Services{Log: signer.RekorV2, Timestamps: true}, "--insecure-ignore-sct=true", "--use-signed-timestamps")
	key, err := signer.NewKey("release")
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "release.pub")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	by := func(d domain, f signer.Flaws) *signer.Signer { return d.authority.Keyless(identity).WithFlaws(f) }
	who := func(id signer.Identity) []string {
		return []string{"--certificate-oidc-issuer", signer.GitHubIssuer, "--certificate-identity", id.SAN()}
	}
	right, wrong, held := who(identity), who(signer.Identity{Repository: "acme/checkout-evil"}), []string{"--key", file, "--insecure-ignore-tlog=true"}
	stamped, late := []string{"--use-signed-timestamps"}, 11*time.Minute
	none, legacy, bundle := signer.Flaws{}, signer.Legacy, signer.Bundle
	for _, test := range []struct {
		name   string
		domain domain
		signer *signer.Signer
		form   signer.Form
		flags  [][]string
		ok     bool
	}{
		{"public", public, by(public, none), legacy, [][]string{right}, true},
		{"public, bundle", public, by(public, none), bundle, [][]string{right}, true},
		{"public, timestamped too", public, by(public, none).TimestampedBy(public.authority), legacy, [][]string{right, stamped}, true},
		{"public, timestamped too, bundle", public, by(public, none).TimestampedBy(public.authority), bundle, [][]string{right, stamped}, true},
		{"public, timestamp too late, bundle", public, by(public, signer.Flaws{TimestampedAfter: late}).TimestampedBy(public.authority), bundle, [][]string{right, stamped}, false},
		{"public, without certificate log", public, by(public, signer.Flaws{NoSCT: true}), legacy, [][]string{right}, false},
		{"public, without certificate log, bundle", public, by(public, signer.Flaws{NoSCT: true}), bundle, [][]string{right}, false},
		{"public, without log", public, by(public, signer.Flaws{NoLog: true}), legacy, [][]string{right}, false},
		{"public, without log, bundle", public, by(public, signer.Flaws{NoLog: true}), bundle, [][]string{right}, false},
		{"public, logged late", public, by(public, signer.Flaws{LoggedAfter: late}), bundle, [][]string{right}, false},
		{"GitHub", github, by(github, none), legacy, [][]string{right}, true},
		{"GitHub, bundle", github, by(github, none), bundle, [][]string{right}, true},
		{"GitHub, without timestamp", github, by(github, signer.Flaws{NoTimestamp: true}), bundle, [][]string{right}, false},
		{"GitHub, timestamp too late", github, by(github, signer.Flaws{TimestampedAfter: late}), bundle, [][]string{right}, false},
		{"GitHub, timestamp of another signature", github, by(github, signer.Flaws{TimestampOfOther: true}), bundle, [][]string{right}, false},
		{"GitHub, timestamp of another authority", github, by(github, none).TimestampedBy(public.authority), bundle, [][]string{right}, false},
		{"GitHub, expired intermediate", github, by(github, signer.Flaws{RetiredIssuer: true}), bundle, [][]string{right}, false},
		{"private with a log", logged, by(logged, none), legacy, [][]string{right}, true},
		{"private with a log, bundle", logged, by(logged, none), bundle, [][]string{right}, true},
		{"private with a log that keeps no time, bundle", tiled, by(tiled, none), bundle, [][]string{right}, true},
		{"private with a log that keeps no time, not timestamped", tiled, by(tiled, signer.Flaws{NoTimestamp: true}), bundle, [][]string{right}, false},
		{"key", public, key, legacy, [][]string{held}, true},
		{"key, bundle", public, key, bundle, [][]string{held}, true},
		{"key, timestamped, bundle", public, key.TimestampedBy(public.authority), bundle, [][]string{held, stamped}, true},
		{"other identity", public, by(public, none), legacy, [][]string{wrong}, false},
		{"other identity, bundle", public, by(public, none), bundle, [][]string{wrong}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, flags := newShelf(t), append([]string{}, test.domain.flags...)
			for _, more := range test.flags {
				flags = append(flags, more...)
			}
			w := world{image: s.image, trust: evidence.Trust{Keys: []evidence.TrustKey{{Name: "release", PEM: pem}}}}
			w.trust.Roots = []evidence.TrustRoot{{Name: "sandbox", Profile: test.domain.profile, JSON: test.domain.root}}
			s.push(t)(test.signer.Sign(s.image, test.form))
			s.push(t)(test.signer.Attest(s.image, test.form, predicateType, map[string]string{"result": "passed"}))
			if answer := w.verify(t, s.envelopes(t)...); (len(answer.Verified) == 2) != test.ok && !strings.HasPrefix(test.name, "other identity") {
				t.Errorf("our verifier: want ok %t, got %+v", test.ok, answer)
			}
			flags = append(flags, fmt.Sprintf("--new-bundle-format=%t", test.form == bundle), s.reference())
			signature, attestation := append([]string{"verify"}, flags...), append([]string{"verify-attestation", "--type", predicateType}, flags...)
			asked(t, dir, v2, signature, test.ok)
			asked(t, dir, v3, signature, test.ok)
			asked(t, dir, v3, attestation, test.ok)
			if test.form == bundle || !slices.Contains(flags, "--certificate-identity") { // v2 reads no trusted root for legacy attestations
				asked(t, dir, v2, attestation, test.ok)
			}
		})
	}
}

func asked(t *testing.T, dir, cosign string, args []string, ok bool) {
	t.Helper()
	if out, err := run(t, dir, cosign, args...); (err == nil) != ok {
		t.Errorf("%s %s: want ok %t, got %v\n%s", filepath.Base(cosign), strings.Join(args, " "), ok, err, out)
	}
}

func (s shelf) push(t *testing.T) func(signer.Object, error) {
	return func(object signer.Object, err error) {
		t.Helper()
		if err == nil {
			err = signer.Push(t.Context(), remote.DefaultTransport, s.repository.String(), s.image, object)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
