package sigstore

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// legacy is a layer of cosign's .sig or .att image.
type legacy struct {
	signature oci.Signature
	entry     *cbundle.RekorBundle // nil: not logged
	timed     bool                 // carries an RFC 3161 timestamp
	verify    func(context.Context, oci.Signature, v1.Hash, *cosign.CheckOpts) (bool, error)
	claims    func(oci.Signature, v1.Hash, map[string]any) error
}

func (c *candidate) parseLegacySignature(d digest.Digest, envelope evidence.Envelope) error {
	claimed, err := evidence.ParseSimpleSigning(envelope.Body)
	if err != nil {
		return err
	}
	if claimed != d {
		return reject(evidence.CodeClaimMismatch, "reading signature payload: want digest %s, got %s", d, claimed)
	}
	signature := envelope.Annotations[static.SignatureAnnotationKey]
	if raw, err := base64.StdEncoding.DecodeString(signature); err != nil || len(raw) == 0 {
		return reject(codeMalformed, "reading annotation %q: want a signature in base64", static.SignatureAnnotationKey)
	}
	c.verified.Kind = evidence.KindSignature
	return c.takeLayer(envelope, signature, &legacy{verify: cosign.VerifyImageSignature, claims: cosign.SimpleClaimVerifier})
}

func (c *candidate) parseLegacyAttestation(d digest.Digest, envelope evidence.Envelope) error {
	var dsse struct {
		Payload    string `json:"payload"`
		Type       string `json:"payloadType"`
		Signatures []struct {
			Signature string `json:"sig"`
		} `json:"signatures"`
	}
	if err := evidence.DecodeStrict(envelope.Body, &dsse); err != nil {
		return reject(codeMalformed, "reading envelope: %w", err)
	}
	if n := len(dsse.Signatures); n < 1 || n > maxSignatures {
		return reject(codeMalformed, "reading envelope: want 1 to %d signatures, got %d", maxSignatures, n)
	}
	signed, err := base64.StdEncoding.Strict().DecodeString(dsse.Payload)
	if err != nil {
		return reject(codeMalformed, "reading envelope: payload: %w", err)
	}
	if err := c.takeStatement(d, signed); err != nil {
		return err
	}
	// VerifyBlobAttestation is what VerifyImageAttestation runs for each layer, only on this goroutine, where a panic can be stopped.
	return c.takeLayer(envelope, "", &legacy{verify: cosign.VerifyBlobAttestation, claims: cosign.IntotoSubjectClaimVerifier})
}

// takeLayer reads the annotations ourselves and gives cosign only what they hold: its own reading of them can end the process (A29).
func (c *candidate) takeLayer(envelope evidence.Envelope, signature string, l *legacy) error {
	for key, value := range envelope.Annotations {
		if len(value) > maxAnnotation {
			return reject(codeMalformed, "reading annotation %q: want at most %d bytes, got %d", clip(key), maxAnnotation, len(value))
		}
	}
	var options []static.Option
	certificates, err := parsePEM(envelope.Annotations[static.CertificateAnnotationKey])
	if err != nil {
		return reject(codeMalformed, "reading annotation %q: %w", static.CertificateAnnotationKey, err)
	}
	if _, err := parsePEM(envelope.Annotations[static.ChainAnnotationKey]); err != nil {
		return reject(codeMalformed, "reading annotation %q: %w", static.ChainAnnotationKey, err)
	}
	if len(certificates) > 0 {
		c.leaf = withoutSANMark(certificates[0])
		// Without the chain: the trust root holds what is between leaf and root.
		leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf.Raw})
		options = append(options, static.WithCertChain(leaf, nil))
	}
	if text := envelope.Annotations[static.BundleAnnotationKey]; text != "" {
		if l.entry, err = parseEntry(text); err != nil {
			return err
		}
		options = append(options, static.WithBundle(l.entry))
	}
	if text := envelope.Annotations[static.RFC3161TimestampAnnotationKey]; text != "" {
		stamped, err := parseTimestamp(text)
		if err != nil {
			return err
		}
		l.timed = true
		options = append(options, static.WithRFC3161Timestamp(stamped))
	}
	if l.signature, err = static.NewSignature(envelope.Body, signature, options...); err != nil {
		return reject(codeMalformed, "reading layer: %w", err)
	}
	c.proof = l
	return nil
}

// parsePEM returns 1 to 10 certificates, or none for the empty string; anything else is refused: cosign takes the first of none.
func parsePEM(text string) ([]*x509.Certificate, error) {
	if text == "" {
		return nil, nil
	}
	var list []*x509.Certificate
	for rest := []byte(text); len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, reject(codeMalformed, "want PEM blocks CERTIFICATE, got %q", clip(text))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if list = append(list, certificate); len(list) > maxCertificates {
			return nil, reject(codeMalformed, "want at most %d certificates", maxCertificates)
		}
	}
	if len(list) == 0 {
		return nil, reject(codeMalformed, "want a certificate, got %q", clip(text))
	}
	return list, nil
}

