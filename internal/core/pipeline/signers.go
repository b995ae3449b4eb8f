package pipeline

import "github.com/liftlock/liftlock/internal/core/evidence"

// TrustSource names a trust root.
type TrustSource struct {
	// Name by which signers refer to it.
	Name string `json:"name" form:"name"`
	// A Sigstore trusted_root.json, for example trust/public-good.json, below .liftlock; those of GitHub one a line.
	File string `json:"file" form:"trustFile"`
	// What it demands of a signature beside the certificate; public-good and github are the defaults of those names.
	Profile evidence.Profile `json:"profile,omitempty"`
	// SHA-256 of the file's bytes in hexadecimal, as sha256sum prints it. No certificate counts under another file.
	SHA256 string `json:"sha256,omitempty" form:"sha256"`
	// When it was last compared with its source, as liftlock trust refresh does.
	Refreshed Time `json:"refreshed,omitempty"`
	// How long after that it may be used; default 90d.
	MaxAge Duration `json:"maxAge,omitempty"`
}

func (TrustSource) shape() shape { return shape{requires: map[string]string{"maxAge": "refreshed"}} }

// SignerSource is who may sign: a certificate's identity or a key.
type SignerSource struct {
	// Name by which images refer to it.
	Name string `json:"name" form:"name"`
	// An identity that a certificate authority vouches for.
	Keyless *Keyless `json:"keyless,omitempty"`
	// A public key.
	Key *Key `json:"key,omitempty"`
}

func (SignerSource) shape() shape { return shape{exactlyOne: []string{"keyless", "key"}} }

// Keyless is an identity in a certificate. Every field that is written must match the certificate.
type Keyless struct {
	// OIDC issuer, exact.
	Issuer string `json:"issuer" form:"issuer"`
	// Name of the trust root; default: the pipeline's only one, else public-good.
	Trust string `json:"trust,omitempty" form:"name"`
	// Source repository on GitHub, OWNER/NAME.
	Repository string `json:"repository,omitempty" form:"githubRepository"`
	// Workflow of that repository that signs, for example .github/workflows/release.yml.
	Workflow string `json:"workflow,omitempty" form:"workflow"`
	// Exact certificate subject, for identities that are not a workflow of the source repository.
	Subject string `json:"subject,omitempty" form:"subject"`
	// Regular expression (RE2) that the whole certificate subject must match.
	SubjectPattern FullMatch `json:"subjectPattern,omitzero" form:"subjectPattern"`
	// Refs that may be built, for example refs/heads/main; default: every branch and tag.
	Refs []string `json:"refs,omitempty" form:"ref"`
	// Events that may start the workflow, for example push.
	Triggers []string `json:"triggers,omitempty" form:"trigger"`
	// Where the workflow must run.
	Runner string `json:"runner,omitempty" form:"runner"`
	// Number of the repository: survives renaming, and tells a repository that was made again under the old name.
	RepositoryID int64 `json:"repositoryID,omitempty" jsonschema:"minimum=1"`
	// Number of the repository's owner.
	OwnerID int64 `json:"ownerID,omitempty" jsonschema:"minimum=1"`
	// Further claims of the certificate, each with the values of which it must be one.
	Claims *ClaimDemands `json:"claims,omitempty"`
}

func (Keyless) shape() shape {
	return shape{exactlyOne: []string{"workflow", "subject", "subjectPattern"}, requires: map[string]string{"workflow": "repository"}}
}

// ClaimDemands lists the exact values that claims of a certificate may have, by the names that evidence has for them. The numbers
// are Fulcio's object identifiers below 1.3.6.1.4.1.57264.1.
type ClaimDemands struct {
	// OIDC issuer (.8).
	Issuer []string `json:"issuer,omitempty" form:"issuer"`
	// Workflow that signs, with its ref (.9).
	BuildSignerURI []string `json:"buildSignerURI,omitempty" form:"claim"`
	// Commit of that workflow (.10).
	BuildSignerDigest []string `json:"buildSignerDigest,omitempty" form:"commit"`
	// Where it runs (.11).
	RunnerEnvironment []string `json:"runnerEnvironment,omitempty" form:"runner"`
	// Source repository, for example https://github.com/acme/checkout (.12).
	SourceRepository []string `json:"sourceRepository,omitempty" form:"claim"`
	// Source commit (.13).
	SourceDigest []string `json:"sourceDigest,omitempty" form:"commit"`
	// Source ref (.14).
	SourceRef []string `json:"sourceRef,omitempty" form:"ref"`
	// Number of the source repository (.15).
	SourceRepositoryID []string `json:"sourceRepositoryID,omitempty" form:"number"`
	// Owner of the source repository, for example https://github.com/acme (.16).
	SourceOwner []string `json:"sourceOwner,omitempty" form:"claim"`
	// Number of that owner (.17).
	SourceOwnerID []string `json:"sourceOwnerID,omitempty" form:"number"`
	// Workflow that was started, with its ref (.18).
	BuildConfigURI []string `json:"buildConfigURI,omitempty" form:"claim"`
	// Commit of that workflow (.19).
	BuildConfigDigest []string `json:"buildConfigDigest,omitempty" form:"commit"`
	// Event that started it (.20).
	BuildTrigger []string `json:"buildTrigger,omitempty" form:"trigger"`
	// The run (.21).
	RunURI []string `json:"runURI,omitempty" form:"claim"`
	// Who can see the source repository, for example public (.22).
	SourceVisibility []string `json:"sourceVisibility,omitempty" form:"claim"`
}

