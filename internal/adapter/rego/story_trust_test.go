package rego

import (
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/core/pipeline"
	"github.com/liftlock/liftlock/internal/core/verdict"
)

// stale makes the root of the signer release another one than was reviewed. Reports are looked at elsewhere.
func stale(change func(*pipeline.TrustRule)) func(*verdict.Input) {
	return func(i *verdict.Input) {
		i.Requirements.Gates.Vulnerabilities.Enforce = pipeline.EnforceOff
		change(&i.Requirements.Trust[0])
	}
}

func rolledBack(r *pipeline.TrustRule) { r.SHA256 = hash("older").Hex() }

// claimed makes the signer release demand a further claim.
func claimed(name string, values ...string) func(*verdict.Input) {
	return func(i *verdict.Input) {
		i.Requirements.Signers[0].Keyless.Claims = map[string][]string{name: values}
		i.Evidence.Vulnerabilities.Reports[0].Signer = keyClaims()
	}
}

func trustStories() []story {
	old := func(r *pipeline.TrustRule) { r.RefreshedAt = now - 90*day - 1 }
	return []story{
		{"RootIsNotThePinnedOne (A26)", stale(rolledBack), "signature", "TRUST_ROOT_STALE", pending, "trust root public-good: its file has sha256 " + hash("older").Hex() + ", pinned is " + hash("root").Hex()},
		{"RootIsTooOld (A26)", stale(old), "signature", "TRUST_ROOT_STALE", pending, "it was refreshed 2026-08-22 04:46:39 UTC and counted until 2026-11-20 04:46:39 UTC"},
		{"RootIsOfTomorrow (A26)", stale(func(r *pipeline.TrustRule) { r.RefreshedAt = now + day }), "signature", "TRUST_ROOT_STALE", pending, "refreshed 2026-11-21 04:46:40 UTC, which is still to come"},
		{"RootIsNotDescribed (A26)", func(i *verdict.Input) { stale(rolledBack)(i); i.Requirements.Trust = nil }, "signature", "TRUST_ROOT_STALE", pending, "do not describe it"},
		{"StaleRootRejects (A26)", func(i *verdict.Input) { stale(rolledBack)(i); rejectedAs("CERTIFICATE_UNTRUSTED")(i) }, "signature", "TRUST_ROOT_STALE", pending, "liftlock trust refresh public-good"},
		{"StaleRootOfAStranger (A26)", func(i *verdict.Input) {
			stale(rolledBack)(i)
			claim(func(c *evidence.Claims) { c.SAN = "mallory@example.com" })(i)
		}, "signature", "TRUST_ROOT_STALE", pending, ""},
		{"AnotherKeyBesideAStaleRoot (A26)", func(i *verdict.Input) {
			stale(rolledBack)(i)
			byKey(0, func(k *pipeline.KeySigner) { k.SPKI = hash("other").String() })(i)
		}, "signature", "IDENTITY_MISMATCH TRUST_ROOT_STALE", failed, "want sha256:"},
		{"NothingAttachedUnderAStaleRoot (A26)", func(i *verdict.Input) { stale(rolledBack)(i); i.Evidence.Signatures = nil }, "signature", "SIGNATURE_ABSENT TRUST_ROOT_STALE", failed, ""},
		{"StaleRootBesideAGoodKey", func(i *verdict.Input) { stale(rolledBack)(i); byKey(0, func(*pipeline.KeySigner) {})(i) }, "signature", "", passed, "signed by legacy"},
		{"ReportUnderAStaleRoot (A26)", func(i *verdict.Input) {
			i.Requirements.Trust[0].SHA256 = ""
			byKey(0, func(*pipeline.KeySigner) {})(i)
		}, "vulnerabilities", "TRUST_ROOT_STALE", pending, "its file has sha256 , pinned is"},
		{"RejectedReportUnderAStaleRoot (A26)", func(i *verdict.Input) {
			rolledBack(&i.Requirements.Trust[0])
			byKey(0, func(*pipeline.KeySigner) {})(i)
			i.Evidence.Vulnerabilities.Reports = nil
			i.Evidence.Rejected = []verdict.Rejected{{Envelope: hash("rejected"), Source: "referrers", Code: "CERTIFICATE_UNTRUSTED"}}
		}, "vulnerabilities", "TRUST_ROOT_STALE", pending, ""},
		{"RootOnItsLastSecond", func(i *verdict.Input) { i.Requirements.Trust[0].RefreshedAt = now - 90*day }, "signature", "TRUST_ROOT_EXPIRES", passed, "counts until 2026-11-20 04:46:40 UTC"},
		{"RootSoonTooOld", func(i *verdict.Input) { i.Requirements.Trust[0].RefreshedAt = now - 60*day }, "signature", "TRUST_ROOT_EXPIRES", passed, "trust root public-good was refreshed 2026-09-21 04:46:40 UTC and counts until 2026-12-20 04:46:40 UTC"},
		{"RootLongFresh", func(i *verdict.Input) { i.Requirements.Trust[0].RefreshedAt = now - 60*day + 1 }, "signature", "", passed, "signed by release"},
		{"RootThatNobodyPinned", func(i *verdict.Input) {
			i.Requirements.Trust[0] = pipeline.TrustRule{Name: "public-good", SHA256: hash("root").Hex()}
		}, "signature", "", passed, "signed by release"},
		{"AuthorityEndsSoon", func(i *verdict.Input) { i.Requirements.Trust[0].AuthoritiesUntil = now + 30*day }, "signature", "AUTHORITY_EXPIRES", passed, "the last certificate authority of trust root public-good ends 2026-12-20 04:46:40 UTC"},
		{"AuthorityLasts", func(i *verdict.Input) { i.Requirements.Trust[0].AuthoritiesUntil = now + 30*day + 1 }, "signature", "", passed, ""},
		{"FurtherClaim", func(i *verdict.Input) {
			claimed("sourceVisibility", "internal", "private")(i)
			claim(func(c *evidence.Claims) { c.SourceVisibility = "private" })(i)
		}, "signature", "", passed, "signed by release"},
		{"FurtherClaimDiffers (A15)", func(i *verdict.Input) {
			claimed("sourceVisibility", "internal", "private")(i)
			claim(func(c *evidence.Claims) { c.SourceVisibility = "public" })(i)
		}, "signature", "IDENTITY_MISMATCH", failed, "signer release: sourceVisibility: want internal or private, got public"},
		{"FurtherClaimNotMade (A15)", claimed("runURI", "https://github.com/acme/checkout/actions/runs/1/attempts/1"), "signature", "IDENTITY_MISMATCH", failed, "runURI: want https://github.com/acme/checkout/actions/runs/1/attempts/1, got nothing"},
		{"FurtherClaimOfANumber (A16)", claimed("sourceOwnerID", "8"), "signature", "REPO_ID_MISMATCH", failed, "sourceOwnerID: want 8, got 7"},
		{"FurtherClaimOfARunner (A17)", claimed("runnerEnvironment", "self-hosted"), "signature", "RUNNER", failed, "want self-hosted, got github-hosted"},
		{"FurtherClaimWithoutAValue (A13)", claimed("sourceVisibility"), "signature", "IDENTITY_MISMATCH", failed, "got nothing"},
	}
}

