package rego

import (
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/core/pipeline"
	"github.com/liftlock/liftlock/internal/core/verdict"
)

// story is one thing that is different from the good input, and all that it changes.
type story struct {
	name   string
	change func(*verdict.Input)
	gate   string // the only gate whose findings change
	codes  string // its codes, in order
	result verdict.Result
	says   string // part of the gate's summary or of a message
}

const (
	passed  = verdict.Passed
	pending = verdict.Pending
	failed  = verdict.Failed
)

// TestEachRuleAlone holds that every rule has a story in which it alone speaks: all other gates answer as they do for the good input.
func TestEachRuleAlone(t *testing.T) {
	engine := newEngine(t, nil)
	told := map[string]bool{"POLICY_DENIED": true, "POLICY_WARNED": true} // TestOwnRules tells these
	for _, s := range allStories() {
		t.Run(s.name, func(t *testing.T) {
			input := good(t)
			s.change(&input)
			got := judge(t, engine, input)
			for _, g := range got.Gates {
				switch {
				case g.Name != s.gate && len(g.Findings) > 0:
					t.Errorf("gate %s says %s too: %s", g.Name, codes(g), g.Summary)
				case g.Name == s.gate && codes(g) != s.codes:
					t.Errorf("codes %q: want %q\n%s", codes(g), s.codes, g.Summary)
				case g.Name == s.gate && !says(g, s.says):
					t.Errorf("nothing says %q: %q, %+v", s.says, g.Summary, g.Findings)
				}
			}
			if got.Result != s.result {
				t.Errorf("result %s: want %s", got.Result, s.result)
			}
			for _, code := range strings.Fields(s.codes) {
				told[code] = true
			}
		})
	}
	for _, code := range spoken(t) {
		if !told[code] {
			t.Errorf("code %s: no story tells it", code)
		}
	}
}

func says(g verdict.Gate, text string) bool {
	if strings.Contains(g.Summary, text) {
		return true
	}
	for _, finding := range g.Findings {
		if strings.Contains(finding.Message, text) || strings.Contains(finding.Remedy, text) {
			return true
		}
	}
	return false
}

func allStories() []story {
	all := subjectStories()
	all = append(all, signatureStories()...)
	all = append(all, keyStories()...)
	all = append(all, scanStories()...)
	all = append(all, vulnerabilityStories()...)
	all = append(all, orderStories()...)
	all = append(all, changeStories()...)
	all = append(all, reviewStories()...)
	return append(all, otherStories()...)
}

// unread makes one place unreadable.
func unread(source, code string) func(*verdict.Input) {
	return func(i *verdict.Input) {
		for n := range i.Evidence.Looked {
			if i.Evidence.Looked[n].Source == source {
				i.Evidence.Looked[n] = evidence.Look{Source: source, State: evidence.LookUnknown, Code: code}
			}
		}
	}
}

func subjectStories() []story {
	return []story{
		{"RegistryLies (A02)", unread("manifest", "REGISTRY_INCONSISTENT"), "subject", "REGISTRY_INCONSISTENT", pending, "manifest could not be read"},
		{"RegistryDown (A33)", unread("manifest", "REGISTRY_UNREACHABLE"), "subject", "REGISTRY_UNREACHABLE", pending, "did not answer"},
		{"RegistryRefuses", unread("manifest", "REGISTRY_DENIED"), "subject", "REGISTRY_DENIED", pending, "ghcr.io/acme/checkout"},
		{"CredentialsElsewhere (A35)", unread("manifest", "REALM_NOT_ALLOWED"), "subject", "REALM_NOT_ALLOWED", pending, "another host"},
		{"HugeManifest (A34)", unread("manifest", "MANIFEST_TOO_LARGE"), "subject", "MANIFEST_TOO_LARGE", pending, "larger"},
		{"OddManifest", unread("manifest", "EVIDENCE_UNSUPPORTED"), "subject", "EVIDENCE_UNSUPPORTED", pending, "not read"},
		{"BrokenManifest", unread("manifest", "MANIFEST_MALFORMED"), "subject", "MANIFEST_MALFORMED", pending, "cannot be read"},
		{"ACodeThatNobodyKnows", unread("manifest", "HTTP_418"), "subject", "CODE_UNKNOWN", pending, "HTTP_418"},
		{"DigestGone", func(i *verdict.Input) {
			i.Evidence.Looked[3] = evidence.Look{Source: "manifest", State: evidence.LookAbsent}
		}, "subject", "SUBJECT_ABSENT", failed, "has no ghcr.io/acme/checkout@sha256:"},
		{"NobodyLookedForTheManifest", func(i *verdict.Input) { i.Evidence.Looked[3].Source = "elsewhere" }, "subject", "EVIDENCE_NOT_GATHERED", pending, "manifest"},
		{"EvidenceOfAnotherEnvironment", func(i *verdict.Input) { i.Evidence.Target.Environment = "staging" }, "subject", "SUBJECT_OTHER", failed, "the requirements are not"},
		{"EvidenceOfAnotherImage", func(i *verdict.Input) { i.Evidence.Target.Image = "cart" }, "subject", "SUBJECT_OTHER", failed, ""},
		{"PlatformMissing", func(i *verdict.Input) { i.Requirements.Platforms = []string{"linux/amd64", "linux/s390x"} },
			"subject", "PLATFORM_MISSING", failed, "no image for linux/s390x; there is linux/amd64, linux/arm64"},
		{"PlatformsOfASingleImage", func(i *verdict.Input) { i.Evidence.Subject.Platforms = nil }, "subject", "PLATFORM_MISSING", failed, "single image"},
	}
}

