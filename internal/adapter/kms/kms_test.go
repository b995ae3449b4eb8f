package kms

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

const token = "a token for tests"

// vault serves the public halves of transit keys, as Vault and OpenBao do, and points the environment at itself.
func vault(t *testing.T, keys map[string]map[string]any) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/v1/transit/keys/")
		if r.Header.Get("X-Vault-Token") != token || r.Method != http.MethodGet {
			http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
			return
		}
		if !ok || keys[name] == nil {
			http.Error(w, `{"errors":[]}`, http.StatusNotFound)
			return
		}
		answer := map[string]any{"data": map[string]any{"latest_version": 2, "keys": map[string]any{"1": map[string]any{"public_key": "old"}, "2": keys[name]}}}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("VAULT_ADDR", server.URL)
	t.Setenv("VAULT_TOKEN", token)
	t.Setenv("VAULT_MAX_RETRIES", "0")
}

func pemOf(t *testing.T, key any) string {
	t.Helper()
	content, err := cryptoutils.MarshalPublicKeyToPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPublicKeyOfVault(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	vault(t, map[string]map[string]any{
		"release":   {"name": "P-256", "public_key": pemOf(t, private.Public())},
		"edwards":   {"name": "ed25519", "public_key": base64.StdEncoding.EncodeToString(edwards)},
		"symmetric": {"name": "aes256-gcm96"},
		"junk":      {"name": "P-256", "public_key": "junk"},
	})
	for _, test := range []struct{ uri, want, problem string }{
		{"hashivault://release", pemOf(t, private.Public()), ""},
		{"hashivault://edwards", pemOf(t, edwards), ""},
		{"hashivault://symmetric", "", "corrupted response"},
		{"hashivault://junk", "", "PEM"},
		{"hashivault://absent", "", "could not read data"},
		{"hashivault://a/b", "", "in the format"},
	} {
		got, err := PublicKey(t.Context(), test.uri)
		if string(got) != test.want || test.problem == "" && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%s: %q, %v; want %q, %q", test.uri, got, err, test.want, test.problem)
		}
	}
}

func TestWithoutTheRightToRead(t *testing.T) {
	vault(t, nil)
	t.Setenv("VAULT_TOKEN", "another")
	_, err := PublicKey(t.Context(), "hashivault://release")
	if err == nil || !strings.Contains(err.Error(), "permission denied") || strings.Contains(err.Error(), "another") {
		t.Errorf("error %v", err)
	}
}

func TestProviders(t *testing.T) {
	for _, scheme := range []string{"awskms://", "azurekms://", "gcpkms://", "hashivault://"} {
		if !slices.Contains(Providers(), scheme) {
			t.Errorf("%s is not built in", scheme)
		}
	}
}

// TestNoProgramIsStarted: the library would look for a program of that name in the path.
func TestNoProgramIsStarted(t *testing.T) {
	_, err := PublicKey(t.Context(), "evil://key")
	if err == nil || !strings.Contains(err.Error(), "want one of awskms://, azurekms://, gcpkms://, hashivault://, openbao://; for any other service write file with its public key, and spki") {
		t.Errorf("error %v", err)
	}
}
