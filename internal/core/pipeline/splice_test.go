package pipeline

import (
	"strings"
	"testing"
)

const pin = "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3"

const splicedHead = "# Owned by security.\napiVersion: liftlock.dev/v1alpha1\nkind: Pipeline # ä\nmetadata: {name: shop}\nspec:\n"

const splicedTail = "  environments: # steps\n    - {name: dev, overlays: [dev]}\n"

func TestSet(t *testing.T) {
	for _, test := range []struct{ name, before, after, problem string }{
		{"flow", "  trust: [{name: github, file: trust/github.json}]\n", "  trust: [{name: github, file: trust/github.json, sha256: PIN, refreshed: 2026-11-20T09:00:00Z}]\n", ""},
		{"flow over lines", "  trust:\n    - {name: github,\n       file: trust/github.json} # mine\n", "  trust:\n    - {name: github,\n       file: trust/github.json, sha256: PIN, refreshed: 2026-11-20T09:00:00Z} # mine\n", ""},
		{"block", "  trust:\n    # pinned\n    - name: github\n      file: trust/github.json # here\n", "  trust:\n    # pinned\n    - name: github\n      file: trust/github.json # here\n      sha256: PIN\n      refreshed: 2026-11-20T09:00:00Z\n", ""},
		{"values in any order", "  trust:\n    - refreshed: 2026-01-01 # then\n      sha256: \"" + strings.Repeat("0", 64) + "\"\n      name: github\n      maxAge: 30d\n      file: 'trust/github.json'\n",
			"  trust:\n    - refreshed: 2026-11-20T09:00:00Z # then\n      sha256: \"PIN\"\n      name: github\n      maxAge: 30d\n      file: 'trust/github.json'\n", ""},
		{"folded", "  trust:\n    - name: github\n      file: trust/github.json\n      sha256: >-\n        " + strings.Repeat("0", 64) + "\n", "", "wanted a plain or quoted value"},
		{"behind an alias", "  trust: &t\n    - &g {name: github, file: trust/github.json}\n    - *g\n", "", "got none of its own"},
		{"columns after long characters", "  trust: [{\"n\\u0061me\": github, file: trust/github.json, profile: github, \"sha256\": \"" + strings.Repeat("0", 64) + "\"}]\n", "  trust: [{\"n\\u0061me\": github, file: trust/github.json, profile: github, \"sha256\": \"PIN\", refreshed: 2026-11-20T09:00:00Z}]\n", ""},
	} {
		for _, end := range []string{"\n", "\r\n"} {
			convert := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "PIN", pin), "\n", end) }
			before := convert(splicedHead + test.before + splicedTail)
			sources, err := ReadSources(tree(t, map[string]string{".liftlock/a.yaml": before}))
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			place := sources.Roots[len(sources.Roots)-1].Entry
			got, err := place.Set([]byte(before), Setting{"sha256", pin}, Setting{"refreshed", "2026-11-20T09:00:00Z"})
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) || !strings.Contains(err.Error(), "write it by hand") {
					t.Errorf("%s: %v, want an error with %q", test.name, err, test.problem)
				}
				continue
			}
			if want := convert(splicedHead + test.after + splicedTail); err != nil || string(got) != want {
				t.Errorf("%s: %v\n%s\nwant\n%s", test.name, err, got, want)
			}
			again, err := place.Set(got, Setting{"sha256", pin}, Setting{"refreshed", "2026-11-20T09:00:00Z"})
			if err != nil || string(again) != string(got) {
				t.Errorf("%s: twice is not once: %v\n%s", test.name, err, again)
			}
		}
	}
}

func TestAddRoot(t *testing.T) {
	root := TrustSource{Name: "public-good", File: "trust/public-good.json", Profile: "public-good", SHA256: pin, Refreshed: 1795164000}
	const line = "{name: public-good, file: trust/public-good.json, profile: public-good, sha256: " + pin + ", refreshed: 2026-11-20T08:40:00Z}"
	for _, test := range []struct{ name, before, after string }{
		{"none yet", splicedHead + splicedTail, splicedHead + "  trust:\n    - " + line + "\n" + splicedTail},
		{"beside another", splicedHead + "  trust:\n  - name: github\n    file: trust/github.json # mine\n" + splicedTail, splicedHead + "  trust:\n  - name: github\n    file: trust/github.json # mine\n  - " + line + "\n" + splicedTail},
		{"comment of the first field", splicedHead + "  # who\n  ledger: {branch: x}\n" + splicedTail, splicedHead + "  trust:\n    - " + line + "\n  # who\n  ledger: {branch: x}\n" + splicedTail},
		{"at the end, without a line end", splicedHead + splicedTail + "  trust:\n    - {name: github, file: trust/github.json}", splicedHead + splicedTail + "  trust:\n    - {name: github, file: trust/github.json}\n    - " + line},
		{"flow", "apiVersion: liftlock.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: shop}\nspec: {environments: [{name: dev, overlays: [dev]}]}\n", ""},
		{"list in flow", splicedHead + "  trust: [{name: github, file: trust/github.json}]\n" + splicedTail, ""},
	} {
		var place Place
		all := documents{grammar: newGrammar()}
		all.parse("a.yaml", []byte(test.before))
		place = all.pipelines[0].source.place("")
		got, said, err := place.AddRoot([]byte(test.before), root)
		if said != line {
			t.Errorf("%s: line %q", test.name, said)
		}
		if (err != nil) != (test.after == "") || string(got) != test.after {
			t.Errorf("%s: %v\n%s\nwant\n%s", test.name, err, got, test.after)
		}
	}
}

// FuzzSet: whatever the file is, an edit is either refused or changes just the fields that it is for, and doing it twice is doing it
// once.
func FuzzSet(f *testing.F) {
	f.Add(splicedHead+"  trust: [{name: github, file: trust/github.json}]\n"+splicedTail, 6, 11)
	f.Add(splicedHead+"  trust:\n    - name: github\n      file: x # y\n", 7, 7)
	f.Add("a: &x {b: c}\nd: *x\n", 1, 8)
	f.Add("a:\r\n  b: 'c'\r\n", 2, 3)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		place := Place{File: "a.yaml", line: line, column: column}
		edited, err := place.Set([]byte(text), Setting{"sha256", pin})
		if err != nil {
			return
		}
		before, err := readNodes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		after, err := readNodes(edited)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, edited)
		}
		if !sameNodes(before.documents, after.documents, before.find(place), Setting{"sha256", pin}) {
			t.Errorf("changed more\n%s\nto\n%s", text, edited)
		}
		if again, err := place.Set(edited, Setting{"sha256", pin}); err != nil || string(again) != string(edited) {
			t.Errorf("twice is not once: %v\n%s\n%s", err, edited, again)
		}
	})
}
