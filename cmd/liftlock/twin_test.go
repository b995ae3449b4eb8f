package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// part is something in an envelope that a forger might change.
type part int

const (
	payloadPart part = iota
	signaturePart
	certificatePart
)

// twin returns the envelope with one part changed, in whatever form that part is written there. It reports false where the envelope has
// no such part.
func twin(t *testing.T, e evidence.Envelope, which part, change func([]byte) []byte) (evidence.Envelope, bool) {
	t.Helper()
	e.Annotations = maps.Clone(e.Annotations)
	if e.Source == evidence.SourceLegacySignature && which == payloadPart {
		e.Body = change(e.Body)
		e.Digest = digest.Of(e.Body)
		return e, true
	}
	if key := annotationOf(e, which); key != "" {
		text, ok := e.Annotations[key]
		if ok {
			e.Annotations[key] = recoded(t, text, change)
		}
		return e, ok
	}
	ok := false
	document := decoded(t, e.Body)
	at, key := placeOf(document, which)
	if text, has := at[key].(string); has {
		at[key], ok = recoded(t, text, change), true
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	e.Body, e.Digest = body, digest.Of(body)
	return e, ok
}

// annotationOf is where the legacy form keeps a part beside the body.
func annotationOf(e evidence.Envelope, which part) string {
	switch {
	case e.Source == evidence.SourceLegacySignature && which == signaturePart:
		return "dev.cosignproject.cosign/signature"
	case e.Source != evidence.SourceReferrers && which == certificatePart:
		return "dev.sigstore.cosign/certificate"
	}
	return ""
}

// placeOf finds a part in an envelope of JSON.
func placeOf(document map[string]any, which part) (map[string]any, string) {
	if which == certificatePart {
		material, _ := document["verificationMaterial"].(map[string]any)
		if chain, ok := material["x509CertificateChain"].(map[string]any); ok {
			return first(chain["certificates"]), "rawBytes"
		}
		leaf, _ := material["certificate"].(map[string]any)
		return leaf, "rawBytes"
	}
	envelope := document
	if inner, ok := document["dsseEnvelope"].(map[string]any); ok {
		envelope = inner
	}
	if which == payloadPart {
		return envelope, "payload"
	}
	return first(envelope["signatures"]), "sig"
}

func first(list any) map[string]any {
	if all, _ := list.([]any); len(all) > 0 {
		object, _ := all[0].(map[string]any)
		return object
	}
	return nil
}

func decoded(t *testing.T, body []byte) (document map[string]any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	return document
}

// recoded changes what a text stands for: PEM or base64.
func recoded(t *testing.T, text string, change func([]byte) []byte) string {
	t.Helper()
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: change(block.Bytes)}))
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(change(raw))
}

// spaced changes the bytes of a document and not what they say.
func spaced(b []byte) []byte { return append(bytes.Clone(b), ' ') }

// flipped changes one bit, at a share of the whole.
func flipped(nth, of int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)*nth/of] ^= 1
		return b
	}
}

// about makes what is said of one image be said of another.
func about(from, to digest.Digest) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(from.Hex()), []byte(to.Hex())) }
}

// timeless takes log entries and timestamps away.
func timeless(t *testing.T, e evidence.Envelope) evidence.Envelope {
	t.Helper()
	if e.Source != evidence.SourceReferrers {
		e.Annotations = maps.Clone(e.Annotations)
		delete(e.Annotations, "dev.sigstore.cosign/bundle")
		delete(e.Annotations, "dev.sigstore.cosign/rfc3161timestamp")
		return e
	}
	document := decoded(t, e.Body)
	material, _ := document["verificationMaterial"].(map[string]any)
	delete(material, "tlogEntries")
	delete(material, "timestampVerificationData")
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	e.Body, e.Digest = body, digest.Of(body)
	return e
}