// claim changes what the certificate of the only signature says.
func claim(change func(*evidence.Claims)) func(*verdict.Input) {
	return func(i *verdict.Input) { change(&i.Evidence.Signatures[0].Signer) }
}

// pattern makes the signer release accept subjects by a pattern.
func pattern(expression string) func(*verdict.Input) {
	return func(i *verdict.Input) {
		i.Requirements.Signers[0].Keyless.SANs, i.Requirements.Signers[0].Keyless.SANPattern = nil, expression
		i.Requirements.Signers[0].Keyless.Runner = ""
		i.Evidence.Vulnerabilities.Reports[0].Signer = keyClaims()
	}
}

// rejectedAs replaces the signature by an object that proves nothing.
func rejectedAs(code string) func(*verdict.Input) {
	return func(i *verdict.Input) {
		i.Evidence.Signatures = nil
		i.Evidence.Rejected = []verdict.Rejected{{Envelope: hash("rejected"), Source: "legacy-signature", Code: code}}
	}
}

func signatureStories() []story {
	stories := []story{
		{"NoSignature", func(i *verdict.Input) { i.Evidence.Signatures = nil }, "signature", "SIGNATURE_ABSENT", failed, "cosign sign ghcr.io/acme/checkout@sha256:"},
		{"NoSigners", func(i *verdict.Input) {
			i.Requirements.Signers = nil
			i.Requirements.Gates.Vulnerabilities.Enforce = pipeline.EnforceOff // reports need signers as well
		}, "signature", "SIGNERS_NONE", failed, "the requirements name no signer"},
		{"NobodyLookedForSignatures", func(i *verdict.Input) {
			i.Evidence.Signatures = nil
			i.Evidence.Looked[2].Source, i.Evidence.Looked[4].Source = "x", "legacy-attestation"
		}, "signature", "EVIDENCE_NOT_GATHERED", pending, "nobody looked for signatures"},
		{"WrongIssuer (A14)", claim(func(c *evidence.Claims) { c.Issuer = "https://issuer.evil.example" }), "signature", "IDENTITY_MISMATCH", failed,
			"signer release: issuer: want https://token.actions.githubusercontent.com, got https://issuer.evil.example"},
		{"WrongWorkflow (A15)", claim(func(c *evidence.Claims) {
			c.SAN = "https://github.com/acme/checkout/.github/workflows/pr.yml@refs/heads/main"
		}),
			"signature", "IDENTITY_MISMATCH", failed, "san: want https://github.com/acme/checkout/.github/workflows/release.yml@refs/heads/main, got https://github.com/acme/checkout/.github/workflows/pr.yml@refs/heads/main"},
		{"WrongRef (A15)", claim(func(c *evidence.Claims) { c.SourceRef = "refs/heads/dev" }), "signature", "IDENTITY_MISMATCH", failed, "sourceRef: want refs/heads/main, got refs/heads/dev"},
		{"WrongTrigger (A15)", claim(func(c *evidence.Claims) { c.BuildTrigger = "pull_request_target" }), "signature", "IDENTITY_MISMATCH", failed,
			"buildTrigger: want push or workflow_dispatch, got pull_request_target"},
		{"WrongRepository (A15)", claim(func(c *evidence.Claims) { c.SourceRepository = "https://github.com/acme/cart" }), "signature", "IDENTITY_MISMATCH", failed, "sourceRepository"},
		{"ClaimNotMade", claim(func(c *evidence.Claims) { c.SourceRef = "" }), "signature", "IDENTITY_MISMATCH", failed, "got nothing"},
		{"RepositoryRecreated (A16)", claim(func(c *evidence.Claims) { c.SourceRepositoryID = "43" }), "signature", "REPO_ID_MISMATCH", failed, "want 42, got 43"},
		{"OwnerRecreated (A16)", claim(func(c *evidence.Claims) { c.SourceOwnerID = "8" }), "signature", "REPO_ID_MISMATCH", failed, "sourceOwnerID: want 7, got 8"},
		{"SelfHostedRunner (A17)", claim(func(c *evidence.Claims) { c.RunnerEnvironment = "self-hosted" }), "signature", "RUNNER", failed, "want github-hosted, got self-hosted"},
		{"OtherTrustDomain (A27)", claim(func(c *evidence.Claims) { c.Trust = "github" }), "signature", "CERTIFICATE_UNTRUSTED", failed, "trust: want public-good, got github"},
		{"PatternFits", pattern(`\A(?:https://github\.com/acme/[a-z]+/.*)\z`), "signature", "", passed, "signed by release"},
		{"PatternDoesNotFit (A12)", pattern(`\A(?:https://github\.com/acme/check)\z`), "signature", "IDENTITY_MISMATCH", failed, "san: want \\A(?:https://github\\.com/acme/check)\\z, got https://github.com/acme/checkout/"},
		{"StrangersDoNotHideTheNearest", func(i *verdict.Input) {
			claim(func(c *evidence.Claims) { c.SourceRef = "refs/heads/dev" })(i)
			stranger := evidence.Claims{Trust: "public-good", Issuer: "https://accounts.example", SAN: "mallory@example.com", VerifiedAt: signedAt}
			i.Evidence.Signatures = append(i.Evidence.Signatures, verdict.Signature{Envelope: hash("stranger"), Source: "referrers", Signer: stranger})
		}, "signature", "IDENTITY_MISMATCH", failed, "got refs/heads/dev"},
		{"NoSignerOfThatKind", func(i *verdict.Input) {
			i.Requirements.Signers = i.Requirements.Signers[1:]
			i.Evidence.Vulnerabilities.Reports[0].Signer = keyClaims()
		}, "signature", "IDENTITY_MISMATCH", failed, "no signer of that kind is allowed"},
		{"AttachmentsUnreadable (A31)", func(i *verdict.Input) {
			i.Evidence.Signatures = nil
			unread("legacy-signature", "REGISTRY_UNREACHABLE")(i)
		}, "signature", "REGISTRY_UNREACHABLE SIGNATURE_ABSENT", failed, "legacy-signature could not be read"},
		{"RejectedCodeThatNobodyKnows", func(i *verdict.Input) {
			rejectedAs("SURPRISE")(i)
			i.Evidence.Signatures = []verdict.Signature{{Envelope: hash("signature"), Source: "referrers", Signer: claims()}}
			claim(func(c *evidence.Claims) { c.SourceRef = "refs/heads/dev" })(i)
		}, "signature", "CODE_UNKNOWN IDENTITY_MISMATCH", failed, "SURPRISE"},
	}
	for _, code := range []string{ // A07, A08, A09, A18 to A22, A29, A36
		"SIGNATURE_INVALID", "SIGNATURE_MALFORMED", "CLAIM_DIGEST_MISMATCH", "SUBJECT_MISMATCH", "TOO_MANY_SUBJECTS", "CERTIFICATE_UNTRUSTED", "CERTIFICATE_EXPIRED",
		"CHAIN_EXPIRED", "SCT_MISSING", "SCT_INVALID", "TLOG_MISSING", "TLOG_INVALID", "TIMESTAMP_INVALID", "EVIDENCE_MALFORMED", "ENVELOPE_UNSUPPORTED",
	} {
		both := code + " SIGNATURE_ABSENT"
		if code > "SIGNATURE_ABSENT" {
			both = "SIGNATURE_ABSENT " + code
		}
		stories = append(stories, story{"Rejected " + code, rejectedAs(code), "signature", both, failed, "first " + hash("rejected").String() + " in legacy-signature"})
	}
	return stories
}

