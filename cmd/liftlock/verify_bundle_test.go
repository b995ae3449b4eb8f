package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// vectors is the folder of Sigstore's conformance vectors for bundles.
type vectors struct{ *testing.T }

// read returns what a file holds, empty where there is none.
func (v vectors) read(path string) string {
	v.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		v.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// TestVerifyBundleConformance runs every vector as the conformance suite does, each over the file and over its digest.
func TestVerifyBundleConformance(t *testing.T) {
	corpus := os.Getenv("LIFTLOCK_CORPUS")
	if corpus == "" {
		t.Skip("set LIFTLOCK_CORPUS to the folder with foreign files")
	}
	const (
		workflow = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
		issuer   = "https://token.actions.githubusercontent.com"
	)
	base := filepath.Join(corpus, "attestations", "sigstore-conformance/test/assets/bundle-verify")
	writeTrust(t, vectors{t}.read(filepath.Join(corpus, "attestations", "cosign/pkg/cosign/testdata/trusted_root_pgi.json")))
	names, err := filepath.Glob(filepath.Join(base, "*", "bundle.sigstore.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 70 {
		t.Errorf("want 70 vectors, got %d", len(names))
	}
	for _, bundle := range names {
		dir := filepath.Dir(bundle)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			v := vectors{t}
			args := []string{"verify-bundle", "--bundle", bundle}
			if key := filepath.Join(dir, "key.pub"); v.read(key) != "" {
				args = append(args, "--key", key)
			} else {
				args = append(args, "--certificate-identity", cmp.Or(v.read(filepath.Join(dir, "identity")), workflow), "--certificate-oidc-issuer", cmp.Or(v.read(filepath.Join(dir, "issuer")), issuer))
			}
			if root := filepath.Join(dir, "trusted_root.json"); v.read(root) != "" {
				args = append(args, "--trusted-root", root)
			}
			file := filepath.Join(dir, "artifact")
			content, err := os.ReadFile(file)
			if os.IsNotExist(err) {
				file = filepath.Join(base, "a.txt")
				content, err = os.ReadFile(file)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, subject := range []string{file, digest.Of(content).String()} {
				code, out, narration := running(t, append(args, subject)...)
				if accepted := !strings.HasSuffix(dir, "_fail"); accepted != (code == exitPassed) || accepted != (narration == "") || accepted != strings.HasPrefix(out, "accepted: ") {
					t.Errorf("%s: want accepted %t, got status %d: %s%s", subject, accepted, code, out, narration)
				}
			}
		})
	}
}

// running runs the program in this process.
func running(t *testing.T, args ...string) (code int, out, narration string) {
	t.Helper()
	var o, n bytes.Buffer
	code = run(t.Context(), args, streams{out: &o, err: &n})
	return code, o.String(), n.String()
}

// writeTrust makes a directory with trust in it the current one.
func writeTrust(t *testing.T, root string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(".liftlock/trust", 0o750); err != nil {
		t.Fatal(err)
	}
	writeFile(t, ".liftlock/trust/public-good.json", []byte(root))
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyBundle: what is asked for is compared letter by letter, and every refusal says why, under the status that it deserves.
func TestVerifyBundle(t *testing.T) {
	authority, err := signer.New(func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	root, err := authority.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	writeTrust(t, string(root))
	key, err := signer.NewKey("release")
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "key.pub", pem)
	writeFile(t, "app", []byte("an application"))
	writeFile(t, "other", []byte("another"))
	file := digest.Of([]byte("an application"))
	id := signer.Identity{Repository: "acme/app"}
	for name, by := range map[string]*signer.Signer{"keyless.json": authority.Keyless(id), "keyed.json": key, "stamped.json": key.LoggedBy(authority), "unlogged.json": authority.Keyless(id).WithFlaws(signer.Flaws{NoLog: true})} {
		object, err := by.Attest(file, signer.Bundle, "https://example.com/built/v1", map[string]string{})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, object.Body)
	}
	writeFile(t, "hostile.json", []byte("{\"mediaType\":\"\x1b[31m\"}"))
	keyless := func(bundle string, more ...string) []string {
		return append([]string{"--bundle", bundle, "--certificate-identity", id.SAN(), "--certificate-oidc-issuer", signer.GitHubIssuer}, more...)
	}
	for _, test := range []struct {
		name, want string
		code       int
		args       []string
	}{
		{"file", "accepted: " + file.String() + ", signed by " + id.SAN() + " at 2026-03-02T09:00:01Z\n", exitPassed, keyless("keyless.json", "app")},
		{"digest", "accepted: ", exitPassed, keyless("keyless.json", file.String())},
		{"key", "at no trusted time", exitPassed, []string{"--bundle", "keyed.json", "--key", "key.pub", "app"}},
		{"key with time", "at 2026-03-02T09:00:01Z", exitPassed, []string{"--bundle", "stamped.json", "--key", "key.pub", "app"}},
		{"trust by name", "accepted: ", exitPassed, keyless("keyless.json", "--staging", "--trusted-root", ".liftlock/trust/public-good.json", "app")},
		{"another file", "rejected: SUBJECT_MISMATCH: ", exitFailed, keyless("keyless.json", "other")},
		{"another digest", "rejected: SUBJECT_MISMATCH: ", exitFailed, keyless("keyless.json", digest.Of(nil).String())},
		{"not logged", "rejected: TLOG_MISSING: ", exitFailed, keyless("unlogged.json", "app")},
		{"another identity (A12)", "rejected: want a signature by ", exitFailed, []string{"--bundle", "keyless.json", "--certificate-identity", strings.TrimSuffix(id.SAN(), "n"), "--certificate-oidc-issuer", signer.GitHubIssuer, "app"}},
		{"another issuer (A14)", "rejected: want a signature by ", exitFailed, []string{"--bundle", "keyless.json", "--certificate-identity", id.SAN(), "--certificate-oidc-issuer", signer.GitHubIssuer + "/", "app"}},
		{"key where a certificate is wanted", "rejected: SIGNATURE_INVALID: ", exitFailed, keyless("keyed.json", "app")},
		{"certificate where a key is wanted", "rejected: want a signature by the key in \"key.pub\", got one by ", exitFailed, []string{"--bundle", "keyless.json", "--key", "key.pub", "app"}},
		{"hostile text (A59)", "rejected: SIGNATURE_MALFORMED: ", exitFailed, keyless("hostile.json", "app")},
		{"no identity (A13)", "want --certificate-identity and --certificate-oidc-issuer, or --key", exitUsage, []string{"--bundle", "keyless.json", "--certificate-identity", "", "--certificate-oidc-issuer", signer.GitHubIssuer, "app"}},
		{"no issuer", "want --certificate-identity and", exitUsage, []string{"--bundle", "keyless.json", "--certificate-identity", id.SAN(), "app"}},
		{"nobody", "want --certificate-identity and", exitUsage, []string{"--bundle", "keyless.json", "app"}},
		{"both", "got both", exitUsage, keyless("keyless.json", "--key", "key.pub", "app")},
		{"no bundle", "want --bundle FILE", exitUsage, []string{"--key", "key.pub", "app"}},
		{"bundle that is not there", "reading bundle: ", exitUsage, keyless("nowhere.json", "app")},
		{"file that is not there", "reading file: ", exitUsage, keyless("keyless.json", "nowhere")},
		{"digest of another kind", "reading file: ", exitUsage, keyless("keyless.json", "sha512:"+file.Hex())},
		{"no file", "got no argument", exitUsage, keyless("keyless.json")},
		{"no trust", `reading trusted root: open .liftlock/trust/staging.json: no such file or directory: run "liftlock trust refresh" here`, exitUsage, keyless("keyless.json", "--staging", "app")},
		{"trust that is none", "reading trust root", exitUsage, keyless("keyless.json", "--trusted-root", "app", "app")},
		{"key that is none", "reading key", exitUsage, []string{"--bundle", "keyed.json", "--key", "app", "app"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, narration := running(t, append([]string{"verify-bundle"}, test.args...)...)
			if code != test.code || !strings.Contains(out+narration, test.want) || (out == "") != (code != exitPassed) || strings.Contains(narration, "\x1b") {
				t.Errorf("want status %d and %q, got %d: %q %q", test.code, test.want, code, out, narration)
			}
		})
	}
	// A file may have a digest for its name: then its bytes are meant.
	named := digest.Of([]byte("an application")).String()
	writeFile(t, named, []byte("something else"))
	if code, _, narration := running(t, append([]string{"verify-bundle"}, keyless("keyless.json", named)...)...); code != exitFailed {
		t.Errorf("want the file of that name judged, got status %d: %s", code, narration)
	}
}
