package sigstore

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// cosignCommand returns the real cosign. Where interop is asked for, its absence is a failure.
func cosignCommand(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("LIFTLOCK_COSIGN"); path != "" {
		return path
	}
	path, err := exec.LookPath("cosign")
	switch {
	case err == nil && os.Getenv("LIFTLOCK_INTEROP") != "":
		return path
	case os.Getenv("LIFTLOCK_INTEROP") != "":
		t.Fatal("want cosign v2.6 on PATH or named by LIFTLOCK_COSIGN, got neither")
	}
	t.Skip("set LIFTLOCK_INTEROP to try against the real cosign")
	return ""
}

// shelf is a registry with one image.
type shelf struct {
	repository name.Repository
	image      digest.Digest
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/acme/checkout")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(repository.Digest(hash.String()), image); err != nil {
		t.Fatal(err)
	}
	d, err := digest.Parse(hash.String())
	if err != nil {
		t.Fatal(err)
	}
	return shelf{repository: repository, image: d}
}

func (s shelf) reference() string { return s.repository.Digest(s.image.String()).String() }

// envelopes reads everything that lies beside the image.
func (s shelf) envelopes(t *testing.T) (list []evidence.Envelope) {
	t.Helper()
	take := func(ref name.Reference, source string) {
		image, err := remote.Image(ref)
		if err != nil {
			return
		}
		manifest, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		layers, err := image.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for i, layer := range layers {
			reader, err := layer.Compressed()
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, evidence.Envelope{
				Source: source, MediaType: string(manifest.Layers[i].MediaType), Annotations: manifest.Layers[i].Annotations, Digest: digest.Of(body), Body: body,
			})
		}
	}
	take(s.repository.Tag("sha256-"+s.image.Hex()+".sig"), evidence.SourceLegacySignature)
	take(s.repository.Tag("sha256-"+s.image.Hex()+".att"), evidence.SourceLegacyAttestation)
	index, err := remote.Referrers(s.repository.Digest(s.image.String()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, referrer := range manifest.Manifests {
		take(s.repository.Digest(referrer.Digest.String()), evidence.SourceReferrers)
	}
	return list
}

// run runs cosign away from the network and from the user's files.
func run(t *testing.T, dir, command string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"HOME=" + dir, "TUF_ROOT=" + filepath.Join(dir, "tuf"), "COSIGN_PASSWORD=", "PATH=" + os.Getenv("PATH"),
		// Some commands ask Sigstore's update server whatever they are told; nobody answers there.
		"HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, dir, command string, args ...string) {
	t.Helper()
	if out, err := run(t, dir, command, args...); err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestInteropVerifiesWhatCosignSigns(t *testing.T) {
	cosign, dir := cosignCommand(t), t.TempDir()
	mustRun(t, dir, cosign, "generate-key-pair")
	public, err := os.ReadFile(filepath.Join(dir, "cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	predicate := filepath.Join(dir, "predicate.json")
	if err := os.WriteFile(predicate, []byte(`{"scanner":{"uri":"x","version":"1","db":{"uri":"","version":""},"result":{"SchemaVersion":2,"Results":[]}},"metadata":{"scanStartedOn":"2026-01-02T15:04:05Z","scanFinishedOn":"2026-01-02T15:05:05Z"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"--new-bundle-format=false", "--new-bundle-format=true"} {
		t.Run(form, func(t *testing.T) {
			s := newShelf(t)
			common := []string{"--key", filepath.Join(dir, "cosign.key"), "--tlog-upload=false", "--yes", form}
			mustRun(t, dir, cosign, append(append([]string{"sign"}, common...), s.reference())...)
			mustRun(t, dir, cosign, append(append([]string{"attest", "--type", "vuln", "--predicate", predicate}, common...), s.reference())...)
			w := world{image: s.image, trust: evidence.Trust{Keys: []evidence.TrustKey{{Name: "cosign", PEM: public}}}}
			answer := w.verify(t, s.envelopes(t)...)
			kinds := map[string]int{}
			for _, v := range answer.Verified {
				kinds[v.Kind+" "+v.PredicateType]++
			}
			want := "signature "
			if form == "--new-bundle-format=true" {
				want += evidence.CosignSign
			}
			if len(answer.Rejected) != 0 || kinds[want] != 1 || kinds["attestation "+evidence.CosignVulnerabilities] != 1 {
				t.Errorf("want one signature and one attestation, got %v, rejected %+v", kinds, answer.Rejected)
			}
		})
	}
}

func TestInteropCosignVerifiesTheSandbox(t *testing.T) {
	cosign, dir := cosignCommand(t), t.TempDir()
	w := newWorld(t)
	root := filepath.Join(dir, "trusted_root.json")
	if err := os.WriteFile(root, w.trust.Roots[0].JSON, 0o600); err != nil {
		t.Fatal(err)
	}
	public := filepath.Join(dir, "release.pub")
	if err := os.WriteFile(public, w.trust.Keys[0].PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	keyless := []string{"--trusted-root", root, "--offline", "--certificate-oidc-issuer", signer.GitHubIssuer, "--certificate-identity"}
	key := []string{"--key", public, "--insecure-ignore-tlog=true", "--offline"}
	right, wrong := identity.SAN(), signer.Identity{Repository: "acme/checkout-evil"}.SAN()
	for _, test := range []struct {
		name    string
		signer  *signer.Signer
		form    signer.Form
		command []string
		flags   []string
		ok      bool
	}{
		{"keyless signature", w.keyless, signer.Legacy, []string{"verify"}, append(keyless, right), true},
		{"keyless signature, other identity", w.keyless, signer.Legacy, []string{"verify"}, append(keyless, wrong), false},
		{"keyless signature without certificate log", w.keyless.WithFlaws(signer.Flaws{NoSCT: true}), signer.Legacy, []string{"verify"}, append(keyless, right), false},
		{"keyless signature without log", w.keyless.WithFlaws(signer.Flaws{NoLog: true}), signer.Legacy, []string{"verify"}, append(keyless, right), false},
		{"keyless attestation bundle", w.keyless, signer.Bundle, []string{"verify-attestation", "--new-bundle-format", "--type", predicateType}, append(keyless, right), true},
		{"key signature", w.key, signer.Legacy, []string{"verify"}, key, true},
		{"key attestation", w.key, signer.Legacy, []string{"verify-attestation", "--type", predicateType}, key, true},
		{"key attestation bundle", w.key, signer.Bundle, []string{"verify-attestation", "--new-bundle-format", "--trusted-root", root, "--type", predicateType}, key, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newShelf(t)
			object, err := test.signer.Attest(s.image, test.form, predicateType, map[string]string{"result": "passed"})
			if test.command[0] == "verify" {
				object, err = test.signer.Sign(s.image, test.form)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := signer.Push(t.Context(), remote.DefaultTransport, s.repository.String(), s.image, object); err != nil {
				t.Fatal(err)
			}
			args := append(append(append([]string{}, test.command...), test.flags...), s.reference())
			if out, err := run(t, dir, cosign, args...); (err == nil) != test.ok {
				t.Errorf("cosign %s: want ok %t, got %v\n%s", strings.Join(args, " "), test.ok, err, out)
			}
		})
	}
}