// byKey signs with the key of the signer legacy, at a trusted time (0: none), and changes the signer.
func byKey(trusted int64, change func(*pipeline.KeySigner)) func(*verdict.Input) {
	return func(i *verdict.Input) {
		i.Evidence.Signatures[0].Signer = keyClaims()
		i.Evidence.Signatures[0].Signer.VerifiedAt = trusted
		change(i.Requirements.Signers[1].Key)
	}
}

func keyStories() []story {
	return []story{
		{"ByKey", byKey(0, func(*pipeline.KeySigner) {}), "signature", "", passed, "signed by legacy: key sha256:"},
		{"ByKeyAtATrustedTime", byKey(signedAt, func(k *pipeline.KeySigner) { k.NotAfter = signedAt + 1 }), "signature", "", passed, "signed 2026-11-20 01:46:40 UTC"},
		{"AnotherKey", byKey(0, func(k *pipeline.KeySigner) { k.SPKI = hash("other").String() }), "signature", "IDENTITY_MISMATCH", failed, "signer legacy: key: want sha256:"},
		{"KeyExpired (A23)", byKey(0, func(k *pipeline.KeySigner) { k.NotAfter = now }), "signature", "KEY_EXPIRED", failed, "before 2026-11-20 04:46:40 UTC, got one without a trusted time"},
		{"KeyExpiredWhenItSigned (A23)", byKey(signedAt, func(k *pipeline.KeySigner) { k.NotAfter = signedAt }), "signature", "KEY_EXPIRED", failed, "got 2026-11-20 01:46:40 UTC"},
		{"KeyNotYetValid", byKey(signedAt, func(k *pipeline.KeySigner) { k.NotBefore = signedAt + 1 }), "signature", "KEY_NOT_YET_VALID", failed, "want a signature after"},
		{"KeyRevoked (A24)", byKey(signedAt, func(k *pipeline.KeySigner) { k.RevokedAt = signedAt }), "signature", "KEY_REVOKED", failed, ""},
		{"KeyRevokedNoTrustedTime (A24)", byKey(0, func(k *pipeline.KeySigner) { k.RevokedAt = now - day }), "signature", "KEY_REVOKED", failed, "without a trusted time"},
		{"KeyRevokedAfterwards (A24)", byKey(signedAt, func(k *pipeline.KeySigner) { k.RevokedAt = signedAt + 1 }), "signature", "", passed, "legacy"},
	}
}

