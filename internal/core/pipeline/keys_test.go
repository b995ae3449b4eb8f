package pipeline

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// modulus is no product of two primes, and need not be: nobody signs with it.
func modulus(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.Add(n, big.NewInt(1))
}

// TestWeakKeysAreRefused is A25.
func TestWeakKeysAreRefused(t *testing.T) {
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point := func(curve elliptic.Curve) *ecdsa.PublicKey {
		return &ecdsa.PublicKey{Curve: curve, X: curve.Params().Gx, Y: curve.Params().Gy}
	}
	good := testKey(t)
	for _, test := range []struct {
		name    string
		content []byte
		want    string // part of the error; "": none
	}{
		{"P-256", good, ""},
		{"P-384", pemOf(t, point(elliptic.P384())), ""},
		{"P-521", pemOf(t, point(elliptic.P521())), ""},
		{"P-224", pemOf(t, point(elliptic.P224())), "got one on P-224"},
		{"Ed25519", pemOf(t, edwards), ""},
		{"RSA-2048", pemOf(t, &rsa.PublicKey{N: modulus(2048), E: 65537}), ""},
		{"RSA-1024", pemOf(t, &rsa.PublicKey{N: modulus(1024), E: 65537}), "2048, 3072 or 4096 bits, got 1024"},
		{"RSA-2047", pemOf(t, &rsa.PublicKey{N: modulus(2047), E: 65537}), "got 2047"},
		{"RSA-4096", pemOf(t, &rsa.PublicKey{N: modulus(4096), E: 65537}), ""},
		{"RSA-2049", pemOf(t, &rsa.PublicKey{N: modulus(2049), E: 65537}), "got 2049"},
		{"RSA-16384", pemOf(t, &rsa.PublicKey{N: modulus(16384), E: 65537}), "got 16384"},
		{"RSA exponent 3", pemOf(t, &rsa.PublicKey{N: modulus(2048), E: 3}), "exponent 65537 or more, got 3"},
		{"private key", []byte(strings.ReplaceAll(string(good), "PUBLIC", "PRIVATE")), "one PEM block PUBLIC KEY"},
		{"two keys", append(append([]byte{}, good...), good...), "one PEM block PUBLIC KEY"},
		{"no PEM", []byte("ssh-ed25519 AAAA"), "one PEM block PUBLIC KEY"},
		{"no key", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), "wanted a public key"},
		{"empty", nil, "one PEM block PUBLIC KEY"},
	} {
		_, err := parseKey(test.content)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func TestKeyIsKnownByItsPublicKeyInfo(t *testing.T) {
	key, err := parseKey(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(testKey(t))
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		t.Fatal(err)
	}
	if want := digest.Of(block.Bytes); key.spki != want {
		t.Errorf("digest %s, want %s", key.spki, want)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(testKey(f))
	f.Fuzz(func(t *testing.T, content []byte) {
		key, err := parseKey(content)
		if (err == nil) == key.spki.IsZero() {
			t.Errorf("key %v with error %v", key.spki, err)
		}
	})
}
