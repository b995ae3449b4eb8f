package main

import (
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/verdict"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// releaseIdentity is the run of the workflow that the strict signer names.
func releaseIdentity() signer.Identity {
	identity := sandbox.Workflow("refs/heads/main")
	identity.RepositoryID, identity.OwnerID = "42", "7"
	return identity
}

// release is who may sign.
func (a *arena) release() *signer.Signer { return a.world.Signers.Keyless(releaseIdentity()) }

// stranger is the release workflow but for one thing.
func (a *arena) stranger(change func(*signer.Identity)) *signer.Signer {
	identity := releaseIdentity()
	change(&identity)
	return a.world.Signers.Keyless(identity)
}

// inBothForms makes an attack once with cosign's older tags and once with a bundle.
func inBothForms(v attack, make func(form signer.Form) []object) []attack {
	legacy, bundle := v, v
	legacy.objects, bundle.objects = make(signer.Legacy), make(signer.Bundle)
	bundle.name += ", in a bundle"
	return []attack{legacy, bundle}
}

// signedBy is a signature by somebody, with a report in order beside it, so that the signature alone decides.
func (a *arena) signedBy(by *signer.Signer) func(form signer.Form) []object {
	return func(form signer.Form) []object { return []object{signed(by, form), scanned(a.release())} }
}

// identityAttacks are valid signatures by somebody else.
func identityAttacks(a *arena) []attack {
	const mismatch = "signature IDENTITY_MISMATCH"
	var list []attack
	add := func(id, name, image, code string, change func(*signer.Identity)) {
		list = append(list, inBothForms(attack{id: id, name: name, image: image, codes: []string{code}}, a.signedBy(a.stranger(change)))...)
	}
	add("A12", "name that begins like the one that is allowed", pattern, mismatch, func(i *signer.Identity) { i.Repository = "acme/checkout-evil" })
	add("A12", "allowed address in a query", pattern, mismatch, func(i *signer.Identity) {
		i.Repository, i.Workflow = "evil/x", "?https://github.com/acme/checkout/.github/workflows/release.yml"
	})
	add("A12", "branch that ends in the allowed one", pattern, mismatch, func(i *signer.Identity) { i.Ref = "refs/heads/main%0A" })
	add("A12", "name that begins like an exact one", strict, mismatch, func(i *signer.Identity) { i.Repository = "acme/checkout-evil" })
	add("A14", "right subject by another issuer", strict, mismatch, func(i *signer.Identity) { i.Issuer = "https://gitlab.example.com" })
	add("A14", "right subject by another issuer, pattern", pattern, mismatch, func(i *signer.Identity) { i.Issuer = signer.GitHubIssuer + "/evil" })
	add("A15", "other workflow", strict, mismatch, func(i *signer.Identity) { i.Workflow = ".github/workflows/test.yml" })
	add("A15", "other branch", strict, mismatch, func(i *signer.Identity) { i.Ref = "refs/heads/feature" })
	add("A15", "tag of the name of the branch", strict, mismatch, func(i *signer.Identity) { i.Ref = "refs/tags/main" })
	add("A15", "pull request", strict, mismatch, func(i *signer.Identity) { i.Trigger = "pull_request" })
	add("A15", "pull request with the base's secrets", strict, mismatch, func(i *signer.Identity) { i.Trigger = "pull_request_target" })
	add("A16", "repository made again under its name", strict, "signature REPO_ID_MISMATCH", func(i *signer.Identity) { i.RepositoryID = "43" })
	add("A16", "owner made again under its name", strict, "signature REPO_ID_MISMATCH", func(i *signer.Identity) { i.OwnerID = "8" })
	add("A16", "certificate that does not say", strict, "signature REPO_ID_MISMATCH", func(i *signer.Identity) { i.RepositoryID = "" })
	add("A17", "own machine", strict, "signature RUNNER", func(i *signer.Identity) { i.Runner = "self-hosted" })
	return list
}

// reportAttacks are valid signatures of an allowed signer where something else was signed.
func reportAttacks(a *arena) []attack {
	release, custom := a.release(), "https://example.com/custom/v1"
	about := func(predicateType string, predicate any, form signer.Form) object {
		return func(d digest.Digest) (signer.Object, error) { return release.Attest(d, form, predicateType, predicate) }
	}
	list := []attack{
		{id: "A10", name: "report as a signature", objects: []object{scanned(release)}, codes: []string{"signature SIGNATURE_ABSENT"}},
		{id: "A10", name: "attestation of a type that nobody knows", objects: []object{about(custom, map[string]string{"ok": "yes"}, signer.Bundle), scanned(release)},
			codes: []string{"signature SIGNATURE_ABSENT"}},
		{id: "A10", name: "signature's own type under the tag of attestations", objects: []object{about("https://sigstore.dev/cosign/sign/v1", struct{}{}, signer.Legacy), scanned(release)},
			codes: []string{"signature SIGNATURE_ABSENT"}},
	}
	for name, predicate := range map[string]any{
		"report that is an SBOM":             map[string]any{"spdxVersion": "SPDX-2.3", "packages": []string{}},
		"report by no scanner that is known": map[string]any{"scanner": map[string]any{"result": map[string]any{"vulnerabilities": []string{}}}, "metadata": map[string]any{"scanFinishedOn": time.Now()}},
		"report without a time":              map[string]any{"scanner": map[string]any{"result": map[string]any{"matches": []string{}}}},
	} {
		list = append(list, inBothForms(attack{id: "A11", name: name, codes: []string{"vulnerabilities PREDICATE_SCHEMA", "vulnerabilities SCAN_ABSENT"}},
			func(form signer.Form) []object {
				return []object{signed(release, form), about(scanPredicate, predicate, form)}
			})...)
	}
	announced := func(shown string, o object) object {
		return func(d digest.Digest) (signer.Object, error) {
			made, err := o(d)
			if made.Annotations != nil {
				made.Annotations["predicateType"] = shown
			}
			if made.ManifestAnnotations != nil {
				made.ManifestAnnotations["dev.sigstore.bundle.predicateType"] = shown
			}
			return made, err
		}
	}
	list = append(list, inBothForms(attack{id: "A28", name: "statement of another type announced as a report", codes: []string{"vulnerabilities SCAN_ABSENT"}},
		func(form signer.Form) []object {
			return []object{signed(release, form), announced(scanPredicate, about(custom, map[string]string{"ok": "yes"}, form))}
		})...)
	return append(list, inBothForms(attack{id: "A28", name: "report announced as something else", result: verdict.Passed},
		func(form signer.Form) []object {
			return []object{signed(release, form), announced(custom, scannedIn(form, release))}
		})...)
}