// reports replaces the only report by changed copies.
func reports(list ...verdict.Report) func(*verdict.Input) {
	return func(i *verdict.Input) { i.Evidence.Vulnerabilities.Reports = list }
}

// altered is the good report, changed.
func altered(change func(*verdict.Report)) verdict.Report {
	r := report("trivy 0.58.0", claims())
	change(&r)
	return r
}

func stranger() evidence.Claims {
	c := claims()
	c.SAN = "https://github.com/mallory/checkout/.github/workflows/release.yml@refs/heads/main"
	return c
}

func scanStories() []story {
	gate := "vulnerabilities"
	return []story{
		{"NoReport", func(i *verdict.Input) { i.Evidence.Vulnerabilities = &verdict.Vulnerabilities{} }, gate, "SCAN_ABSENT", failed, "cosign attest --type vuln"},
		{"ReportsNotGathered", func(i *verdict.Input) { i.Evidence.Vulnerabilities = nil }, gate, "EVIDENCE_NOT_GATHERED", pending, "nobody looked for scan reports"},
		{"ReportByAStranger", reports(report("trivy 0.58.0", stranger())), gate, "SCAN_UNTRUSTED", failed, "mallory"},
		{"ReportUnreadable (A36)", func(i *verdict.Input) {
			i.Evidence.Vulnerabilities = &verdict.Vulnerabilities{}
			i.Evidence.Rejected = []verdict.Rejected{{Envelope: hash("r"), Source: "referrers", Code: "PREDICATE_SCHEMA"}}
		}, gate, "PREDICATE_SCHEMA SCAN_ABSENT", failed, "not what its type says"},
		{"APlaceMayHoldAWorseReport", unread("legacy-attestation", "REGISTRY_UNREACHABLE"), gate, "REGISTRY_UNREACHABLE", pending, "legacy-attestation"},
		{"TooManyAttachments (A31)", unread("referrers", "TOO_MANY_REFERRERS"), gate, "TOO_MANY_REFERRERS", failed, "referrers"},
		{"AttachmentTooLarge (A30)", unread("referrers", "EVIDENCE_TOO_LARGE"), gate, "EVIDENCE_TOO_LARGE", pending, "16 MiB"},
		{"VerifierDied (A29)", unread("verifier", "REGISTRY_UNREACHABLE"), gate, "VERIFIER_FAILED", pending, "verifier"},
		{"EmptyScan (A41)", reports(altered(func(r *verdict.Report) { r.Packages, r.Findings = 0, 0 })), gate, "SCAN_EMPTY", failed, "looked at no package"},
		{"PackagesNotCountedButFindings (A41)", reports(altered(func(r *verdict.Report) { r.Packages = 0 })), gate, "", passed, ""},
		{"NewestIsEmpty (A41, A43)", reports(report("trivy 0.58.0", claims()), altered(func(r *verdict.Report) {
			r.Envelope, r.At, r.Packages, r.Findings = hash("newer"), scanAt+hour, 0, 0
			r.Signer.VerifiedAt = scanAt + hour
		})), gate, "SCAN_EMPTY", failed, hash("newer").String()},
		{"StaleScan (A42)", reports(altered(func(r *verdict.Report) { r.At, r.DatabaseAt = now-day, 0 })), gate, "SCAN_STALE", failed, "good until 2026-11-20 04:46:40 UTC"},
		{"NearlyStaleScan (A42)", reports(altered(func(r *verdict.Report) { r.At, r.DatabaseAt = now-day+1, 0 })), gate, "", passed, "good until 2026-11-20 04:46:41 UTC"},
		{"StaleDatabase (A42)", reports(altered(func(r *verdict.Report) { r.DatabaseAt = scanAt - day })), gate, "SCAN_STALE", failed, "with a database of"},
		{"ScanFromTheFuture (A42)", reports(altered(func(r *verdict.Report) {
			r.At = now + skewAllowed + 1
			r.Signer.VerifiedAt = 0
			r.Signer = keyClaims()
		})), gate, "CLOCK_SKEW", failed, "2026-11-20 04:51:41 UTC"},
		{"ScanSlightlyAhead (A42)", reports(altered(func(r *verdict.Report) { r.At, r.Signer = now+skewAllowed, keyClaims() })), gate, "", passed, ""},
		{"NoAgeLimit", func(i *verdict.Input) {
			reports(altered(func(r *verdict.Report) { r.At = now - 900*day }))(i)
			i.Requirements.Gates.Vulnerabilities.MaxReportAge = 0
		}, gate, "", passed, "trivy 0.58.0 scanned 2024-"},
		{"StaleScanWaived", func(i *verdict.Input) {
			reports(altered(func(r *verdict.Report) { r.At, r.DatabaseAt = now-day, 0 }))(i)
			i.Requirements.Waivers = []pipeline.WaiverRule{waiver("@sec", now+day)}
		}, gate, "SCAN_STALE", passed, "SCAN_STALE accepted by waiver w1"},
		{"OneFreshReportIsEnough", reports(report("trivy 0.58.0", claims()), altered(func(r *verdict.Report) { r.Envelope, r.Tool, r.At = hash("g"), "grype 0.110", now-9*day })),
			gate, "", passed, "trivy 0.58.0 scanned"},
	}
}

