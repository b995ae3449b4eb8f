package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

const scanPredicate = "https://cosign.sigstore.dev/attestation/vuln/v1"

// attached publishes an image with just these objects beside it, and shows it at its tag last.
func (r *rig) attached(tag string, objects ...func(d digest.Digest) (signer.Object, error)) digest.Digest {
	r.t.Helper()
	d := r.release(sandbox.Release{Tag: tag, Unsigned: true, Unseen: true})
	for _, make := range objects {
		o, err := make(d)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := signer.Push(r.ctx, http.DefaultTransport, r.world.RegistryHost+"/"+sandbox.ImageName, d, o); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := r.world.Show(d, tag); err != nil {
		r.t.Fatal(err)
	}
	return d
}

func signed(by *signer.Signer, form signer.Form) func(digest.Digest) (signer.Object, error) {
	return func(d digest.Digest) (signer.Object, error) { return by.Sign(d, form) }
}

// scanned is a clean report by a signer.
func scanned(by *signer.Signer) func(digest.Digest) (signer.Object, error) {
	return func(d digest.Digest) (signer.Object, error) {
		now := time.Now()
		return by.Attest(d, signer.Bundle, scanPredicate, signer.VulnerabilityPredicate(signer.Scan{
			FinishedAt: now, DatabaseAt: now, Packages: []string{"musl"},
		}))
	}
}

// copied is the same object, whatever image it is pushed beside.
func copied(from digest.Digest, of func(digest.Digest) (signer.Object, error)) func(digest.Digest) (signer.Object, error) {
	return func(digest.Digest) (signer.Object, error) { return of(from) }
}

// Each attack is one push to the registry: signatures that are none, or not what was asked for. The scan report is in order each time,
// so that the signature alone decides.
func TestForgedSignaturesAreDenied(t *testing.T) {
	r := newRig(t)
	old, err := signer.NewKey("old")
	if err != nil {
		t.Fatal(err)
	}
	key, err := old.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	pipeline := strings.Replace(r.file(".liftlock/pipeline.yaml"), "  environments:\n",
		"    - {name: old, key: {file: keys/old.pub, notAfter: 2020-01-01T00:00:00Z}}\n  environments:\n", 1)
	image := strings.Replace(r.file(".liftlock/images/checkout.yaml"), "[release]", "[release, old]", 1)
	r.rewrite(sandbox.Branch, map[string]blob{
		".liftlock/pipeline.yaml": text(pipeline), ".liftlock/images/checkout.yaml": text(image), ".liftlock/keys/old.pub": text(string(key)),
	})
	r.adopted()
	other := r.release(sandbox.Release{Tag: "other", Unsigned: true, Unseen: true})
	release := r.world.Signers.Keyless(sandbox.Workflow("refs/heads/main"))
	keyless := func(change func(*signer.Identity)) *signer.Signer {
		identity := sandbox.Workflow("refs/heads/main")
		change(&identity)
		return r.world.Signers.Keyless(identity)
	}
	var denied []digest.Digest
	for n, c := range []struct {
		name   string
		object func(digest.Digest) (signer.Object, error)
		codes  []string
	}{
		{"A07 signature of another image", copied(other, signed(release, signer.Legacy)), []string{"signature CLAIM_DIGEST_MISMATCH", "signature SIGNATURE_ABSENT"}},
		{"A08 bundle of another image", copied(other, signed(release, signer.Bundle)), []string{"signature SIGNATURE_ABSENT", "signature SUBJECT_MISMATCH"}},
		{"A10 report as a signature", scanned(release), []string{"signature SIGNATURE_ABSENT"}},
		{"A10 any statement as a signature", func(d digest.Digest) (signer.Object, error) {
			return release.Attest(d, signer.Bundle, "https://example.com/custom/v1", map[string]string{"ok": "yes"})
		}, []string{"signature SIGNATURE_ABSENT"}},
		{"A14 other issuer", signed(keyless(func(i *signer.Identity) { i.Issuer = "https://gitlab.example.com" }), signer.Legacy), []string{"signature IDENTITY_MISMATCH"}},
		{"A14 other issuer in a bundle", signed(keyless(func(i *signer.Identity) { i.Issuer = "https://gitlab.example.com" }), signer.Bundle), []string{"signature IDENTITY_MISMATCH"}},
		{"A12 repository with a longer name", signed(keyless(func(i *signer.Identity) { i.Repository = "acme/checkout-evil" }), signer.Legacy), []string{"signature IDENTITY_MISMATCH"}},
		{"A15 other workflow", signed(keyless(func(i *signer.Identity) { i.Workflow = ".github/workflows/test.yml" }), signer.Legacy), []string{"signature IDENTITY_MISMATCH"}},
		{"A15 other branch", signed(keyless(func(i *signer.Identity) { i.Ref = "refs/heads/feature" }), signer.Legacy), []string{"signature IDENTITY_MISMATCH"}},
		{"certificate that no log has seen", signed(release.WithFlaws(signer.Flaws{NoSCT: true}), signer.Legacy), []string{"signature SCT_MISSING", "signature SIGNATURE_ABSENT"}},
		{"certificate that no log has seen, in a bundle", signed(release.WithFlaws(signer.Flaws{NoSCT: true}), signer.Bundle), []string{"signature SCT_MISSING", "signature SIGNATURE_ABSENT"}},
		{"A19 signature that no log has seen", signed(release.WithFlaws(signer.Flaws{NoLog: true}), signer.Legacy), []string{"signature SIGNATURE_ABSENT", "signature TLOG_MISSING"}},
		{"A19 signature that no log has seen, in a bundle", signed(release.WithFlaws(signer.Flaws{NoLog: true}), signer.Bundle), []string{"signature SIGNATURE_ABSENT", "signature TLOG_MISSING"}},
		{"expired key", signed(old, signer.Legacy), []string{"signature KEY_EXPIRED"}},
		{"expired key, logged now", signed(old.LoggedBy(r.world.Signers), signer.Legacy), []string{"signature KEY_EXPIRED"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer r.under(t)()
			d := r.attached(fmt.Sprintf("1.5.%d", n), c.object, scanned(release))
			got := r.failing(r.decided("dev", d, "FAILED"))
			slices.Sort(c.codes)
			if diff := cmp.Diff(c.codes, got); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
			denied = append(denied, d)
		})
	}
	good := r.attached("1.6.0", signed(release, signer.Legacy), scanned(release)) // the same rig does promote what is in order
	r.decided("dev", good, "PASSED")
	r.quiet()
	for _, d := range denied {
		r.untouched(d)
	}
	r.orderly()
}
