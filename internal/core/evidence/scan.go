package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// CosignVulnerabilities is the predicate type of a scanner report as "cosign attest --type vuln" writes it
// (cosign specs/COSIGN_VULN_ATTESTATION_SPEC.md): scanner and times around the scanner's own JSON.
const CosignVulnerabilities = "https://cosign.sigstore.dev/attestation/vuln/v1"

// Scan is a scanner report in normal form.
type Scan struct {
	Tool       string          `json:"tool"`                 // for example "trivy 0.58.0"
	At         int64           `json:"at"`                   // when the scan finished, epoch seconds
	DatabaseAt int64           `json:"databaseAt,omitempty"` // when the vulnerability database was made; 0 where nothing says so
	Packages   int             `json:"packages"`             // how many packages were looked at; 0 where the report does not say
	System     string          `json:"system,omitempty"`     // distribution whose packages were looked up, where the report says no number
	Platform   string          `json:"platform,omitempty"`   // that was looked at, see NormalPlatform; empty: the report does not say
	Findings   []Vulnerability `json:"findings"`             // merged and sorted, see MergeVulnerabilities
}

// cosignVulnerabilities is the part of the predicate that is read.
type cosignVulnerabilities struct {
	Scanner *struct {
		URI     string `json:"uri"`
		Version string `json:"version"`
		DB      struct {
			LastUpdate string `json:"lastUpdate"` // beyond cosign's specification, as in in-toto's vulns predicate
		} `json:"db"`
		Result Skipped `json:"result"`
	} `json:"scanner"`
	Metadata struct {
		FinishedOn string `json:"scanFinishedOn"`
	} `json:"metadata"`
}

// scannerResult is what a decoder of one scanner's JSON returns.
type scannerResult struct {
	tool       string // name and version; empty where the report does not say
	databaseAt int64
	packages   int
	system     string
	platform   string
	findings   []Vulnerability
}

// DecodeVulnerabilities reads the scanner report inside a statement whose predicate type is CosignVulnerabilities: Trivy JSON
// (schema version 2) or Grype JSON. Errors carry a code: PREDICATE_SCHEMA or EVIDENCE_MALFORMED.
func DecodeVulnerabilities(s Statement) (Scan, error) {
	if s.PredicateType != CosignVulnerabilities {
		return Scan{}, coded(CodePredicateSchema, "reading scan: want predicate type %s, got %q", CosignVulnerabilities, clip(s.PredicateType))
	}
	var predicate cosignVulnerabilities
	raw, err := decodePredicateWithout(s.Predicate, &predicate, "scanner", "result")
	if err != nil {
		return Scan{}, err
	}
	if predicate.Scanner == nil {
		return Scan{}, coded(CodePredicateSchema, "reading scan: want scanner, got none")
	}
	finished := epoch(predicate.Metadata.FinishedOn)
	if finished == 0 {
		return Scan{}, coded(CodePredicateSchema, "reading scan: metadata.scanFinishedOn %q: want RFC 3339, for example 2026-01-02T15:04:05Z", clip(predicate.Metadata.FinishedOn))
	}
	result, err := decodeResult(raw)
	if err != nil {
		return Scan{}, err
	}
	scan := Scan{
		Tool:       result.tool,
		At:         finished,
		DatabaseAt: result.databaseAt,
		Packages:   result.packages,
		System:     result.system,
		Platform:   result.platform,
		Findings:   merge(result.findings),
	}
	if at := epoch(predicate.Scanner.DB.LastUpdate); at != 0 {
		scan.DatabaseAt = at
	}
	if !strings.Contains(scan.Tool, " ") && predicate.Scanner.Version != "" {
		scan.Tool += " " + predicate.Scanner.Version
	}
	if len(scan.Tool) > maxText || len(scan.System) > maxText {
		return Scan{}, coded(CodePredicateSchema, "reading scan: want names of tool and distribution of at most %d bytes, got %d and %d", maxText, len(scan.Tool), len(scan.System))
	}
	return scan, nil
}