const skewAllowed = 5 * minute

// finds lists vulnerabilities in the good report.
func finds(list ...evidence.Vulnerability) func(*verdict.Input) {
	return func(i *verdict.Input) { i.Evidence.Vulnerabilities.Findings = list }
}

func listedBy(reports ...digest.Digest) evidence.Vulnerability {
	return vulnerability("CVE-2026-1111", evidence.Critical, now-day, reports...)
}

// rated has different ratings by different sources.
func rated(scanner, nvd, worst evidence.Severity) evidence.Vulnerability {
	v := vulnerability("CVE-2026-1111", scanner, now-30*day)
	v.Severities = map[string]evidence.Severity{"debian": scanner}
	if nvd != "" {
		v.Severities["nvd"] = nvd
	}
	v.Max = worst
	return v
}

func chosen(source string, v evidence.Vulnerability) func(*verdict.Input) {
	return func(i *verdict.Input) {
		i.Requirements.Gates.Vulnerabilities.Severity = source
		finds(v)(i)
	}
}

func vulnerabilityStories() []story {
	gate := "vulnerabilities"
	newer := altered(func(r *verdict.Report) { r.Envelope, r.Signer.VerifiedAt = hash("newer"), scanAt+hour })
	return []story{
		{"Critical", finds(listedBy()), gate, "VULNERABILITY", failed, "Update libssl3 from 3.0.9 to 3.0.14."},
		{"NoFixYet", finds(func() evidence.Vulnerability { v := listedBy(); v.Fixed = nil; return v }()), gate, "VULNERABILITY", failed, "No version of libssl3 fixes it yet."},
		{"HighPastGrace", finds(vulnerability("CVE-2026-2222", evidence.High, now-7*day)), gate, "VULNERABILITY", failed, "CVE-2026-2222 (high; debian high, nvd high) in libssl3 3.0.9"},
		{"HighWithinGrace", finds(vulnerability("CVE-2026-2222", evidence.High, now-7*day+1)), gate, "VULNERABILITY_IN_GRACE", passed, "accepted until 2026-11-20 04:46:41 UTC"},
		{"NoPublicationNoGrace", finds(vulnerability("CVE-2026-2222", evidence.High, 0)), gate, "VULNERABILITY", failed, ""},
		{"UnknownCountsAsHigh (A44)", finds(vulnerability("CVE-2026-2222", evidence.SeverityUnknown, now-30*day)), gate, "VULNERABILITY", failed, "unknown"},
		{"UnknownWithALineOfItsOwn", func(i *verdict.Input) {
			finds(vulnerability("CVE-2026-2222", evidence.SeverityUnknown, now-30*day))(i)
			i.Requirements.Gates.Vulnerabilities.Allow["unknown"] = pipeline.Allow{Count: 1}
		}, gate, "", passed, "1 unknown"},
		{"RatedByNobody (A44)", finds(evidence.Vulnerability{ID: "CVE-2026-2222", Package: "p", Installed: "1"}), gate, "VULNERABILITY", failed, "unknown; not rated"},
		{"AllowedNumber", func(i *verdict.Input) {
			finds(listedBy())(i)
			i.Requirements.Gates.Vulnerabilities.Allow["critical"] = pipeline.Allow{Count: 1}
		}, gate, "", passed, "1 critical"},
		{"MaxTakesTheWorst (A44)", chosen("max", rated(evidence.Low, evidence.Critical, evidence.Critical)), gate, "VULNERABILITY", failed, "critical; debian low, nvd critical"},
		{"VendorSaysLow (A44)", chosen("vendor", rated(evidence.Low, evidence.Critical, evidence.Critical)), gate, "", passed, ""},
		{"NVDSaysCritical (A44)", chosen("nvd", rated(evidence.Low, evidence.Critical, evidence.Critical)), gate, "VULNERABILITY", failed, ""},
		{"NVDIsSilent (A44)", chosen("nvd", rated(evidence.High, "", evidence.High)), gate, "VULNERABILITY", failed, "high; debian high"},
		{"TooManyLowOnes", func(i *verdict.Input) { i.Evidence.Vulnerabilities.Counts[evidence.Low] = 11 }, gate, "VULNERABILITIES_LOW", failed, "11 of severity low; more than 10"},
		{"OldCleanReportReplayed (A43)", func(i *verdict.Input) {
			reports(report("trivy 0.58.0", claims()), newer)(i)
			finds(listedBy(newer.Envelope))(i)
		}, gate, "VULNERABILITY", failed, ""},
		{"OldBadReport (A43)", func(i *verdict.Input) {
			reports(report("trivy 0.58.0", claims()), newer)(i)
			finds(listedBy(hash("report of trivy 0.58.0")))(i)
		}, gate, "", passed, "0 critical"},
		{"AStrangersFindingsDoNotCount", func(i *verdict.Input) {
			reports(report("trivy 0.58.0", claims()), report("evil 1", stranger()))(i)
			finds(listedBy(hash("report of evil 1")))(i)
		}, gate, "", passed, "0 critical"},
		{"TwoToolsSayOneThing", func(i *verdict.Input) {
			grype := report("grype 0.110", claims())
			reports(grype, report("trivy 0.58.0", claims()))(i)
			i.Requirements.Gates.Vulnerabilities.Allow["critical"] = pipeline.Allow{Count: 1}
			other := listedBy(grype.Envelope)
			other.Severities = map[string]evidence.Severity{"ghsa": evidence.Critical}
			finds(listedBy(hash("report of trivy 0.58.0")), other)(i)
		}, gate, "", passed, "1 critical"},
		{"MethodOfTheFuture", func(i *verdict.Input) { i.Requirements.Gates.Vulnerabilities.Method = "stars" }, gate, "RULE_UNDEFINED", failed, "came to no answer"},
	}
}

