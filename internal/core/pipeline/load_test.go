package pipeline

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
	"testing/fstest"
)

// testRoot is as much of a trusted root as this package reads.
const testRoot = `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`

// testKey returns the PEM of a fixed public key: the curve's base point.
func testKey(t testing.TB) []byte {
	t.Helper()
	curve := elliptic.P256().Params()
	return pemOf(t, &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).Set(curve.Gx), Y: new(big.Int).Set(curve.Gy)})
}

func pemOf(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// tree makes a file system of names and contents, with the key and the trust root that the example refers to.
func tree(t testing.TB, files map[string]string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{
		".liftlock/keys/2026.pub":          {Data: testKey(t)},
		".liftlock/trust/public-good.json": {Data: []byte(testRoot)},
	}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

// example is a repository that uses every field.
func example(t testing.TB) fstest.MapFS {
	t.Helper()
	content, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return tree(t, map[string]string{
		".liftlock/shop.yaml":                                  string(content),
		".liftlock/policies/age.rego":                          "package custom",
		"apps/checkout/overlays/dev/kustomization.yaml":        "",
		"apps/checkout/overlays/staging/kustomization.yaml":    "",
		"apps/checkout/overlays/production/kustomization.yaml": "",
		"apps/cart/overlays/production/kustomization.yaml":     "",
		"apps/.hidden/overlays/production/kustomization.yaml":  "",
		"apps/README.md": "",
	})
}

func TestExampleLoads(t *testing.T) {
	set, err := Load(example(t))
	if err != nil {
		t.Fatal(err)
	}
	if set.Requirements("production", "checkout").Schema != RequirementsSchema {
		t.Fatal("no requirements for an image that is routed there")
	}
}
