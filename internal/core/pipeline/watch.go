package pipeline

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// orderGroup is the group of a watch pattern whose number says which tag is newer.
const orderGroup = "order"

// WatchSource is the rule by which an Image follows its repository.
type WatchSource struct {
	// Exactly this tag, for example main.
	Tag string `json:"tag,omitempty" form:"tag"`
	// The highest version in this range; tags are MAJOR.MINOR.PATCH, with or without v.
	Semver SemverRange `json:"semver,omitzero"`
	// Among tags that match this whole expression (RE2), the one with the highest number in the group order.
	Pattern FullMatch `json:"pattern,omitzero" form:"orderPattern"`
	// How often to look where no event says so; default: as the service is configured.
	Every Duration `json:"every,omitempty"`
}

func (WatchSource) shape() shape { return shape{exactlyOne: []string{"tag", "semver", "pattern"}} }

// Watch chooses one tag of a repository.
type Watch struct {
	// Every is how often to look where no event says so; 0: the document does not say.
	Every time.Duration
	rule  WatchSource
}

// Exact returns the tag of a rule that follows one tag: no list of tags is needed then.
func (w Watch) Exact() (string, bool) { return w.rule.Tag, w.rule.Tag != "" }

// Choose returns the tag that the rule follows. Of several equal ones it returns the first by name, whatever their order.
func (w Watch) Choose(tags []string) (string, bool) {
	best, found := "", false
	for _, tag := range tags {
		if !w.admits(tag) || !evidence.IsCandidateTag(tag) {
			continue
		}
		if !found {
			best, found = tag, true
			continue
		}
		order, _, _ := w.Compare(tag, best)
		if order > 0 || order == 0 && tag < best {
			best = tag
		}
	}
	return best, found
}

// admits reports whether the rule would follow a tag, if it were the only one.
func (w Watch) admits(tag string) bool {
	switch {
	case w.rule.Tag != "":
		return tag == w.rule.Tag
	case !w.rule.Pattern.IsZero():
		_, ok := w.order(tag)
		return ok
	default:
		return w.rule.Semver.admits(tag)
	}
}

// Compare says which of two tags is newer: order is negative where a is older, and by is what that was read from, semver or
// order. It is not ok where the tags have no order, as with main and latest.
func (w Watch) Compare(a, b string) (order int, by string, ok bool) {
	if !w.rule.Pattern.IsZero() {
		left, okA := w.order(a)
		right, okB := w.order(b)
		if okA && okB {
			// Leading zeros are gone: a longer number is a larger one, of any size.
			return cmp.Or(cmp.Compare(len(left), len(right)), strings.Compare(left, right)), orderGroup, true
		}
	}
	left, okA := parseVersion(a)
	right, okB := parseVersion(b)
	if okA && okB {
		return left.Compare(right), "semver", true
	}
	return 0, "", false
}

// order returns the number in the group order, without leading zeros.
func (w Watch) order(tag string) (string, bool) {
	number, ok := w.rule.Pattern.group(orderGroup, tag)
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return "", false
	}
	return strings.TrimLeft(number, "0"), true
}

// parseVersion reads MAJOR.MINOR.PATCH, with or without v. Shorter forms are not versions: 1.4 is a tag that moves.
func parseVersion(tag string) (*semver.Version, bool) {
	version, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
	return version, err == nil
}

// SemverRange is a range of semantic versions. Pre-releases are in it only where the range names one. The zero SemverRange is empty.
type SemverRange struct {
	text       string
	constraint *semver.Constraints
}

// String returns the range as written.
func (r SemverRange) String() string { return r.text }

// IsZero reports whether there is no range.
func (r SemverRange) IsZero() bool { return r.constraint == nil }

// admits reports whether a tag is a version in the range.
func (r SemverRange) admits(tag string) bool {
	version, ok := parseVersion(tag)
	return ok && r.constraint != nil && r.constraint.Check(version)
}

// MarshalText writes the range as written.
func (r SemverRange) MarshalText() ([]byte, error) { return []byte(r.text), nil }

// UnmarshalText reads a range, for example ">=1.0.0" or "~1.4".
func (r *SemverRange) UnmarshalText(text []byte) error {
	constraint, err := semver.NewConstraint(string(text))
	if err != nil {
		return fmt.Errorf("reading the range: %w", err)
	}
	*r = SemverRange{text: string(text), constraint: constraint}
	return nil
}
