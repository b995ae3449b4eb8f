package evidence

import (
	"cmp"
	"encoding/json"
	"strings"
)

// grypeReport is the part of Grype's JSON (anchore/grype, presenter/models) that is read. It does not say how many packages
// were looked at. Matches that the scanner was told to ignore are not findings: whoever signs the report answers for that.
type grypeReport struct {
	Matches    []grypeMatch `json:"matches"`
	Descriptor struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		DB      struct {
			Built  string `json:"built"` // before 0.88
			Status struct {
				Built string `json:"built"`
			} `json:"status"`
		} `json:"db"`
	} `json:"descriptor"`
}

type grypeMatch struct {
	Vulnerability struct {
		ID        string `json:"id"`
		Namespace string `json:"namespace"`
		Severity  string `json:"severity"`
		Fix       struct {
			Versions []string `json:"versions"`
		} `json:"fix"`
	} `json:"vulnerability"`
	Related []struct {
		ID        string `json:"id"`
		Namespace string `json:"namespace"`
		Severity  string `json:"severity"`
	} `json:"relatedVulnerabilities"`
	Artifact struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl"`
	} `json:"artifact"`
}

func decodeGrype(raw json.RawMessage) (scannerResult, error) {
	var report grypeReport
	if err := decodePredicate(raw, &report); err != nil {
		return scannerResult{}, err
	}
	if report.Matches == nil {
		return scannerResult{}, coded(CodePredicateSchema, "reading Grype report: want a list of matches, got null")
	}
	db := report.Descriptor.DB
	result := scannerResult{
		tool:       tool(cmp.Or(report.Descriptor.Name, "grype"), report.Descriptor.Version),
		databaseAt: cmp.Or(epoch(db.Status.Built), epoch(db.Built)),
	}
	for i := range report.Matches {
		v := report.Matches[i].normal()
		if err := v.check(); err != nil {
			return scannerResult{}, err
		}
		result.findings = append(result.findings, v)
	}
	return result, nil
}

func (m *grypeMatch) normal() Vulnerability {
	v := Vulnerability{
		ID: m.Vulnerability.ID, Package: m.Artifact.Name, PURL: m.Artifact.PURL, Installed: m.Artifact.Version,
		Fixed: m.Vulnerability.Fix.Versions, Severity: parseSeverity(m.Vulnerability.Severity), Severities: map[string]Severity{},
	}
	v.rate(grypeSource(m.Vulnerability.Namespace), v.Severity)
	v.rate(ownChoice, v.Severity)
	for _, related := range m.Related {
		v.Aliases = append(v.Aliases, related.ID)
		v.rate(grypeSource(related.Namespace), parseSeverity(related.Severity))
	}
	return v
}

// grypeSource names a source as Trivy does, so that two scanners' ratings meet: nvd:cpe is nvd, github:language:go is ghsa,
// debian:distro:debian:12 is debian.
func grypeSource(namespace string) string {
	source, _, _ := strings.Cut(namespace, ":")
	switch source {
	case "github":
		return "ghsa"
	case "":
		return "unnamed"
	}
	return source
}
