package sigstore

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// corpus reads files of other projects: real bundles, roots and layouts, and the conformance vectors of Sigstore.
type corpus struct {
	*testing.T
	dir string
}

func openCorpus(t *testing.T) corpus {
	t.Helper()
	dir := os.Getenv("LIFTLOCK_CORPUS")
	if dir == "" {
		t.Skip("set LIFTLOCK_CORPUS to the folder with foreign files")
	}
	return corpus{T: t, dir: filepath.Join(dir, "attestations")}
}

// read returns the first of the named files that exists; nil if none does.
func (c corpus) read(names ...string) []byte {
	c.Helper()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(c.dir, name))
		if err == nil {
			return data
		}
		if !errors.Is(err, fs.ErrNotExist) {
			c.Fatal(err)
		}
	}
	return nil
}

const publicGood = "cosign/pkg/cosign/testdata/trusted_root_pgi.json"

// TestConformanceVectors runs Sigstore's own vectors through the bundle verifier. They sign files, not images, hence below Verify.
func TestConformanceVectors(t *testing.T) {
	c := openCorpus(t)
	const base = "sigstore-conformance/test/assets/bundle-verify"
	entries, err := os.ReadDir(filepath.Join(c.dir, base))
	if err != nil {
		t.Fatal(err)
	}
	vectors, through := 0, 0
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		vectors++
		name, dir := entry.Name(), filepath.Join(base, entry.Name())
		err := c.conformance(dir, base)
		if ok := !strings.HasSuffix(name, "_fail"); ok != (err == nil) {
			t.Errorf("%s: want accepted %t, got %v", name, ok, err)
		}
		if err == nil && c.throughVerify(dir, base) {
			through++
		}
	}
	if vectors < 70 || through < 3 {
		t.Errorf("want at least 70 vectors, and 3 statements that Verify takes too, got %d and %d", vectors, through)
	}
}

func (c corpus) conformance(dir, base string) error {
	body := c.read(dir + "/bundle.sigstore.json")
	artifact := digest.Of(c.read(dir+"/artifact", base+"/a.txt"))
	var t evidence.Trust
	if public := c.read(dir + "/key.pub"); public != nil {
		t.Keys = []evidence.TrustKey{{Name: "key", PEM: public}}
		_, err := new(Verifier).VerifyBundle(c.Context(), artifact, body, t)
		return err
	}
	t.Roots = []evidence.TrustRoot{{Name: "vector", JSON: c.read(dir+"/trusted_root.json", publicGood)}}
	signers, err := new(Verifier).VerifyBundle(c.Context(), artifact, body, t)
	if err != nil {
		return err
	}
	claims := signers[0]
	identity := cmp.Or(strings.TrimSpace(string(c.read(dir+"/identity"))), "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main")
	issuer := cmp.Or(strings.TrimSpace(string(c.read(dir+"/issuer"))), "https://token.actions.githubusercontent.com")
	if claims.SAN != identity || claims.Issuer != issuer {
		return errors.New("somebody else signed it")
	}
	return nil
}

// throughVerify reports whether the vector holds a statement that Verify takes for an attestation of the artifact.
func (c corpus) throughVerify(dir, base string) bool {
	body := c.read(dir + "/bundle.sigstore.json")
	w := world{image: digest.Of(c.read(dir+"/artifact", base+"/a.txt"))}
	w.trust.Roots = []evidence.TrustRoot{{Name: "vector", JSON: c.read(dir+"/trusted_root.json", publicGood)}}
	if public := c.read(dir + "/key.pub"); public != nil {
		w.trust.Keys = []evidence.TrustKey{{Name: "key", PEM: public}}
	}
	answer := w.verify(c.T, evidence.Envelope{Source: evidence.SourceReferrers, MediaType: bundleTypePrefix + ".v0.3+json", Digest: digest.Of(body), Body: body})
	return len(answer.Verified) == 1
}

// layout reads the .att image of an OCI layout as cosign save writes it.
func (c corpus) layout(dir, kind string) []evidence.Envelope {
	c.Helper()
	var index, manifest struct {
		Manifests []descriptor `json:"manifests"`
		Layers    []descriptor `json:"layers"`
	}
	if err := json.Unmarshal(c.read(dir+"/index.json"), &index); err != nil {
		c.Fatal(err)
	}
	var list []evidence.Envelope
	for _, d := range index.Manifests {
		if d.Annotations["kind"] != kind {
			continue
		}
		if err := json.Unmarshal(c.read(dir+"/blobs/sha256/"+d.Digest.Hex()), &manifest); err != nil {
			c.Fatal(err)
		}
		for _, layer := range manifest.Layers {
			body := c.read(dir + "/blobs/sha256/" + layer.Digest.Hex())
			list = append(list, evidence.Envelope{
				Source: evidence.SourceLegacyAttestation, MediaType: layer.MediaType, Annotations: layer.Annotations, Digest: layer.Digest, Body: body,
			})
		}
	}
	return list
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Annotations map[string]string `json:"annotations"`
}