func orderStories() []story {
	closed := func(w ...pipeline.Window) func(*verdict.Input) {
		return func(i *verdict.Input) { i.Requirements.Windows = w }
	}
	return []story{
		{"OrderNotGathered", func(i *verdict.Input) { i.Evidence.Order = nil }, "order", "EVIDENCE_NOT_GATHERED", pending, ""},
		{"StagingDoesNotHoldIt", func(i *verdict.Input) { i.Evidence.Order.Environments[0].Holds = false }, "order", "ORDER_BEFORE", pending, "staging does not hold this digest yet"},
		{"NobodyLookedAtStaging", func(i *verdict.Input) { i.Evidence.Order.Environments = nil }, "order", "ORDER_UNKNOWN", pending, "staging"},
		{"Downgrade (A86)", func(i *verdict.Input) { i.Evidence.Order.Downgrade = "yes" }, "order", "DOWNGRADE", failed, "older than what production has, by semver"},
		{"PerhapsADowngrade (A86)", func(i *verdict.Input) { i.Evidence.Order.Downgrade = "unknown" }, "order", "DOWNGRADE_UNKNOWN", pending, ""},
		{"Vetoed", func(i *verdict.Input) { i.Evidence.Order.Vetoes = []verdict.Veto{{By: "erin", At: now - day}} }, "order", "VETOED", failed, "erin said no on 2026-11-19 04:46:40 UTC"},
		{"Window", closed(pipeline.Window{Kind: "deny", From: 4 * 1440, To: 0, Zone: "UTC"}), "order", "WINDOW_CLOSED", pending, "until 2026-11-23 00:00:00 UTC"},
		{"Frozen", func(i *verdict.Input) {
			i.Requirements.Freezes = []pipeline.FreezeRule{{Name: "sale", Reason: "Black Friday", From: now - day}}
		}, "order", "FROZEN", pending, "closed by freeze sale: Black Friday"},
		{"TwoBefore", func(i *verdict.Input) {
			i.Requirements.After = []string{"staging", "canary"}
			i.Evidence.Order.Environments = append(i.Evidence.Order.Environments, verdict.Holding{Environment: "canary", Holds: true})
		}, "order", "", passed, "canary, staging hold it"},
		{"FirstOfTheOrder", func(i *verdict.Input) { i.Requirements.After = nil }, "order", "", passed, "nothing comes before"},
	}
}

