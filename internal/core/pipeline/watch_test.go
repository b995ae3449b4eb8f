package pipeline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// watchOf reads a watch rule as it stands in an Image.
func watchOf(t testing.TB, rule string) Watch {
	t.Helper()
	set := load(t, map[string]string{".liftlock/shop.yaml": fmt.Sprintf(`
apiVersion: liftlock.dev/v1alpha1
kind: Pipeline
metadata: {name: shop}
spec: {environments: [{name: dev, overlays: [dev], gates: {signature: off}}]}
---
apiVersion: liftlock.dev/v1alpha1
kind: Image
metadata: {name: checkout}
spec: {repository: ghcr.io/acme/checkout, watch: %s}
`, rule)})
	return set.Image("checkout").Watch
}

func TestChoose(t *testing.T) {
	hex := strings.Repeat("9a", 32)
	for _, test := range []struct {
		rule string
		tags string
		want string
	}{
		{`{tag: main}`, "latest main dev", "main"},
		{`{tag: main}`, "latest", ""},
		{`{semver: ">=1.0.0"}`, "v1.2.0 1.10.0 1.9.0 0.9.0 latest", "1.10.0"},
		{`{semver: "~1.4"}`, "v1.4.9 v1.5.0 1.4.10", "1.4.10"},
		{`{semver: ">=1.0.0"}`, "1.0.0 1.1.0-rc.1", "1.0.0"},
		{`{semver: ">=1.0.0-0"}`, "1.0.0 1.1.0-rc.1", "1.1.0-rc.1"},
		{`{semver: ">=1.0.0"}`, "1.4 2 v3 1.4.0", "1.4.0"},
		{`{semver: ">=1.0.0"}`, "v1.4.0 1.4.0", "1.4.0"},
		{`{semver: "*"}`, "01.2.3 2024.01.05 1.2.3.4 1.2.99999999999999999999 main", ""},
		{`{pattern: '^main-(?P<order>[0-9]+)$'}`, "main-9 main-10 main-2 main-11-evil xmain-99", "main-10"},
		{`{pattern: 'main-(?P<order>[0-9]+)-[0-9a-f]+'}`, "main-7-b main-7-a main-6-c", "main-7-a"},
		{`{pattern: 'main-(?P<order>[0-9]+)'}`, "main-99999999999999999999998 main-99999999999999999999999 main-3", "main-99999999999999999999999"},
		{`{pattern: 'main-(?P<order>[0-9]+)'}`, "main-007 main-8", "main-8"},
		{`{pattern: 'main-(?P<order>.*)'}`, "main- main-x main--1 main-1", "main-1"},
		{`{pattern: 'sha256-(?P<order>[0-9]+).*'}`, "sha256-" + hex + " sha256-" + hex + ".sig sha256-" + hex + ".att sha256-" + hex + ".sbom sha256-7", "sha256-7"},
		{`{semver: "*"}`, "", ""},
	} {
		tags := strings.Fields(test.tags)
		for range 5 {
			got, ok := watchOf(t, test.rule).Choose(tags)
			if got != test.want || ok != (test.want != "") {
				t.Errorf("%s of %v: %q %v, want %q", test.rule, tags, got, ok, test.want)
			}
			rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
		}
	}
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		rule, a, b string
		order      int
		by         string
	}{
		{`{semver: ">=1.0.0"}`, "v1.2.0", "1.10.0", -1, "semver"},
		{`{semver: ">=1.0.0"}`, "2.0.0", "0.1.0", 1, "semver"}, // outside the range, but in order
		{`{semver: ">=1.0.0"}`, "v1.0.0", "1.0.0", 0, "semver"},
		{`{semver: ">=1.0.0"}`, "main", "1.0.0", 0, ""},
		{`{pattern: 'main-(?P<order>[0-9]+)'}`, "main-9", "main-10", -1, "order"},
		{`{pattern: 'main-(?P<order>[0-9]+)'}`, "main-9", "1.0.0", 0, ""},
		{`{pattern: 'main-(?P<order>[0-9]+)'}`, "1.0.0", "2.0.0", -1, "semver"},
		{`{tag: main}`, "main", "main", 0, ""},
		{`{tag: main}`, "1.0.0", "2.0.0", -1, "semver"},
	} {
		order, by, ok := watchOf(t, test.rule).Compare(test.a, test.b)
		if order != test.order || by != test.by || ok != (test.by != "") {
			t.Errorf("%s: %s against %s: %d %q %v, want %d %q", test.rule, test.a, test.b, order, by, ok, test.order, test.by)
		}
		back, _, _ := watchOf(t, test.rule).Compare(test.b, test.a)
		if back != -order {
			t.Errorf("%s: %s against %s is %d, but the reverse %d", test.rule, test.a, test.b, order, back)
		}
	}
}

func TestExact(t *testing.T) {
	if tag, ok := watchOf(t, `{tag: main}`).Exact(); tag != "main" || !ok {
		t.Errorf("exact tag %q %v", tag, ok)
	}
	if tag, ok := watchOf(t, `{semver: "*"}`).Exact(); ok {
		t.Errorf("a range is exact: %q", tag)
	}
}

// FuzzChoose: what is chosen is one of the tags, is no signature's, and nothing is newer.
func FuzzChoose(f *testing.F) {
	f.Add("main-1 main-2 1.0.0 v2.0.0 sha256-" + strings.Repeat("0", 64) + ".sig")
	rules := []Watch{watchOf(f, `{semver: "*"}`), watchOf(f, `{pattern: '(main-|sha256-)?(?P<order>[0-9a-f]+).*'}`)}
	f.Fuzz(func(t *testing.T, text string) {
		tags := strings.Fields(text)
		for _, rule := range rules {
			chosen, ok := rule.Choose(tags)
			if !ok {
				continue
			}
			if !slices.Contains(tags, chosen) || !evidence.IsCandidateTag(chosen) {
				t.Errorf("%q of %v", chosen, tags)
			}
			for _, tag := range tags {
				if order, _, ok := rule.Compare(tag, chosen); ok && order > 0 && rule.admits(tag) && evidence.IsCandidateTag(tag) {
					t.Errorf("%q of %v, but %q is newer", chosen, tags, tag)
				}
			}
		}
	})
}