// keyLifeStories tell how a key's life ends.
func keyLifeStories() []story {
	revoked := func(trusted int64, accept bool) func(*verdict.Input) {
		return byKey(trusted, func(k *pipeline.KeySigner) { k.RevokedAt, k.AcceptBeforeRevocation = signedAt+1, accept })
	}
	return []story{
		{"KeyRevokedAfterwards (A24)", revoked(signedAt, false), "signature", "KEY_REVOKED", failed, "revoked 2026-11-20 01:46:41 UTC; the signature of 2026-11-20 01:46:40 UTC does not count without acceptBeforeRevocation"},
		{"KeyRevokedAfterwardsAndAccepted (A24)", revoked(signedAt, true), "signature", "", passed, "signed by legacy"},
		{"KeyRevokedBefore (A24)", revoked(signedAt+1, true), "signature", "KEY_REVOKED", failed, "want a signature before 2026-11-20 01:46:41 UTC, got 2026-11-20 01:46:41 UTC"},
		{"KeyRevokedAndNobodyKnowsWhenItSigned (A24)", revoked(0, true), "signature", "KEY_REVOKED", failed, "without a trusted time"},
		{"KeyToBeRevoked", byKey(signedAt, func(k *pipeline.KeySigner) { k.RevokedAt = now + 1 }), "signature", "", passed, "legacy"},
		{"KeyForThisEnvironment", byKey(0, func(k *pipeline.KeySigner) { k.Environments = []string{"dev", "production"} }), "signature", "", passed, "legacy"},
		{"KeyForAnotherEnvironment", byKey(0, func(k *pipeline.KeySigner) { k.Environments = []string{"dev", "staging"} }), "signature", "KEY_NOT_FOR_ENVIRONMENT", failed, "signer legacy: environment: want dev or staging, got production"},
		{"KeyEndsSoon", func(i *verdict.Input) { i.Requirements.Signers[1].Key.NotAfter = now + 30*day }, "signature", "KEY_EXPIRES", passed, "signer legacy: what its key signs counts until 2026-12-20 04:46:40 UTC"},
		{"KeyLasts", func(i *verdict.Input) { i.Requirements.Signers[1].Key.NotAfter = now + 30*day + 1 }, "signature", "", passed, "release"},
		{"KeyEnded", func(i *verdict.Input) { i.Requirements.Signers[1].Key.NotAfter = now }, "signature", "", passed, "release"},
		{"KeyEndsSoonElsewhere", func(i *verdict.Input) {
			i.Requirements.Signers[1].Key.NotAfter, i.Requirements.Signers[1].Key.Environments = now+day, []string{"staging"}
		}, "signature", "", passed, "release"},
		{"KeyRevokedAfterwardsByAStaleRoot (A26)", func(i *verdict.Input) {
			revoked(signedAt, true)(i)
			stale(rolledBack)(i)
		}, "signature", "KEY_REVOKED TRUST_ROOT_STALE", failed, "got one without a trusted time"},
		{"RevokedKeyEndsSoon", func(i *verdict.Input) {
			i.Requirements.Signers[1].Key.NotAfter, i.Requirements.Signers[1].Key.RevokedAt = now+day, now
		}, "signature", "", passed, "release"},
	}
}

// TestEveryClaimIsThereForOwnRules holds that rules of a repository read any claim of who signed.
func TestEveryClaimIsThereForOwnRules(t *testing.T) {
	engine := newEngine(t, own(`package custom

deny contains sprintf("built from a %s repository by %s", [signature.signer.sourceVisibility, signature.signer.runURI]) if {
	some signature in input.evidence.signatures
	signature.signer.sourceVisibility != "private"
}
`))
	for visibility, want := range map[string]verdict.Result{"private": passed, "public": failed} {
		input := good(t)
		input.Evidence.Signatures[0].Signer.SourceVisibility = visibility
		input.Evidence.Signatures[0].Signer.RunURI = "https://github.com/acme/checkout/actions/runs/7"
		got := judge(t, engine, input)
		if got.Result != want {
			t.Errorf("%s: result %s, want %s", visibility, got.Result, want)
		}
		if summary := gate(t, got, "policy").Summary; want == failed && !strings.Contains(summary, "built from a public repository by https://github.com/acme/checkout/actions/runs/7") {
			t.Errorf("%s: %q", visibility, summary)
		}
	}
}