func changeStories() []story {
	change := func(f func(*verdict.Change)) func(*verdict.Input) {
		return func(i *verdict.Input) { f(i.Evidence.Change) }
	}
	return []story{
		{"MixedChange (A76)", change(func(c *verdict.Change) { c.TreeEqual, c.Other = false, []string{"CODEOWNERS"} }), "change", "MIXED_CHANGE", failed, "CODEOWNERS"},
		{"HeadModified (A82, A83)", change(func(c *verdict.Change) { c.TreeEqual = false }), "change", "HEAD_MODIFIED", failed, "with the intended edits"},
		{"RenderedOtherwise", change(func(c *verdict.Change) { c.Rendered = "failed" }), "change", "RENDER_FAILED", failed, ""},
		{"NotRendered (A66)", change(func(c *verdict.Change) { c.Rendered = "entries" }), "change", "RENDER_ENTRIES_ONLY", passed, "only the entries were compared"},
		{"ForgedCommit", change(func(c *verdict.Change) { c.Verified = false }), "change", "COMMIT_UNVERIFIED", failed, "does not vouch"},
	}
}

func reviewStories() []story {
	review := func(f func(*verdict.Review)) func(*verdict.Input) {
		return func(i *verdict.Input) { f(&i.Evidence.Reviews.Reviews[0]) }
	}
	waiting := "REVIEW_WAITING REVIEW_WAITING" // one for the number, one for the path
	return []story{
		{"NobodyReviewed", func(i *verdict.Input) { i.Evidence.Reviews.Reviews = nil }, "review", waiting, pending, "no approval by @acme/payments"},
		{"ReviewsNotGathered", func(i *verdict.Input) { i.Evidence.Reviews = nil }, "review", "EVIDENCE_NOT_GATHERED", pending, "reviews"},
		{"ApprovalOfAnotherHead (A81)", review(func(r *verdict.Review) { r.Commit = "c0ffee" }), "review", waiting, pending, "dana (another head)"},
		{"ApprovalByABot (A87)", review(func(r *verdict.Review) { r.Person = false }), "review", waiting, pending, "dana (no person)"},
		{"ApprovalByTheAuthor (A87)", review(func(r *verdict.Review) { r.User = 1 }), "review", waiting, pending, "dana (opened the pull request)"},
		{"ApprovalByAPusher (A87)", func(i *verdict.Input) { i.Evidence.Reviews.Pushers = []int64{9} }, "review", waiting, pending, "dana (pushed to it)"},
		{"ApprovalByNoOwner", review(func(r *verdict.Review) { r.OwnerOf = nil }), "review", waiting, pending, "dana (owns nothing of it)"},
		{"ApprovalOfAnotherPath", review(func(r *verdict.Review) { r.OwnerOf = []string{"elsewhere.yaml"} }), "review", "REVIEW_WAITING", pending, "kustomization.yaml: no approval by @acme/payments"},
		{"SeparationOfDuties (A88)", func(i *verdict.Input) { i.Requirements.Waivers = []pipeline.WaiverRule{waiver("@Dana", now+day)} }, "review", waiting, pending, "dana (owns a waiver in force here)"},
		{"NoSeparationOfDuties", func(i *verdict.Input) {
			i.Requirements.Waivers = []pipeline.WaiverRule{waiver("@dana", now+day)}
			i.Requirements.Gates.Review.SeparationOfDuties = false
		}, "review", "", passed, "approved by dana"},
		{"OneOfTwo", func(i *verdict.Input) { i.Requirements.Gates.Review.Approvals = 2 }, "review", "REVIEW_WAITING", pending, "1 of 2 approvals"},
		{"NobodyOwnsIt", func(i *verdict.Input) { i.Evidence.Oversight.Paths[0].Owners = nil }, "review", "REVIEW_UNOWNED", failed, "no owner in CODEOWNERS"},
		{"NoPaths", func(i *verdict.Input) { i.Evidence.Oversight.Paths = nil }, "review", "REVIEW_UNOWNED", failed, "no changed path"},
		{"OwnerAskedForChanges", func(i *verdict.Input) {
			objection := i.Evidence.Reviews.Reviews[0]
			objection.ID, objection.User, objection.Login, objection.State, objection.Commit = 6, 10, "erin", "changes_requested", "0ld"
			i.Evidence.Reviews.Reviews = append(i.Evidence.Reviews.Reviews, objection)
		}, "review", "REVIEW_CHANGES_REQUESTED", failed, "erin asked for changes"},
		{"FastLaneNeedsNobody", func(i *verdict.Input) { i.Requirements.Lane, i.Evidence.Reviews = pipeline.Fast, nil }, "review", "", passed, "the fast lane"},
	}
}

func waiver(owner string, expires int64) pipeline.WaiverRule {
	return pipeline.WaiverRule{
		Name: "w1", Owner: owner, Justification: "not reachable", Expires: expires,
		Codes: []string{"SCAN_STALE"}, Vulnerabilities: []string{"CVE-2026-1111"},
	}
}