// decodeResult tells the scanners apart by what each always writes. A report that could be either is neither.
func decodeResult(raw []byte) (scannerResult, error) {
	var shape struct {
		Schema  Skipped `json:"SchemaVersion"`
		Matches Skipped `json:"matches"`
	}
	if err := checkPredicate(raw, reflect.TypeOf(shape)); err != nil {
		return scannerResult{}, err
	}
	isTrivy, isGrype := Member(raw, "SchemaVersion") != nil, Member(raw, "matches") != nil
	switch {
	case isTrivy && !isGrype:
		return decodeTrivy(raw)
	case isGrype && !isTrivy:
		return decodeGrype(raw)
	}
	return scannerResult{}, coded(CodePredicateSchema, "reading scan: scanner.result: want Trivy JSON with SchemaVersion or Grype JSON with matches")
}

// decodePredicate tells a document of another shape (PREDICATE_SCHEMA) from one that is no clean JSON (EVIDENCE_MALFORMED).
func decodePredicate(raw []byte, v any) error {
	_, err := decodePredicateWithout(raw, v)
	return err
}

// decodePredicateWithout decodes raw into v, but for the value under path, if there is one: that it returns. The type of v stands for
// the whole of raw, so that the value is held to it too where it says more than Skipped.
func decodePredicateWithout(raw []byte, v any, path ...string) (value []byte, err error) {
	if err := checkPredicate(raw, reflect.TypeOf(v)); err != nil {
		return nil, err
	}
	rest := raw
	if len(path) > 0 {
		rest, value = Without(raw, path...)
	}
	if rest, _ = Without(rest, grypeIgnored); len(rest) > maxReportRest {
		return nil, coded(CodePredicateSchema, "reading predicate: want at most %d bytes beside findings and packages, got %d", maxReportRest, len(rest))
	}
	return value, unmarshalPredicate(rest, v)
}

func checkPredicate(raw []byte, t reflect.Type) error {
	if len(raw) == 0 {
		return coded(CodePredicateSchema, "reading predicate: want an object, got nothing")
	}
	if err := checkStrict(raw, t); err != nil {
		return coded(CodeMalformed, "reading predicate: %w", err)
	}
	return nil
}

// inPredicate gives what encoding/json says of checked JSON its code.
func inPredicate(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return coded(CodePredicateSchema, "reading predicate: %w", err)
	}
	if err != nil {
		return coded(CodeMalformed, "reading predicate: %w", err)
	}
	return nil
}

// expect makes room for the findings of a list, at once: growing would take it three times.
func (r *scannerResult) expect(list []byte) error {
	n := len(r.findings) + length(list)
	if n > maxFindings {
		return coded(CodePredicateSchema, "reading scan: want at most %d findings, got %d", maxFindings, n)
	}
	r.findings = slices.Grow(r.findings, n-len(r.findings))
	return nil
}

// find adds a finding to those of the report.
func (r *scannerResult) find(v Vulnerability) error {
	if err := v.check(); err != nil {
		return err
	}
	r.findings = append(r.findings, v)
	return nil
}

// epoch reads an RFC 3339 time. What cannot be read, and the zero time that Go programs write for it, is 0.
func epoch(text string) int64 {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0
	}
	return max(at.Unix(), 0)
}

// check bounds the texts and lists of a finding.
func (v *Vulnerability) check() error {
	if v.ID == "" || v.Package == "" {
		return coded(CodePredicateSchema, "reading finding %q: want an identifier and a package", clip(v.ID+" "+v.Package))
	}
	if len(v.Aliases) > maxList || len(v.Fixed) > maxList || len(v.Severities) > maxList {
		return coded(CodePredicateSchema, "reading finding %q: want at most %d aliases, fixed versions and ratings", clip(v.ID), maxList)
	}
	texts := append(append([]string{v.ID, v.Package, v.PURL, v.Installed}, v.Aliases...), v.Fixed...)
	for source := range v.Severities {
		texts = append(texts, source)
	}
	for _, text := range texts {
		if len(text) > maxText {
			return fmt.Errorf("reading finding %q: %w", clip(v.ID), coded(CodePredicateSchema, "want texts of at most %d bytes, got %d", maxText, len(text)))
		}
	}
	return nil
}
