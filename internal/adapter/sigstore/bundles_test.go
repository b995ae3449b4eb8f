package sigstore

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// foreignBundle is as much of a bundle as it takes to know what it is about.
type foreignBundle struct {
	MediaType string `json:"mediaType"`
	Envelope  *struct {
		Payload []byte `json:"payload"`
	} `json:"dsseEnvelope"`
	Signature *struct {
		Digest struct {
			Digest []byte `json:"digest"`
		} `json:"messageDigest"`
	} `json:"messageSignature"`
}

// about returns the sha256 digest that the bundle says it is about, empty where it says none.
func (b foreignBundle) about() string {
	if b.Signature != nil {
		return fmt.Sprintf("%x", b.Signature.Digest.Digest)
	}
	var statement struct {
		Subjects []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if b.Envelope == nil || json.Unmarshal(b.Envelope.Payload, &statement) != nil || len(statement.Subjects) == 0 {
		return ""
	}
	return statement.Subjects[0].Digest["sha256"]
}

// TestRealBundles: every bundle of the corpus, by GitHub and others, of every version, is accepted exactly where the library accepts it;
// and no bundle is accepted once one byte that counts is another.
func TestRealBundles(t *testing.T) {
	c := openCorpus(t)
	accepted, refused := map[string]int{}, 0
	err := filepath.WalkDir(c.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		var b foreignBundle
		if err != nil || json.Unmarshal(body, &b) != nil || !isBundleType(b.MediaType) {
			return err
		}
		image, err := digest.Parse("sha256:" + b.about())
		if err != nil {
			return nil
		}
		name := strings.TrimPrefix(path, c.dir)
		trust := evidence.Trust{Roots: []evidence.TrustRoot{{Name: "root", JSON: c.read(filepath.Join(filepath.Dir(name), "trusted_root.json"), publicGood)}}}
		material, err := root.NewTrustedRootFromJSON(trust.Roots[0].JSON)
		if err != nil {
			return nil // one of the vectors is about that
		}
		library := func(body []byte) error {
			return libraryVerify(t, image, body, &cosign.CheckOpts{TrustedMaterial: material, Offline: true, Identities: []cosign.Identity{{SubjectRegExp: ".", IssuerRegExp: "."}}})
		}
		_, ours := new(Verifier).VerifyBundle(t.Context(), image, body, trust)
		if theirs := library(body); (ours == nil) != (theirs == nil) {
			t.Errorf("%s: want what the library says, %v, got %v", name, theirs, ours)
		}
		if ours != nil {
			refused++
			return nil
		}
		accepted[b.MediaType]++
		for what, twin := range tampered(t, body) {
			_, ours := new(Verifier).VerifyBundle(t.Context(), image, twin, trust)
			// Of an entry of a log of the second generation the body is made anew from the bundle: what it says there does not count.
			if theirs := library(twin); ours == nil && (theirs != nil || !strings.HasSuffix(what, "canonicalizedBody")) {
				t.Errorf("%s: want it refused with another %s, as by the library: %v", name, what, theirs)
			}
		}
		if _, err := new(Verifier).VerifyBundle(t.Context(), digest.Of(body), body, trust); err == nil {
			t.Errorf("%s: want it refused for another file", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("accepted %v, refused %d", accepted, refused)
	for _, version := range []string{"application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle+json;version=0.2", "application/vnd.dev.sigstore.bundle.v0.3+json"} {
		if accepted[version] < 2 {
			t.Errorf("want bundles of type %s accepted, got %d", version, accepted[version])
		}
	}
}

// libraryVerify has the library verify a bundle as a whole, by its timestamps where it has any.
func libraryVerify(t *testing.T, image digest.Digest, body []byte, o *cosign.CheckOpts) error {
	t.Helper()
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(body); err != nil {
		return err
	}
	stamps, err := b.Timestamps()
	if err != nil {
		return err
	}
	var sum []byte
	if _, err := fmt.Sscanf(image.Hex(), "%x", &sum); err != nil {
		t.Fatal(err)
	}
	o.UseSignedTimestamps = len(stamps) > 0
	_, err = cosign.VerifyNewBundle(t.Context(), o, verify.WithArtifactDigest("sha256", sum), b)
	return err
}

// tampered returns twins of a bundle, each with one byte changed where it counts.
func tampered(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	twins := map[string][]byte{}
	for _, path := range [][]string{
		{"dsseEnvelope", "payload"}, {"messageSignature", "signature"}, {"verificationMaterial", "certificate", "rawBytes"},
		{"verificationMaterial", "tlogEntries", "canonicalizedBody"}, {"verificationMaterial", "tlogEntries", "integratedTime"}, {"dsseEnvelope", "signatures", "sig"},
		{"verificationMaterial", "tlogEntries", "inclusionPromise", "signedEntryTimestamp"},
	} {
		var doc any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if !change(doc, path) {
			continue
		}
		twin, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		twins[strings.Join(path, ".")] = twin
	}
	return twins
}

// change alters the text under path, in the first element of every list on the way; false where there is none.
func change(doc any, path []string) bool {
	if list, ok := doc.([]any); ok && len(list) > 0 {
		return change(list[0], path)
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return false
	}
	value, ok := object[path[0]]
	if !ok {
		return false
	}
	text, ok := value.(string)
	if !ok {
		return change(value, path[1:])
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(text) > 12 {
		raw[len(raw)/2] ^= 1
		object[path[0]] = base64.StdEncoding.EncodeToString(raw)
		return true
	}
	object[path[0]] = text[:len(text)-1] + string('0'+('9'-text[len(text)-1])) // a number
	return true
}
