package sandbox

import (
	"context"
	"fmt"
	"net/http"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/sandbox/images"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// Release is what a build publishes.
type Release struct {
	Tag      string
	Seed     string // another seed gives another image
	Unsigned bool
	Findings []signer.ScanFinding // by its scanner
	Unseen   bool                 // built and signed, but not shown at its tag
}

// Image returns the image repository with the registry's address.
func (w *World) Image() (digest.Repository, error) {
	return digest.ParseRepository(w.RegistryHost + "/" + ImageName)
}

// Release builds, signs, scans and attests an image as a release workflow does, and shows it at its tag last, so that nobody sees
// it half done.
func (w *World) Release(ctx context.Context, r Release) (digest.Digest, error) {
	repository, err := w.Image()
	if err != nil {
		return digest.Digest{}, err
	}
	image, err := images.Build(images.Spec{Seed: r.Seed, Created: w.now(), Labels: map[string]string{"org.opencontainers.image.version": r.Tag}})
	if err != nil {
		return digest.Digest{}, fmt.Errorf("building %s: %w", r.Tag, err)
	}
	if err := w.publisher.Push(ctx, image, repository, "build-"+image.Digest.Hex()[:12]); err != nil {
		return digest.Digest{}, fmt.Errorf("pushing %s: %w", r.Tag, err)
	}
	if !r.Unsigned {
		if err := w.sign(ctx, image.Digest, r); err != nil {
			return digest.Digest{}, fmt.Errorf("signing %s: %w", r.Tag, err)
		}
	}
	if r.Unseen {
		return image.Digest, nil
	}
	return image.Digest, w.Show(image.Digest, r.Tag)
}

// Show moves a tag to an image that the registry holds.
func (w *World) Show(d digest.Digest, tag string) error {
	if err := w.Registry.Move(ImageName, tag, d); err != nil {
		return fmt.Errorf("moving tag %s: %w", tag, err)
	}
	return nil
}

// Workflow is the identity of the release workflow that the deployments repository trusts.
func Workflow(ref string) signer.Identity {
	return signer.Identity{
		Repository: "acme/checkout", Workflow: ".github/workflows/release.yml", Ref: ref,
		Commit: digest.Of([]byte(ref)).Hex()[:40],
	}
}

func (w *World) sign(ctx context.Context, d digest.Digest, r Release) error {
	identity := Workflow("refs/heads/main")
	identity.Commit = digest.Of([]byte(r.Seed)).Hex()[:40]
	release := w.Signers.Keyless(identity)
	signature, err := release.Sign(d, signer.Legacy)
	if err != nil {
		return err
	}
	now := w.now()
	scan := signer.VulnerabilityPredicate(signer.Scan{
		FinishedAt: now, DatabaseAt: now, Packages: []string{"musl", "busybox", "openssl", "curl"}, Findings: r.Findings,
	})
	attestation, err := release.Attest(d, signer.Bundle, "https://cosign.sigstore.dev/attestation/vuln/v1", scan)
	if err != nil {
		return err
	}
	return signer.Push(ctx, http.DefaultTransport, w.RegistryHost+"/"+ImageName, d, signature, attestation)
}