// parseEntry reads the log entry of the legacy form. In cosign Payload.body is an interface{} that it asserts to be a string, so a
// number there kills the process; here it has its type.
func parseEntry(text string) (*cbundle.RekorBundle, error) {
	var entry struct {
		Promise []byte `json:"SignedEntryTimestamp"`
		Payload struct {
			Body           string `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		} `json:"Payload"`
	}
	if err := evidence.DecodeStrict([]byte(text), &entry); err != nil {
		return nil, reject(codeMalformed, "reading annotation %q: %w", static.BundleAnnotationKey, err)
	}
	p := entry.Payload
	body, err := base64.StdEncoding.DecodeString(p.Body)
	if err != nil || len(body) == 0 || len(entry.Promise) == 0 || p.IntegratedTime <= 0 {
		return nil, reject(codeMalformed, "reading annotation %q: want SignedEntryTimestamp, and Payload with body in base64 and integratedTime", static.BundleAnnotationKey)
	}
	var kind struct {
		Kind string `json:"kind"`
	}
	if err := evidence.DecodeStrict(body, &kind); err != nil || !slices.Contains(entryKinds(), kind.Kind) {
		return nil, reject(codeLogInvalid, "reading annotation %q: want a log entry of kind %q, got %q", static.BundleAnnotationKey, entryKinds(), clip(kind.Kind))
	}
	return &cbundle.RekorBundle{
		SignedEntryTimestamp: entry.Promise,
		Payload:              cbundle.RekorPayload{Body: p.Body, IntegratedTime: p.IntegratedTime, LogIndex: p.LogIndex, LogID: p.LogID},
	}, nil
}

// entryKinds are those that cosign ever wrote for images. Rekor knows a dozen more, down to RPM packages, all of them parsers to attack.
func entryKinds() []string { return []string{"hashedrekord", "intoto", "dsse"} }

func parseTimestamp(text string) (*cbundle.RFC3161Timestamp, error) {
	var stamped struct {
		Timestamp []byte `json:"SignedRFC3161Timestamp"`
	}
	if err := evidence.DecodeStrict([]byte(text), &stamped); err != nil || len(stamped.Timestamp) == 0 {
		return nil, reject(codeMalformed, "reading annotation %q: want SignedRFC3161Timestamp in base64, got %q", static.RFC3161TimestampAnnotationKey, clip(text))
	}
	return &cbundle.RFC3161Timestamp{SignedRFC3161Timestamp: stamped.Timestamp}, nil
}

func (l *legacy) byRoot(ctx context.Context, d digest.Digest, material root.TrustedMaterial) (int64, error) {
	if l.entry == nil {
		return 0, reject(codeLogMissing, "verifying signature: want a log entry, got none")
	}
	logged, err := l.verify(ctx, l.signature, hash(d), &cosign.CheckOpts{
		TrustedMaterial:     material,
		Identities:          unsafeAnyIdentity(),
		ClaimVerifier:       l.claims,
		Offline:             true,
		UseSignedTimestamps: l.timed,
	})
	if err == nil && !logged {
		err = reject(codeLogMissing, "verifying signature: want a log entry, got none")
	}
	return l.entry.Payload.IntegratedTime, err
}

func (l *legacy) byKey(ctx context.Context, d digest.Digest, key trustKey) error {
	_, err := l.verify(ctx, l.signature, hash(d), &cosign.CheckOpts{
		SigVerifier:   key.verifier,
		ClaimVerifier: l.claims,
		Offline:       true,
		IgnoreTlog:    true, // the log gives a key's signature a time; whether one is needed is a rule
	})
	return err
}

func (l *legacy) keyedAt(material root.TrustedMaterial, key trustKey) int64 {
	if l.entry == nil {
		return 0
	}
	if logged, err := cosign.VerifyBundle(l.signature, &cosign.CheckOpts{TrustedMaterial: material, SigVerifier: key.verifier, Offline: true}); err != nil || !logged {
		return 0
	}
	return l.entry.Payload.IntegratedTime
}

func (l *legacy) explain(leaf *x509.Certificate, material root.TrustedMaterial, refused error) error {
	if err := explainCertificate(leaf, material); err != nil {
		return err
	}
	if l.entry == nil {
		return refused
	}
	if _, err := cosign.VerifyBundle(l.signature, &cosign.CheckOpts{TrustedMaterial: material, Offline: true}); err != nil {
		return reject(codeLogInvalid, "verifying log entry: %w", err)
	}
	if err := checkChain(leaf, material, l.entry.Payload.IntegratedTime); err != nil {
		return err
	}
	if l.timed {
		if _, err := cosign.VerifyRFC3161Timestamp(l.signature, &cosign.CheckOpts{TrustedMaterial: material}); err != nil {
			return reject(codeTimestampInvalid, "verifying timestamp: %w", err)
		}
	}
	return reject(codeInvalid, "verifying signature: %w", refused)
}

func hash(d digest.Digest) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: d.Hex()} }

func clip(s string) string {
	if len(s) > 96 {
		return s[:96] + "…"
	}
	return s
}

func subjects(s evidence.Statement) string {
	var list []string
	for _, subject := range s.Subjects {
		list = append(list, clip(subject.Digest["sha256"]))
	}
	return strings.Join(list, ", ")
}
