package pipeline

import (
	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// RequirementsSchema names the requirements document.
const RequirementsSchema = "liftlock.dev/requirements/v1"

// Lane says whether people decide.
type Lane string

// The lanes.
const (
	Fast   Lane = "fast"   // may merge on gates alone
	Review Lane = "review" // people decide
)

// Enforce is what a gate's failure means.
type Enforce string

// The levels of enforcement.
const (
	EnforceOff   Enforce = "off"
	EnforceWarn  Enforce = "warn"
	EnforceBlock Enforce = "block"
)

// Requirements is what the documents and waivers demand of one image in one environment, resolved: no file, default or
// reference is left in it. Durations are seconds, times epoch seconds.
type Requirements struct {
	Schema      string            `json:"schema"`
	Pipeline    string            `json:"pipeline"`
	Environment string            `json:"environment"`
	Application string            `json:"application"`
	Image       string            `json:"image"` // name of the Image document
	Repository  digest.Repository `json:"repository"`
	Lane        Lane              `json:"lane"`
	After       []string          `json:"after"`     // environments that must hold the digest
	Platforms   []string          `json:"platforms"` // that the image must have; empty: no demand
	Signers     []Signer          `json:"signers"`   // any one of them must have signed
	Trust       []TrustRule       `json:"trust"`     // roots that they rely on
	Gates       Gates             `json:"gates"`
	Windows     []Window          `json:"windows"`
	Freezes     []FreezeRule      `json:"freezes"`
	Waivers     []WaiverRule      `json:"waivers"`
}

// Gates holds the demand of every gate, by name; all thirteen are always present.
type Gates struct {
	Subject         Gate                `json:"subject"`
	Signature       Gate                `json:"signature"`
	Provenance      ProvenanceGate      `json:"provenance"`
	SBOM            SBOMGate            `json:"sbom"`
	Licences        LicencesGate        `json:"licences"`
	Vulnerabilities VulnerabilitiesGate `json:"vulnerabilities"`
	Tests           TestsGate           `json:"tests"`
	Order           Gate                `json:"order"`
	Soak            SoakGate            `json:"soak"`
	Policy          Gate                `json:"policy"`
	Oversight       Gate                `json:"oversight"`
	Change          Gate                `json:"change"`
	Review          ReviewGate          `json:"review"`
}

// Gate is a gate without a demand of its own.
type Gate struct {
	Enforce Enforce `json:"enforce"`
}

// ProvenanceGate demands a SLSA build level, 1 to 3.
type ProvenanceGate struct {
	Enforce Enforce `json:"enforce"`
	Level   int     `json:"level"`
}

// SBOMGate demands a share of the minimum elements, in parts per million.
type SBOMGate struct {
	Enforce         Enforce `json:"enforce"`
	CompletenessPPM int     `json:"completenessPpm"`
}

// LicencesGate names denied SPDX identifiers and what an unknown licence means (allow, deny).
type LicencesGate struct {
	Enforce Enforce  `json:"enforce"`
	Deny    []string `json:"deny"`
	Unknown string   `json:"unknown"`
}

// VulnerabilitiesGate allows a number of findings of each severity; a severity without a line in Allow is not limited.
type VulnerabilitiesGate struct {
	Enforce      Enforce          `json:"enforce"`
	Method       string           `json:"method"`       // severity
	Severity     string           `json:"severity"`     // max, vendor or nvd: which rating counts
	MaxReportAge int64            `json:"maxReportAge"` // seconds; 0: no limit
	Allow        map[string]Allow `json:"allow"`        // by severity: critical, high, medium, low, negligible, unknown
}

// Allow is how many findings of a severity are accepted, and for how long after publication more are.
type Allow struct {
	Count int   `json:"count"`
	Grace int64 `json:"grace"` // seconds since publication; 0: none
}

// TestsGate names tests that must have passed.
type TestsGate struct {
	Enforce  Enforce     `json:"enforce"`
	Required []string    `json:"required"`
	Checks   []TestCheck `json:"checks"`
}

// TestCheck is a check run of the source commit, by the App that must have made it.
type TestCheck struct {
	App  int64  `json:"app"`
	Name string `json:"name"`
}

// SoakGate demands time in another environment.
type SoakGate struct {
	Enforce Enforce `json:"enforce"`
	In      string  `json:"in"`
	For     int64   `json:"for"`
}

// ReviewGate demands approvals by owners.
type ReviewGate struct {
	Enforce            Enforce `json:"enforce"`
	Approvals          int     `json:"approvals"`
	SeparationOfDuties bool    `json:"separationOfDuties"`
}

// Signer is who may sign: exactly one of Keyless and Key is set.
type Signer struct {
	Name    string         `json:"name"`
	Keyless *KeylessSigner `json:"keyless,omitempty"`
	Key     *KeySigner     `json:"key,omitempty"`
}

// KeylessSigner matches certificate claims. Every field that is set must match; Issuer and (SAN or SANPattern) are always set.
type KeylessSigner struct {
	Trust            string   `json:"trust"` // name of the trust root
	Issuer           string   `json:"issuer"`
	SANs             []string `json:"sans,omitempty"`             // exact, any of
	SANPattern       string   `json:"sanPattern,omitempty"`       // RE2, anchored already: \A(?:…)\z
	SourceRepository string   `json:"sourceRepository,omitempty"` // URI
	RepositoryID     string   `json:"repositoryID,omitempty"`
	OwnerID          string   `json:"ownerID,omitempty"`
	Refs             []string `json:"refs,omitempty"`     // any of
	Triggers         []string `json:"triggers,omitempty"` // any of
	Runner           string   `json:"runner,omitempty"`
	// Further claims by the names of evidence.Claims, each with the values of which it must be one.
	Claims map[string][]string `json:"claims,omitempty"`
}

// TrustRule is a trust root that signers rely on, for certificates or for the time of a key's signature: what was found, and how long it
// may be relied on.
type TrustRule struct {
	Name             string           `json:"name"`
	Profile          evidence.Profile `json:"profile"`
	SHA256           string           `json:"sha256"`                     // of the file that is used, in hexadecimal
	Pinned           string           `json:"pinned,omitempty"`           // that it must have; empty: nobody pinned it
	RefreshedAt      int64            `json:"refreshedAt,omitempty"`      // 0: nobody said
	MaxAge           int64            `json:"maxAge,omitempty"`           // seconds from RefreshedAt; 0: no limit
	AuthoritiesUntil int64            `json:"authoritiesUntil,omitempty"` // when its last certificate authority ends; 0: it has none
}

// KeySigner matches one public key, within its validity.
type KeySigner struct {
	SPKI      string `json:"spki"` // sha256:<hex> of the SubjectPublicKeyInfo
	NotBefore int64  `json:"notBefore,omitempty"`
	NotAfter  int64  `json:"notAfter,omitempty"`
	RevokedAt int64  `json:"revokedAt,omitempty"`
	// Whether signatures with a trusted time before RevokedAt still count.
	AcceptBeforeRevocation bool     `json:"acceptBeforeRevocation,omitempty"`
	Environments           []string `json:"environments,omitempty"` // for which it may sign; none: all
}

// Window is a weekly interval in which the environment is closed (deny) or outside which it is (allow).
type Window struct {
	Kind string `json:"kind"` // deny, allow
	From int    `json:"from"` // minutes since Monday 00:00 in Zone
	To   int    `json:"to"`   // likewise; may be less than From: wraps around Sunday
	Zone string `json:"zone"` // IANA name
}

// FreezeRule is a declared freeze that covers this image in this environment.
type FreezeRule struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
	From   int64  `json:"from"`
	Until  int64  `json:"until"` // 0: until it is removed
}

// WaiverRule is a waiver whose scope holds this image in this environment.
type WaiverRule struct {
	Name            string   `json:"name"`
	Codes           []string `json:"codes"`
	Vulnerabilities []string `json:"vulnerabilities"`
	Owner           string   `json:"owner"`
	Justification   string   `json:"justification"`
	From            int64    `json:"from"` // it does not hold before
	Expires         int64    `json:"expires"`
}

// Derived is what code must compute from Requirements and an instant, because Rego has no time zones.
type Derived struct {
	Closed     []Closure `json:"closed"`     // what closes the environment at that instant
	NextChange int64     `json:"nextChange"` // next instant at which Closed differs; 0: never
}

// Closure is one reason why nothing may move now.
type Closure struct {
	Kind   string `json:"kind"` // window, freeze
	Name   string `json:"name"` // of the freeze; for a window, as written
	Reason string `json:"reason"`
	Until  int64  `json:"until"` // 0: until a person lifts it
}
