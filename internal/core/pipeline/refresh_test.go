package pipeline

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

func day(n int) time.Time { return time.Date(2030, 1, n, 0, 0, 0, 0, time.UTC) }

// certificate returns the DER of one that ends then.
func certificate(t testing.TB, until time.Time) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotBefore: until.AddDate(-1, 0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// ca is an authority as a trusted root has it. A zero end is none.
func ca(end time.Time, chain ...[]byte) map[string]any {
	var list []map[string]any
	for _, der := range chain {
		list = append(list, map[string]any{"rawBytes": der})
	}
	valid := map[string]any{"start": "2020-01-01T00:00:00Z"}
	if !end.IsZero() {
		valid["end"] = end
	}
	return map[string]any{"certChain": map[string]any{"certificates": list}, "validFor": valid}
}

func rootOf(t testing.TB, authorities ...map[string]any) string {
	t.Helper()
	content, err := json.Marshal(map[string]any{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "certificateAuthorities": authorities})
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func withLogs(root string) string { return strings.Replace(root, `{`, `{"tlogs":[{}],`, 1) }

func TestReadRoot(t *testing.T) {
	early, late := certificate(t, day(10)), certificate(t, day(20))
	many := make([]map[string]any, maxAuthorities+1)
	for i := range many {
		many[i] = ca(time.Time{}, early)
	}
	for _, test := range []struct {
		name, content string
		until         int64
		profile       evidence.Profile
		want          string
	}{
		{"no authority", testRoot, 0, "", ""},
		{"one", rootOf(t, ca(time.Time{}, late)), day(20).Unix(), "", ""},
		{"chain ends with its first", rootOf(t, ca(time.Time{}, late, early)), day(10).Unix(), "", ""},
		{"last of several", rootOf(t, ca(time.Time{}, early), ca(time.Time{}, late)), day(20).Unix(), "", ""},
		{"ended by decree", rootOf(t, ca(day(5), late)), day(5).Unix(), "", ""},
		{"decree after the certificate", rootOf(t, ca(day(25), late)), day(20).Unix(), "", ""},
		{"lines", rootOf(t, ca(time.Time{}, early)) + "\n" + rootOf(t, ca(time.Time{}, late)) + "\n", day(20).Unix(), evidence.ProfileGitHub, ""},
		{"lines elsewhere", testRoot + testRoot, 0, evidence.ProfilePrivate, "wanted one trusted root, got 2"},
		{"the public root beside GitHub's", withLogs(rootOf(t, ca(time.Time{}, late))) + rootOf(t, ca(time.Time{}, early)), day(10).Unix(), evidence.ProfileGitHub, ""},
		{"the public root in place of GitHub's (A27)", withLogs(rootOf(t, ca(time.Time{}, late))), 0, evidence.ProfileGitHub, "wanted a trusted root without logs for profile github, got logs in all of it"},
		{"too many lines", strings.Repeat(testRoot, maxRoots+1), 0, evidence.ProfileGitHub, "at most 16 trusted roots"},
		{"too many authorities", rootOf(t, many...), 0, "", "100 certificate authorities"},
		{"no chain", rootOf(t, ca(time.Time{})), 0, "", "certificateAuthorities[0]: wanted 1 to 10 certificates in certChain, got 0"},
		{"long chain", rootOf(t, ca(time.Time{}, make([][]byte, maxChain+1)...)), 0, "", "got 11"},
		{"no certificate", rootOf(t, ca(time.Time{}, late), ca(time.Time{}, []byte("x"))), 0, "", "certificateAuthorities[1]: wanted a certificate in certChain.certificates[0]"},
		{"nothing", "", 0, "", "wanted a Sigstore trusted_root.json"},
		{"something after it", testRoot + "x", 0, "", "wanted a Sigstore trusted_root.json"},
		{"another document", `{"mediaType":"text/plain"}`, 0, "", "wanted mediaType"},
		{"large", strings.Repeat(" ", maxTrustBytes+1), 0, "", "at most 4194304 bytes"},
	} {
		got, err := ReadRoot([]byte(test.content), test.profile)
		if test.want == "" && (err != nil || got.AuthoritiesUntil != test.until || len(got.SHA256) != 64) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %+v, %v; want %d, %q", test.name, got, err, test.until, test.want)
		}
	}
}

// A26
func TestOlderRootsAreRefused(t *testing.T) {
	first, second, third := certificate(t, day(10)), certificate(t, day(20)), certificate(t, day(25))
	open := time.Time{}
	for _, test := range []struct {
		name             string
		present, fetched string
		older            bool
	}{
		{"the same", rootOf(t, ca(open, first)), rootOf(t, ca(open, first)), false},
		{"one more", rootOf(t, ca(open, first)), rootOf(t, ca(day(9), first), ca(open, second)), false},
		{"one less", rootOf(t, ca(day(9), first), ca(open, second)), rootOf(t, ca(open, first)), true},
		{"not ended any more", rootOf(t, ca(day(9), first)), rootOf(t, ca(open, first)), true},
		{"ended since", rootOf(t, ca(open, first)), rootOf(t, ca(day(9), first)), false},
		{"exchanged", rootOf(t, ca(open, first), ca(open, second)), rootOf(t, ca(open, second), ca(open, third)), false},
		{"unreadable before", "x", rootOf(t, ca(open, first)), false},
		{"unreadable now", rootOf(t, ca(open, first)), "x", true},
	} {
		if err := CheckNewer([]byte(test.present), []byte(test.fetched)); (err != nil) != test.older {
			t.Errorf("%s: %v, want an error %v", test.name, err, test.older)
		}
	}
}

func TestReadSources(t *testing.T) {
	fsys := tree(t, map[string]string{
		".liftlock/a.yaml": `apiVersion: liftlock.dev/v1alpha1
kind: Pipeline
metadata: {name: shop}
spec:
  trust:
    - {name: github, file: trust/github.json, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
  signers:
    - {name: a, keyless: {issuer: "https://a.example.com", subject: a@example.com}}
    - {name: b, keyless: {issuer: "https://a.example.com", subject: a@example.com, trust: public-good}}
    - {name: c, key: {kms: {uri: "hashivault://c", file: keys/c.pub}}}
  environments: [{name: dev, overlays: [dev]}]
`, ".liftlock/trust/public-good.json": "broken", ".liftlock/keys/c.pub": "broken"})
	got, err := ReadSources(fsys)
	if err != nil {
		t.Fatal(err)
	}
	want := Sources{
		Roots: []TrustEntry{
			{TrustSource{Name: "github", File: "trust/github.json", Profile: "github", SHA256: strings.Repeat("a", 64)}, Place{".liftlock/a.yaml", 6, 7}, Place{".liftlock/a.yaml", 1, 1}},
			{TrustSource{Name: "public-good", File: "trust/public-good.json", Profile: "public-good"}, Place{}, Place{".liftlock/a.yaml", 1, 1}},
		},
		Keys:      []KeyEntry{{KMSKey{URI: "hashivault://c", File: "keys/c.pub"}, "c", Place{".liftlock/a.yaml", 10, 28}}},
		Pipelines: []Place{{".liftlock/a.yaml", 1, 1}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Place{})); diff != "" {
		t.Error(diff)
	}
	fsys[".liftlock/a.yaml"].Data = []byte("kind: Pipeline\n")
	var problems Problems
	if _, err := ReadSources(fsys); !errors.As(err, &problems) {
		t.Errorf("broken documents: %v", err)
	}
}

func TestStaleRoots(t *testing.T) {
	root := TrustSource{SHA256: "a", Refreshed: 100, MaxAge: 50}
	for _, test := range []struct {
		info RootInfo
		at   int64
		want string
	}{
		{RootInfo{SHA256: "a"}, 150, ""},
		{RootInfo{SHA256: "a"}, 151, "it counted until 1970-01-01T00:02:30Z"},
		{RootInfo{SHA256: "b"}, 0, "its file has sha256 b, pinned is a"},
	} {
		if got := root.Stale(test.info, test.at); got != test.want {
			t.Errorf("%+v at %d: %q, want %q", test.info, test.at, got, test.want)
		}
	}
	if got := (TrustSource{}).Stale(RootInfo{SHA256: "a"}, 1<<40); got != "" {
		t.Errorf("nobody pinned it: %q", got)
	}
}

// FuzzReadRoot: what is read has a digest and nothing before its time; what is not is an error; and no root is older than itself.
func FuzzReadRoot(f *testing.F) {
	f.Add([]byte(testRoot))
	f.Add([]byte(rootOf(f, ca(day(5), certificate(f, day(10))), ca(time.Time{}, certificate(f, day(20))))))
	f.Add([]byte(testRoot + "\n" + testRoot))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot","certificateAuthorities":[{"validFor":{"end":"x"}}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		info, err := ReadRoot(content, evidence.ProfileGitHub)
		if (err == nil) != (len(info.SHA256) == 64) {
			t.Errorf("%+v with error %v", info, err)
		}
		if err == nil && CheckNewer(content, content) != nil && !strings.Contains(CheckNewer(content, content).Error(), "reading") {
			t.Error("older than itself")
		}
	})
}