// TestRealLegacyAttestations verifies provenance that GitHub workflows signed years ago, and twins of it that somebody changed.
func TestRealLegacyAttestations(t *testing.T) {
	c := openCorpus(t)
	for _, version := range []string{"v1.4.0", "v1.9.0"} {
		base := "slsa-verifier/gha_generic_container/" + version + "/container_workflow_dispatch"
		image, err := digest.Parse(strings.TrimSpace(string(c.read(base + ".digest"))))
		if err != nil {
			t.Fatal(err)
		}
		w := world{image: image, trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "public", JSON: c.read(publicGood)}}}}
		envelopes := c.layout(base, "dev.cosignproject.cosign/atts")
		answer := w.verify(t, envelopes...)
		if len(envelopes) == 0 || len(answer.Verified) != len(envelopes) {
			t.Fatalf("%s: want all of %d attestations verified, got %+v", version, len(envelopes), answer.Rejected)
		}
		for _, v := range answer.Verified {
			if v.PredicateType != "https://slsa.dev/provenance/v0.2" || v.Signer.VerifiedAt == 0 ||
				!strings.HasPrefix(v.Signer.SAN, "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@") {
				t.Errorf("%s: want provenance by the generator, got %q by %+v", version, v.PredicateType, v.Signer)
			}
		}
		for _, e := range envelopes {
			flip := func(key string) evidence.Envelope {
				value := []byte(e.Annotations[key])
				i := len(value) / 2
				for value[i] < 'A' || value[i] > 'Y' {
					i++
				}
				value[i]++
				return annotated(e, key, string(value))
			}
			c.wantAllRejected(w, flip("dev.sigstore.cosign/bundle"), flip("dev.sigstore.cosign/certificate"), annotated(e, "dev.sigstore.cosign/bundle", ""), annotated(e, "dev.sigstore.cosign/certificate", ""))
			other := w
			other.image = digest.Of(nil)
			c.wantAllRejected(other, e)
			elsewhere := w
			elsewhere.trust.Roots = []evidence.TrustRoot{{Name: "github", JSON: firstLine(c.read("kyverno/pkg/image/verifiers/ivpol/cosign/testdata/github-trusted-root.json"))}}
			c.wantAllRejected(elsewhere, e)
		}
	}
}

func (c corpus) wantAllRejected(w world, envelopes ...evidence.Envelope) {
	c.Helper()
	if answer := w.verify(c.T, envelopes...); len(answer.Verified) != 0 || len(answer.Rejected) != len(envelopes) {
		c.Errorf("want all %d rejected, got %d verified", len(envelopes), len(answer.Verified))
	} else {
		for _, r := range answer.Rejected {
			c.Logf("%s: %s", r.Code, r.Detail)
		}
	}
}

// firstLine is for roots that are kept one a line.
func firstLine(data []byte) []byte {
	if line, _, found := strings.Cut(string(data), "\n"); found && json.Valid([]byte(line)) {
		return []byte(line)
	}
	return data
}

// TestRealBundle verifies an attestation that a person signed with cosign.
func TestRealBundle(t *testing.T) {
	c := openCorpus(t)
	body := c.read("cosign/pkg/cosign/testdata/oci-attestation.sigstore.json")
	image := subjectOf(t, body)
	w := world{image: image, trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "public", JSON: c.read(publicGood)}}}}
	envelope := evidence.Envelope{Source: evidence.SourceReferrers, MediaType: bundleTypePrefix + ".v0.3+json", Digest: digest.Of(body), Body: body}
	answer := w.verify(t, envelope)
	if len(answer.Verified) != 1 || answer.Verified[0].Signer.SAN == "" {
		t.Fatalf("want a verified attestation, got %+v", answer.Rejected)
	}
	w.wantOnly(t, codeLogMissing, rewritten(t, envelope, func(doc map[string]any) { delete(doc["verificationMaterial"].(map[string]any), "tlogEntries") }))
}

// subjectOf returns the digest that a bundle is about.
func subjectOf(t *testing.T, body []byte) digest.Digest {
	t.Helper()
	var doc struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	statement, err := evidence.ParseStatement(doc.Envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	image, err := digest.Parse("sha256:" + statement.Subjects[0].Digest["sha256"])
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// wantOnly demands one rejection with code and nothing verified.
func (w world) wantOnly(t *testing.T, code string, envelope evidence.Envelope) {
	t.Helper()
	answer := w.verify(t, envelope)
	if len(answer.Verified) != 0 || len(answer.Rejected) != 1 || answer.Rejected[0].Code != code {
		t.Errorf("want %s, got %+v", code, answer)
	}
}
