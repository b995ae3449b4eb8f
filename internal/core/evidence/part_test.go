package evidence

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzMember: of every document that DecodeStrict takes, each member and element is found, byte for byte as encoding/json finds it, and
// taking one out leaves the others as they were.
func FuzzMember(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,"x",{}]},"c":null}`, ` { "a\"" : [ [ ] , { "b" : -1.5e3 } ] , "\u0061" : true }`, `[1,2]`, `"a"`, `{}`, `{"":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var any any
		if DecodeStrict(data, &any) != nil {
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) != nil {
			object = nil
		}
		for key, want := range object {
			if got := Member(data, key); string(got) != string(want) {
				t.Fatalf("%q: %q: want %q, got %q", data, key, want, got)
			}
			rest, value := Without(data, key)
			var others map[string]json.RawMessage
			if err := json.Unmarshal(rest, &others); err != nil || string(value) != string(want) || len(others) != len(object) || string(others[key]) != "null" {
				t.Fatalf("%q: without %q: got %q and %q, %v", data, key, rest, value, err)
			}
		}
		if object == nil && Member(data, "a") != nil {
			t.Fatalf("%q: want no member of what is no object", data)
		}
		var array []json.RawMessage
		if json.Unmarshal(data, &array) != nil {
			array = nil
		}
		if got := slices.Collect(elements(data)); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", array) {
			t.Fatalf("%q: want elements %q, got %q", data, array, got)
		}
	})
}

// report is a statement with a Trivy report of n findings, some two kilobytes each as Trivy writes them.
func report(n int) []byte {
	finding := func(i int) string {
		return fmt.Sprintf(`{"VulnerabilityID":"CVE-2024-%d","VendorIDs":["DSA-%d"],"PkgID":"libc6@2.36","PkgName":"libc6","PkgIdentifier":{"PURL":"pkg:deb/debian/libc6@2.36","UID":"f0"},`+
			`"InstalledVersion":"2.36","FixedVersion":"2.37","Status":"fixed","Layer":{"DiffID":"sha256:0"},"SeveritySource":"debian","PrimaryURL":"https://avd.example/%d","Title":"t",`+
			`"Description":%q,"Severity":"HIGH","CweIDs":["CWE-1"],"VendorSeverity":{"debian":1,"nvd":3},"CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N","V3Score":7.5}},"References":[%s],"PublishedDate":"2024-01-01T00:00:00Z"}`,
			i, i, i, strings.Repeat("A heap overflow. ", 40), strings.TrimSuffix(strings.Repeat(`"https://example.com/advisory",`, 30), ","))
	}
	var findings []string
	for i := range n {
		findings = append(findings, finding(i))
	}
	return []byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"i","digest":{"sha256":"00"}}],"predicateType":"` + CosignVulnerabilities + `","predicate":` +
		string(scanned(`{"SchemaVersion":2,"Results":[{"Target":"t","Packages":[],"Vulnerabilities":[`+strings.Join(findings, ",")+`]}]}`).Predicate) + `}`)
}

// A37: what reading a large report takes is little beside its bytes.
func BenchmarkDecodeVulnerabilities(b *testing.B) {
	for _, n := range []int{500, 2000, 8000} {
		data := report(n)
		b.Run(fmt.Sprintf("%d findings in %d KiB", n, len(data)>>10), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				statement, err := ParseStatement(data)
				if err != nil {
					b.Fatal(err)
				}
				if scan, err := DecodeVulnerabilities(statement); err != nil || len(scan.Findings) != n {
					b.Fatal(len(scan.Findings), err)
				}
			}
		})
	}
}
