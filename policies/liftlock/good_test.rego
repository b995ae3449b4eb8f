# METADATA
# scope: package
# title: A good input
# description: Passes every gate that is built, at stage merge. Tests change one thing of it.
package liftlock_test.good

document := {
	"at": 1795150000,
	"derived": {
		"closed": [],
		"nextChange": 0,
	},
	"evidence": {
		"change": {
			"base": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
			"head": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"other": [],
			"rendered": "proved",
			"treeEqual": true,
			"verified": true,
		},
		"looked": [
			{
				"count": 1,
				"source": "configuration",
				"state": "ok",
			},
			{
				"count": 0,
				"source": "legacy-attestation",
				"state": "absent",
			},
			{
				"count": 0,
				"source": "legacy-signature",
				"state": "absent",
			},
			{
				"count": 1,
				"source": "manifest",
				"state": "ok",
			},
			{
				"count": 2,
				"source": "referrers",
				"state": "ok",
			},
			{
				"count": 2,
				"source": "verifier",
				"state": "ok",
			},
		],
		"order": {
			"by": "semver",
			"downgrade": "no",
			"environments": [
				{
					"environment": "staging",
					"holds": true,
					"since": 1795063600,
				},
			],
			"vetoes": [],
		},
		"oversight": {
			"paths": [
				{
					"line": 12,
					"owners": [
						"@acme/payments",
					],
					"path": "apps/checkout/overlays/production/kustomization.yaml",
				},
			],
		},
		"rejected": [],
		"reviews": {
			"author": 1,
			"pushers": [
				1,
			],
			"reviews": [
				{
					"at": 1795146400,
					"commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
					"id": 5,
					"login": "dana",
					"ownerOf": [
						"apps/checkout/overlays/production/kustomization.yaml",
					],
					"person": true,
					"state": "approved",
					"user": 9,
				},
			],
		},
		"schema": "liftlock.dev/evidence/v1",
		"signatures": [
			{
				"envelope": "sha256:1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278",
				"signer": {
					"buildTrigger": "push",
					"issuer": "https://token.actions.githubusercontent.com",
					"runnerEnvironment": "github-hosted",
					"san": "https://github.com/acme/checkout/.github/workflows/release.yml@refs/heads/main",
					"sourceOwnerID": "7",
					"sourceRef": "refs/heads/main",
					"sourceRepository": "https://github.com/acme/checkout",
					"sourceRepositoryID": "42",
					"trust": "public-good",
					"verifiedAt": 1795139200,
				},
				"source": "referrers",
			},
		],
		"stage": "merge",
		"subject": {
			"digest": "sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d",
			"mediaType": "application/vnd.oci.image.index.v1+json",
			"platforms": [
				{
					"digest": "sha256:5861314d7fccb39c2192173240eab44fa35ca66426201ca2acd0630a6258dd51",
					"name": "linux/amd64",
				},
				{
					"digest": "sha256:f69162950f235e3cdbbad33f1f912d1a504be90d8a37d002c735d6f3e3882265",
					"name": "linux/arm64",
				},
			],
			"repository": "ghcr.io/acme/checkout",
			"tag": "v1.4.0",
		},
		"target": {
			"application": "shop",
			"environment": "production",
			"from": "sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4",
			"fromTag": "v1.3.0",
			"image": "checkout",
			"overlays": [
				"apps/checkout/overlays/production",
			],
		},
		"vulnerabilities": {
			"counts": {
				"low": 2,
				"medium": 1,
			},
			"findings": [
				{
					"aliases": [],
					"fixed": [
						"3.0.14",
					],
					"id": "CVE-2026-3333",
					"installed": "3.0.9",
					"maxSeverity": "medium",
					"package": "libssl3",
					"publishedAt": 1787374000,
					"purl": "pkg:deb/debian/libssl3@3.0.9",
					"reports": [
						"sha256:42fbf29f151fbd45c5794d2354634ff3018d9db5800713e6c9c354e24b2dba1a",
					],
					"severities": {
						"debian": "medium",
						"nvd": "medium",
					},
					"severity": "medium",
				},
			],
			"reports": [
				{
					"at": 1795142800,
					"databaseAt": 1795139200,
					"envelope": "sha256:42fbf29f151fbd45c5794d2354634ff3018d9db5800713e6c9c354e24b2dba1a",
					"findings": 3,
					"packages": 120,
					"subject": "sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d",
					"signer": {
						"buildTrigger": "push",
						"issuer": "https://token.actions.githubusercontent.com",
						"runnerEnvironment": "github-hosted",
						"san": "https://github.com/acme/checkout/.github/workflows/release.yml@refs/heads/main",
						"sourceOwnerID": "7",
						"sourceRef": "refs/heads/main",
						"sourceRepository": "https://github.com/acme/checkout",
						"sourceRepositoryID": "42",
						"trust": "public-good",
						"verifiedAt": 1795142860,
					},
					"tool": "trivy 0.58.0",
				},
			],
		},
	},
	"opa": "1.22.0",
	"requirements": {
		"after": [
			"staging",
		],
		"application": "shop",
		"environment": "production",
		"freezes": [],
		"gates": {
			"change": {
				"enforce": "block",
			},
			"licences": {
				"deny": [],
				"enforce": "off",
				"unknown": "",
			},
			"order": {
				"enforce": "block",
			},
			"oversight": {
				"enforce": "off",
			},
			"policy": {
				"enforce": "block",
			},
			"provenance": {
				"enforce": "off",
				"level": 0,
			},
			"review": {
				"approvals": 1,
				"enforce": "block",
				"separationOfDuties": true,
			},
			"sbom": {
				"completenessPpm": 0,
				"enforce": "off",
			},
			"signature": {
				"enforce": "block",
			},
			"soak": {
				"enforce": "off",
				"for": 0,
				"in": "",
			},
			"subject": {
				"enforce": "block",
			},
			"tests": {
				"checks": [],
				"enforce": "off",
				"required": [],
			},
			"vulnerabilities": {
				"allow": {
					"critical": {
						"count": 0,
						"grace": 0,
					},
					"high": {
						"count": 0,
						"grace": 604800,
					},
					"low": {
						"count": 10,
						"grace": 0,
					},
				},
				"enforce": "block",
				"maxReportAge": 86400,
				"method": "severity",
				"severity": "max",
			},
		},
		"image": "checkout",
		"lane": "review",
		"pipeline": "shop",
		"platforms": [
			"linux/amd64",
		],
		"repository": "ghcr.io/acme/checkout",
		"schema": "liftlock.dev/requirements/v1",
		"signers": [
			{
				"keyless": {
					"issuer": "https://token.actions.githubusercontent.com",
					"ownerID": "7",
					"refs": [
						"refs/heads/main",
					],
					"repositoryID": "42",
					"runner": "github-hosted",
					"sans": [
						"https://github.com/acme/checkout/.github/workflows/release.yml@refs/heads/main",
					],
					"sourceRepository": "https://github.com/acme/checkout",
					"triggers": [
						"push",
						"workflow_dispatch",
					],
					"trust": "public-good",
				},
				"name": "release",
			},
			{
				"key": {
					"notAfter": 1803790000,
					"notBefore": 1786510000,
					"spki": "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683",
				},
				"name": "legacy",
			},
		],
		"trust": [{
			"authoritiesUntil": 1900000000,
			"maxAge": 7776000,
			"name": "public-good",
			"pinned": "0000000000000000000000000000000000000000000000000000000000000001",
			"profile": "public-good",
			"refreshedAt": 1795000000,
			"sha256": "0000000000000000000000000000000000000000000000000000000000000001",
		}],
		"waivers": [],
		"windows": [],
	},
	"rules": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
}

# changed is the good input with JSON patches.
changed(patches) := json.patch(document, patches)

# at is the good input at another instant.
at(instant) := changed([{"op": "replace", "path": "at", "value": instant}])

# gate is the answer of one gate about an input.
gate(name, input_) := [answer | some answer in data.liftlock.verdict.gates with input as input_; answer.name == name][0]

codes(name, input_) := [found.code | some found in gate(name, input_).findings]