func (ClaimDemands) shape() shape {
	return shape{atLeastOne: []string{"issuer", "buildSignerURI", "buildSignerDigest", "runnerEnvironment", "sourceRepository", "sourceDigest",
		"sourceRef", "sourceRepositoryID", "sourceOwner", "sourceOwnerID", "buildConfigURI", "buildConfigDigest", "buildTrigger", "runURI", "sourceVisibility"}}
}

// byName returns the demands by claim, as requirements hold them.
func (c *ClaimDemands) byName() map[string][]string {
	if c == nil {
		return nil
	}
	demands := map[string][]string{
		"issuer": c.Issuer, "buildSignerURI": c.BuildSignerURI, "buildSignerDigest": c.BuildSignerDigest, "runnerEnvironment": c.RunnerEnvironment,
		"sourceRepository": c.SourceRepository, "sourceDigest": c.SourceDigest, "sourceRef": c.SourceRef, "sourceRepositoryID": c.SourceRepositoryID,
		"sourceOwner": c.SourceOwner, "sourceOwnerID": c.SourceOwnerID, "buildConfigURI": c.BuildConfigURI, "buildConfigDigest": c.BuildConfigDigest,
		"buildTrigger": c.BuildTrigger, "runURI": c.RunURI, "sourceVisibility": c.SourceVisibility,
	}
	for name, values := range demands {
		if values == nil {
			delete(demands, name)
			continue
		}
		demands[name] = sorted(values)
	}
	return demands
}

// Key is a public key with its validity.
type Key struct {
	// PEM file, for example keys/2026.pub, below .liftlock.
	File string `json:"file,omitempty" form:"keyFile"`
	// sha256:<hex> of the SubjectPublicKeyInfo that the file must hold.
	SPKI string `json:"spki,omitempty" form:"spki"`
	// A key that a key management service keeps.
	KMS *KMSKey `json:"kms,omitempty"`
	// Signatures before this instant do not count.
	NotBefore Time `json:"notBefore,omitempty"`
	// Signatures from this instant on do not count.
	NotAfter Time `json:"notAfter,omitempty"`
	// From this instant on no signature counts, whenever it was made.
	RevokedAt Time `json:"revokedAt,omitempty"`
	// Signatures whose trusted time is before revokedAt still count: nobody else had the key then.
	AcceptBeforeRevocation bool `json:"acceptBeforeRevocation,omitempty"`
	// Environments for which the key may sign; default: all of the pipeline.
	Environments []string `json:"environments,omitempty" form:"name"`
}

func (Key) shape() shape {
	return shape{exactlyOne: []string{"file", "kms"}, requires: map[string]string{"acceptBeforeRevocation": "revokedAt", "spki": "file"}}
}

// KMSKey is a key whose public half liftlock trust refresh has fetched. Nothing else asks the service, so that an outage of it
// changes no verdict.
type KMSKey struct {
	// The key, for example hashivault://release or awskms:///alias/release.
	URI string `json:"uri" form:"kmsURI"`
	// sha256:<hex> of the SubjectPublicKeyInfo; liftlock trust refresh writes it.
	SPKI string `json:"spki,omitempty" form:"spki"`
	// PEM file below .liftlock into which liftlock trust refresh writes the public key.
	File string `json:"file" form:"keyFile"`
}

// pinned returns the file that holds the public key, and the SPKI that it must have; "": any.
func (k *Key) pinned() (file, spki string) {
	if k.KMS != nil {
		return k.KMS.File, k.KMS.SPKI
	}
	return k.File, k.SPKI
}
