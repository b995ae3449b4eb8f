package evidence

import (
	"slices"
	"strings"
)

// trivyReport is the part of Trivy's JSON (schema version 2, aquasecurity/trivy pkg/types) that is read.
type trivyReport struct {
	SchemaVersion int `json:"SchemaVersion"`
	Trivy         struct {
		Version string `json:"Version"`
	} `json:"Trivy"`
	Metadata struct {
		ImageConfig rawPlatform `json:"ImageConfig"`
	} `json:"Metadata"`
	Results []trivyTarget `json:"Results"`
}

type trivyTarget struct {
	Packages        []struct{}     `json:"Packages"` // only with --list-all-pkgs; only counted
	Vulnerabilities []trivyFinding `json:"Vulnerabilities"`
}

type trivyFinding struct {
	ID         string   `json:"VulnerabilityID"`
	VendorIDs  []string `json:"VendorIDs"`
	Package    string   `json:"PkgName"`
	Identifier struct {
		PURL string `json:"PURL"`
	} `json:"PkgIdentifier"`
	Installed      string         `json:"InstalledVersion"`
	Fixed          string         `json:"FixedVersion"` // separated by commas
	Severity       string         `json:"Severity"`
	SeveritySource string         `json:"SeveritySource"`
	VendorSeverity map[string]int `json:"VendorSeverity"` // 0 unknown to 4 critical
	Published      string         `json:"PublishedDate"`
}

// trivyLevels are Trivy's severities by number (trivy-db pkg/types).
var trivyLevels = [...]Severity{SeverityUnknown, Low, Medium, High, Critical}

func decodeTrivy(raw []byte) (scannerResult, error) {
	var report trivyReport
	targets, err := decodePredicateWithout(raw, &report, "Results")
	if err != nil {
		return scannerResult{}, err
	}
	if report.SchemaVersion != 2 {
		return scannerResult{}, coded(CodePredicateSchema, "reading Trivy report: want SchemaVersion 2, got %d", report.SchemaVersion)
	}
	platform, err := report.Metadata.ImageConfig.scanned()
	if err != nil {
		return scannerResult{}, err
	}
	result := scannerResult{tool: tool("trivy", report.Trivy.Version), platform: platform}
	if targets != nil {
		err = eachElement[trivyTarget](targets, result.trivyTarget)
	}
	return result, err
}

// trivyTarget adds what the report says of one target.
func (r *scannerResult) trivyTarget(target []byte) error {
	if target[0] != '{' {
		return unmarshalPredicate(target, new(trivyTarget)) // null, or a complaint
	}
	if packages := Member(target, "Packages"); packages != nil {
		if err := decodeList(packages, func(struct{}) error { r.packages++; return nil }); err != nil {
			return err
		}
	}
	if findings := Member(target, "Vulnerabilities"); findings != nil {
		if err := r.expect(findings); err != nil {
			return err
		}
		return decodeList(findings, func(f trivyFinding) error { return r.find(f.normal()) })
	}
	return nil
}

func (f *trivyFinding) normal() Vulnerability {
	v := Vulnerability{
		ID: f.ID, Aliases: f.VendorIDs, Package: f.Package, PURL: f.Identifier.PURL, Installed: f.Installed,
		Severity: parseSeverity(f.Severity), Severities: map[string]Severity{}, PublishedAt: epoch(f.Published),
	}
	for _, version := range strings.Split(f.Fixed, ",") {
		if version = strings.TrimSpace(version); version != "" {
			v.Fixed = append(v.Fixed, version)
		}
	}
	if f.SeveritySource != "" {
		v.rate(f.SeveritySource, v.Severity)
	}
	for source, level := range f.VendorSeverity {
		severity := SeverityUnknown
		if level >= 0 && level < len(trivyLevels) {
			severity = trivyLevels[level]
		}
		v.rate(source, severity)
	}
	v.rate(ownChoice, v.Severity)
	return v
}

// ownChoice is the source of the severity that the scanner settled on.
const ownChoice = "scanner"

// rate records what a source says; where it says two things, the worse.
func (v *Vulnerability) rate(source string, severity Severity) {
	v.Severities[source] = severity.worse(v.Severities[source])
	v.Max = v.Max.worse(severity)
	if v.Max == "" {
		v.Max = SeverityUnknown
	}
}

func tool(name, version string) string { return strings.TrimSpace(name + " " + version) }

func sortedSet(list []string) []string {
	set := append([]string{}, list...)
	slices.Sort(set)
	return slices.Compact(set)
}