// TestRealRoots reads every trusted root of the corpus, and knows until when the two that matter last.
func TestRealRoots(t *testing.T) {
	corpus := os.Getenv("LIFTLOCK_CORPUS")
	if corpus == "" {
		t.Skip("LIFTLOCK_CORPUS is not set")
	}
	read := func(file string, profile evidence.Profile) (RootInfo, error) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return ReadRoot(content, profile)
	}
	for file, test := range map[string]struct {
		profile evidence.Profile
		until   string
	}{
		"cosign/pkg/cosign/testdata/trusted_root_pgi.json":                                            {evidence.ProfilePublicGood, "2031-10-05"},
		"kyverno/pkg/image/verifiers/ivpol/cosign/testdata/github-trusted-root.json":                  {evidence.ProfileGitHub, "2026-11-13"},
		"sigstore-python/test/assets/trusted_root/trustedroot.v1.local_tlog_ed25519_rekor-tiles.json": {evidence.ProfilePrivate, ""},
	} {
		got, err := read(filepath.Join(corpus, "attestations", file), test.profile)
		if until := time.Unix(got.AuthoritiesUntil, 0).UTC().Format(time.DateOnly); err != nil || test.until != "" && until != test.until {
			t.Errorf("%s: until %s, %v", file, until, err)
		}
	}
	roots, err := filepath.Glob(filepath.Join(corpus, "attestations/sigstore-conformance/test/assets/bundle-verify/*/trusted_root.json"))
	if err != nil || len(roots) < 10 {
		t.Fatalf("%d roots, %v", len(roots), err)
	}
	for _, file := range roots {
		if _, err := read(file, evidence.ProfilePublicGood); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	t.Logf("%d roots", len(roots)+3)
}
