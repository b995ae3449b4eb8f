package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/adapter/dial"
)

func TestParseRealms(t *testing.T) {
	got, err := parseRealms([]string{"registry.acme.io=gitlab.acme.io", " registry.acme.io=sso.acme.io:8443", "docker.io=auth.acme.io"})
	if diff := cmp.Diff(map[string][]string{"registry.acme.io": {"gitlab.acme.io", "sso.acme.io:8443"}, "docker.io": {"auth.acme.io"}}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range []string{"", "registry.acme.io", "=x", "x=", "x=https://y", "x=a@b", "x=y=z"} {
		if _, err := parseRealms([]string{bad}); err == nil || !strings.Contains(err.Error(), "LIFTLOCK_REALMS") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestReaderOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte("key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		o    readerOptions
		env  string
		key  string
		says string
	}{
		"none":          {},
		"both":          {o: readerOptions{app: 7, key: file}, key: "key"},
		"no key":        {o: readerOptions{app: 7}, says: "--reader-private-key"},
		"no number":     {o: readerOptions{key: file}, says: "--reader-app-id", key: "key"},
		"not a number":  {env: "seven", says: "--reader-app-id"},
		"no such file":  {o: readerOptions{app: 7, key: file + "x"}, says: "--reader-private-key"},
		"a bad number":  {o: readerOptions{app: -1, key: file}, says: "--reader-app-id", key: "key"},
		"a number only": {env: "7", o: readerOptions{app: 7}, says: "LIFTLOCK_READER_PRIVATE_KEY_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LIFTLOCK_READER_APP_ID", test.env)
			key, err := test.o.read()
			if string(key) != test.key || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, %v", key, err)
			}
		})
	}
}

// Without a token nobody is asked: public repositories could be read by everybody, but nobody has said so.
func TestTokenReader(t *testing.T) {
	for token, configured := range map[string]bool{"": false, " \n": false, "github_pat_x": true} {
		t.Setenv("LIFTLOCK_GITHUB_TOKEN", token)
		reader, err := tokenReader(dial.New())
		if err != nil || (reader != nil) != configured {
			t.Errorf("token %q: %v, %v", token, reader, err)
		}
	}
	t.Setenv("LIFTLOCK_GITHUB_TOKEN", "github_pat_x")
	t.Setenv("LIFTLOCK_GITHUB_API", "ftp://x")
	if _, err := tokenReader(dial.New()); err == nil || strings.Contains(err.Error(), "github_pat_x") {
		t.Errorf("a bad address: %v", err)
	}
}