func otherStories() []story {
	waived := func(i *verdict.Input, w pipeline.WaiverRule) {
		finds(listedBy())(i)
		i.Requirements.Waivers = []pipeline.WaiverRule{w}
	}
	demand := func(f func(*pipeline.Gates)) func(*verdict.Input) {
		return func(i *verdict.Input) { f(&i.Requirements.Gates) }
	}
	missing := "EVIDENCE_NOT_GATHERED"
	return []story{
		{"Waived", func(i *verdict.Input) { waived(i, waiver("@sec", now+1)) }, "vulnerabilities", "VULNERABILITY", passed, "VULNERABILITY accepted by waiver w1 until 2026-11-20 04:46:41 UTC"},
		{"WaiverExpired (A46)", func(i *verdict.Input) { waived(i, waiver("@sec", now)) }, "vulnerabilities", "VULNERABILITY", failed, ""},
		{"WaiverOfAnother (A46)", func(i *verdict.Input) {
			w := waiver("@sec", now+day)
			w.Vulnerabilities = []string{"CVE-2026-9999"}
			waived(i, w)
		}, "vulnerabilities", "VULNERABILITY", failed, ""},
		{"WaiverByAlias", func(i *verdict.Input) {
			waived(i, waiver("@sec", now+day))
			i.Evidence.Vulnerabilities.Findings[0].ID, i.Evidence.Vulnerabilities.Findings[0].Aliases = "GHSA-1", []string{"CVE-2026-1111"}
		}, "vulnerabilities", "VULNERABILITY", passed, ""},
		{"NoWaiverForSignatures", func(i *verdict.Input) {
			i.Evidence.Signatures = nil
			i.Requirements.Waivers = []pipeline.WaiverRule{{Name: "w", Codes: []string{"SIGNATURE_ABSENT"}, Owner: "@x", Expires: now + day}}
		}, "signature", "SIGNATURE_ABSENT", failed, ""},
		{"WarnDecidesNothing", func(i *verdict.Input) {
			i.Requirements.Gates.Signature.Enforce = pipeline.EnforceWarn
			i.Evidence.Signatures = nil
		}, "signature", "SIGNATURE_ABSENT", passed, ""},
		{"EnforceNotUnderstoodBlocks", func(i *verdict.Input) {
			i.Requirements.Gates.Signature.Enforce = "bloc"
			i.Evidence.Signatures = nil
		}, "signature", "SIGNATURE_ABSENT", failed, ""},
		{"ProvenanceNotBuilt", demand(func(g *pipeline.Gates) { g.Provenance.Enforce = "block" }), "provenance", missing, pending, "not gathered"},
		{"SBOMNotBuilt", demand(func(g *pipeline.Gates) { g.SBOM.Enforce = "block" }), "sbom", missing, pending, "not gathered"},
		{"LicencesNotBuilt", demand(func(g *pipeline.Gates) { g.Licences.Enforce = "block" }), "licences", missing, pending, "not gathered"},
		{"TestsNotBuilt", demand(func(g *pipeline.Gates) { g.Tests.Enforce = "block" }), "tests", missing, pending, "not gathered"},
		{"SoakNotBuilt", demand(func(g *pipeline.Gates) { g.Soak.Enforce = "block" }), "soak", missing, pending, "not gathered"},
		{"OversightNotBuilt", demand(func(g *pipeline.Gates) { g.Oversight.Enforce = "block" }), "oversight", missing, pending, "not gathered"},
		{"BeforeThePullRequest", func(i *verdict.Input) {
			i.Evidence.Stage = verdict.StagePropose
			i.Evidence.Change, i.Evidence.Oversight, i.Evidence.Reviews = nil, nil, nil
		}, "review", "", passed, "looked at once there is a pull request"},
		{"EverythingOff", func(i *verdict.Input) { i.Requirements.Gates = allOff() }, "policy", "GATES_ALL_OFF", failed, "every gate of production is off"},
	}
}

func allOff() pipeline.Gates {
	off := pipeline.EnforceOff
	return pipeline.Gates{
		Subject: pipeline.Gate{Enforce: off}, Signature: pipeline.Gate{Enforce: off}, Provenance: pipeline.ProvenanceGate{Enforce: off},
		SBOM: pipeline.SBOMGate{Enforce: off}, Licences: pipeline.LicencesGate{Enforce: off}, Vulnerabilities: pipeline.VulnerabilitiesGate{Enforce: off},
		Tests: pipeline.TestsGate{Enforce: off}, Order: pipeline.Gate{Enforce: off}, Soak: pipeline.SoakGate{Enforce: off},
		Policy: pipeline.Gate{Enforce: off}, Oversight: pipeline.Gate{Enforce: off}, Change: pipeline.Gate{Enforce: off}, Review: pipeline.ReviewGate{Enforce: off},
	}
}
