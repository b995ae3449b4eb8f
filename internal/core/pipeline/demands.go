package pipeline

// Demands is what an environment asks of each gate. A gate may be written as off, warn or block alone. A gate that is not
// written is off, but subject, signature, order, change and review block.
type Demands struct {
	// The registry serves one consistent image with the platforms that it must have.
	Subject *Demand `json:"subject,omitempty"`
	// An allowed signer signed this digest.
	Signature *Demand `json:"signature,omitempty"`
	// SLSA provenance of a level.
	Provenance *ProvenanceDemand `json:"provenance,omitempty"`
	// A verified SBOM, complete enough.
	SBOM *SBOMDemand `json:"sbom,omitempty"`
	// Every licence is allowed.
	Licences *LicencesDemand `json:"licences,omitempty"`
	// No vulnerability over the line, on a fresh report.
	Vulnerabilities *VulnerabilitiesDemand `json:"vulnerabilities,omitempty"`
	// The named tests passed.
	Tests *TestsDemand `json:"tests,omitempty"`
	// The environments before hold it; no downgrade, window, freeze or veto forbids it.
	Order *Demand `json:"order,omitempty"`
	// It has been healthy elsewhere for long enough.
	Soak *SoakDemand `json:"soak,omitempty"`
	// The repository's own rules say so.
	Policy *Demand `json:"policy,omitempty"`
	// The overlay has owners, and their review is binding.
	Oversight *Demand `json:"oversight,omitempty"`
	// The proposal changes exactly what it must.
	Change *Demand `json:"change,omitempty"`
	// Enough of the right people approved.
	Review *ReviewDemand `json:"review,omitempty"`
}

// gateShape lets a gate be written as its level of enforcement alone.
func gateShape() shape { return shape{shorthand: "enforce"} }

// Demand is a gate without a demand of its own.
type Demand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
}

func (Demand) shape() shape { return gateShape() }

// ProvenanceDemand asks for a SLSA build level.
type ProvenanceDemand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
	// Lowest build level; default SLSA_BUILD_LEVEL_1.
	Level Level `json:"level,omitempty"`
}

func (ProvenanceDemand) shape() shape { return gateShape() }

// SBOMDemand asks for a share of the minimum elements.
type SBOMDemand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
	// Lowest share of the minimum elements that must be there, for example 90%; default 0%.
	Completeness Share `json:"completeness,omitempty"`
}

func (SBOMDemand) shape() shape { return gateShape() }

// LicencesDemand names licences that are refused.
type LicencesDemand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
	// SPDX identifiers.
	Deny []string `json:"deny,omitempty" form:"spdx"`
	// What a missing or unknown licence means; default deny.
	Unknown string `json:"unknown,omitempty" form:"allowDeny"`
}

func (LicencesDemand) shape() shape { return gateShape() }

// VulnerabilitiesDemand draws the line that no vulnerability may be over.
type VulnerabilitiesDemand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
	// How findings are weighed; default severity.
	Method string `json:"method,omitempty" form:"method"`
	// Which rating counts: the vendor's, the NVD's, or the worst of all; default max.
	Severity string `json:"severity,omitempty" form:"rating"`
	// Oldest report that counts; default 7d.
	MaxReportAge Duration `json:"maxReportAge,omitempty"`
	// Findings that are accepted, by severity; default: no critical and no high one. A severity that is not written is not
	// limited; unknown is treated as high is.
	Allow *Allowances `json:"allow,omitempty"`
}

func (VulnerabilitiesDemand) shape() shape { return gateShape() }

// Allowances is how many findings of each severity are accepted.
type Allowances struct {
	// Findings of critical severity.
	Critical *Allowance `json:"critical,omitempty"`
	// Findings of high severity.
	High *Allowance `json:"high,omitempty"`
	// Findings of medium severity.
	Medium *Allowance `json:"medium,omitempty"`
	// Findings of low severity.
	Low *Allowance `json:"low,omitempty"`
	// Findings of negligible severity.
	Negligible *Allowance `json:"negligible,omitempty"`
	// Findings without a known severity.
	Unknown *Allowance `json:"unknown,omitempty"`
}

// Allowance is how many findings are accepted, and for how long after publication more are. It may be written as the number alone.
type Allowance struct {
	// Number of findings that are accepted for good; default 0.
	Count int `json:"count,omitempty" jsonschema:"minimum=0,maximum=100000"`
	// Time since publication in which a finding is accepted.
	Grace Duration `json:"grace,omitempty"`
}

func (Allowance) shape() shape { return shape{shorthand: "count"} }

// TestsDemand names tests that must have passed.
type TestsDemand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
	// Names in test result attestations.
	Required []string `json:"required,omitempty" form:"text"`
	// Check runs of the source commit.
	Checks []CheckDemand `json:"checks,omitempty"`
}

func (TestsDemand) shape() shape { return gateShape() }

// CheckDemand is a check run, by the App that must have made it.
type CheckDemand struct {
	// Number of the GitHub App; GitHub Actions is 15368.
	App int64 `json:"app" jsonschema:"minimum=1"`
	// Name of the check run.
	Name string `json:"name" form:"text"`
}

// SoakDemand asks for time in another environment.
type SoakDemand struct {
	// What a failure means; default block.
	Enforce Enforce `json:"enforce,omitempty"`
	// Environment that comes before this one.
	In string `json:"in,omitempty" form:"name"`
	// How long it must have been healthy there.
	For Duration `json:"for,omitempty"`
}

func (SoakDemand) shape() shape { return gateShape() }

// ReviewDemand asks for approvals by owners.
type ReviewDemand struct {
	// What a failure means; default block. In the fast lane it is always off.
	Enforce Enforce `json:"enforce,omitempty"`
	// Number of approvals; default 1.
	Approvals int `json:"approvals,omitempty" jsonschema:"minimum=1,maximum=10"`
	// Whether authors of the promoted source may not approve; default false.
	SeparationOfDuties bool `json:"separationOfDuties,omitempty"`
}

func (ReviewDemand) shape() shape { return gateShape() }
