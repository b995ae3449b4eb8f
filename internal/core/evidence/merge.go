package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// finding identifies a vulnerability in an installed package, whichever scanner says so.
type finding struct{ id, pkg, installed string }

// MergeVulnerabilities unites findings of any number of reports, sorted by identifier, package and version. A finding under several
// names goes by its CVE, where there is exactly one. Where two reports say different things of one finding, the union stands: the
// worse severity, every fixed version, the earliest publication. Merging a merged list changes nothing.
func MergeVulnerabilities(reports ...[]Vulnerability) []Vulnerability {
	merged := map[finding]Vulnerability{}
	for _, report := range reports {
		for _, v := range report {
			v = v.underPrimaryName()
			key := finding{v.ID, v.Package, v.Installed}
			if known, ok := merged[key]; ok {
				v = known.union(v)
			}
			merged[key] = v
		}
	}
	return slices.SortedFunc(maps.Values(merged), func(a, b Vulnerability) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Installed, b.Installed))
	})
}

func (v Vulnerability) underPrimaryName() Vulnerability {
	names := sortedSet(append([]string{v.ID}, v.Aliases...))
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	cves := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, "CVE-") })
	if !strings.HasPrefix(v.ID, "CVE-") && len(cves) == 1 {
		v.ID = cves[0]
	}
	v.Aliases = slices.DeleteFunc(names, func(name string) bool { return name == v.ID })
	v.Fixed = sortedSet(v.Fixed)
	return v
}

func (v Vulnerability) union(other Vulnerability) Vulnerability {
	v.Aliases = sortedSet(append(slices.Clone(v.Aliases), other.Aliases...))
	v.Fixed = sortedSet(append(slices.Clone(v.Fixed), other.Fixed...))
	v.Severity = v.Severity.worse(other.Severity)
	ratings := maps.Clone(v.Severities)
	v.Severities = ratings
	for source, severity := range other.Severities {
		v.rate(source, severity)
	}
	v.Max = v.Max.worse(other.Max)
	if v.PURL == "" || other.PURL != "" && other.PURL < v.PURL {
		v.PURL = other.PURL
	}
	if v.PublishedAt == 0 || other.PublishedAt != 0 && other.PublishedAt < v.PublishedAt {
		v.PublishedAt = other.PublishedAt
	}
	return v
}
