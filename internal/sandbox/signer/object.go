package signer

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Media types of what is stored.
const (
	simpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsseType          = "application/vnd.dsse.envelope.v1+json"
	bundleType        = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// Object is a signature or attestation as it is stored beside an image.
type Object struct {
	evidence.Envelope
	ManifestAnnotations map[string]string // of the referrer; nothing in the legacy form
	CreatedAt           time.Time         // when it was logged; zero: not
}

type (
	dsseEnvelope struct {
		Payload     []byte          `json:"payload"`
		PayloadType string          `json:"payloadType"`
		Signatures  []dsseSignature `json:"signatures"`
	}
	dsseSignature struct {
		KeyID string `json:"keyid"`
		Sig   []byte `json:"sig"`
	}
)

func (m sealed) legacySignature(payload []byte) (Object, error) {
	annotations := map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(m.signature)}
	hash := sha256.Sum256(payload)
	err := m.annotate(annotations, "hashedrekord", func(verifier []byte) map[string]any {
		return map[string]any{
			"data":      map[string]any{"hash": sha256Value(hash[:])},
			"signature": map[string]any{"content": m.signature, "publicKey": map[string]any{"content": verifier}},
		}
	})
	return m.object(evidence.SourceLegacySignature, simpleSigningType, annotations, payload), err
}

func (m sealed) legacyAttestation(envelope dsseEnvelope, predicateType string) (Object, error) {
	body, err := json.Marshal(envelope)
	if err != nil {
		return Object{}, fmt.Errorf("writing envelope: %w", err)
	}
	annotations := map[string]string{"dev.cosignproject.cosign/signature": "", "predicateType": predicateType}
	err = m.annotate(annotations, "dsse", func(verifier []byte) map[string]any { return m.dsseEntry(envelope, body, verifier) })
	return m.object(evidence.SourceLegacyAttestation, dsseType, annotations, body), err
}

func (m sealed) dsseEntry(envelope dsseEnvelope, body, verifier []byte) map[string]any {
	outer, inner := sha256.Sum256(body), sha256.Sum256(envelope.Payload)
	return map[string]any{
		"envelopeHash": sha256Value(outer[:]),
		"payloadHash":  sha256Value(inner[:]),
		"signatures":   []any{map[string]any{"signature": base64.StdEncoding.EncodeToString(m.signature), "verifier": verifier}},
	}
}

func sha256Value(hash []byte) map[string]any {
	return map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(hash)}
}

// annotate adds what the legacy form says beside a signature: who made it, and where it was logged.
func (m sealed) annotate(annotations map[string]string, kind string, spec func(verifier []byte) map[string]any) error {
	if m.leaf != nil {
		annotations["dev.sigstore.cosign/certificate"] = string(m.verifier)
		annotations["dev.sigstore.cosign/chain"] = string(chainPEM(m.chain))
	}
	if !m.isLogged() {
		return nil
	}
	entry, err := m.signer.authority.log.add(kind, spec(m.verifier), m.loggedAt)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]any{
		"SignedEntryTimestamp": entry.promise,
		"Payload":              map[string]any{"body": entry.body, "integratedTime": entry.at, "logIndex": entry.index, "logID": hex.EncodeToString(entry.id)},
	})
	annotations["dev.sigstore.cosign/bundle"] = string(raw)
	return err
}

func chainPEM(chain []*x509.Certificate) (out []byte) {
	for _, certificate := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	}
	return out
}

func (m sealed) object(source, mediaType string, annotations map[string]string, body []byte) Object {
	envelope := evidence.Envelope{Source: source, MediaType: mediaType, Annotations: annotations, Digest: digest.Of(body), Body: body}
	return Object{Envelope: envelope, CreatedAt: m.loggedAt}
}

// The bundle, as sigstore/protobuf-specs spells it in JSON; 64-bit numbers are strings there.
type (
	sigstoreBundle struct {
		MediaType string       `json:"mediaType"`
		Material  material     `json:"verificationMaterial"`
		Envelope  dsseEnvelope `json:"dsseEnvelope"`
	}
	material struct {
		Certificate *rawCertificate `json:"certificate,omitempty"`
		PublicKey   *keyHint        `json:"publicKey,omitempty"`
		Entries     []logEntry      `json:"tlogEntries"`
	}
	keyHint struct {
		Hint string `json:"hint"`
	}
	logEntry struct {
		Index       int64          `json:"logIndex,string"`
		ID          logID          `json:"logId"`
		KindVersion kindVersion    `json:"kindVersion"`
		At          int64          `json:"integratedTime,string"`
		Promise     promise        `json:"inclusionPromise"`
		Proof       inclusionProof `json:"inclusionProof"`
		Body        []byte         `json:"canonicalizedBody"`
	}
	kindVersion struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	}
	promise struct {
		SET []byte `json:"signedEntryTimestamp"`
	}
	inclusionProof struct {
		Index      int64      `json:"logIndex,string"`
		Root       []byte     `json:"rootHash"`
		Size       int64      `json:"treeSize,string"`
		Hashes     [][]byte   `json:"hashes"`
		Checkpoint checkpoint `json:"checkpoint"`
	}
	checkpoint struct {
		Envelope string `json:"envelope"`
	}
)

func (m sealed) bundle(envelope dsseEnvelope, predicateType string) (Object, error) {
	b := sigstoreBundle{MediaType: bundleType, Envelope: envelope}
	if m.leaf != nil {
		b.Material.Certificate = &rawCertificate{m.leaf.Raw}
	} else {
		der, err := x509.MarshalPKIXPublicKey(&m.signer.key.PublicKey)
		if err != nil {
			return Object{}, fmt.Errorf("writing public key: %w", err)
		}
		hint := sha256.Sum256(der)
		b.Material.PublicKey = &keyHint{base64.StdEncoding.EncodeToString(hint[:])}
	}
	if m.isLogged() {
		inner, err := json.Marshal(envelope)
		if err != nil {
			return Object{}, fmt.Errorf("writing envelope: %w", err)
		}
		e, err := m.signer.authority.log.add("dsse", m.dsseEntry(envelope, inner, m.verifier), m.loggedAt)
		if err != nil {
			return Object{}, err
		}
		b.Material.Entries = []logEntry{{
			Index: e.index, ID: logID{e.id}, KindVersion: kindVersion{e.kind, e.version}, At: e.at, Promise: promise{e.promise}, Body: e.body,
			Proof: inclusionProof{Index: e.index, Root: e.root, Size: e.size, Hashes: e.path, Checkpoint: checkpoint{e.checkpoint}},
		}}
	}
	body, err := json.Marshal(b)
	if err != nil {
		return Object{}, fmt.Errorf("writing bundle: %w", err)
	}
	object := m.object(evidence.SourceReferrers, bundleType, nil, body)
	object.ManifestAnnotations = map[string]string{
		"dev.sigstore.bundle.content":       "dsse-envelope",
		"dev.sigstore.bundle.predicateType": predicateType,
	}
	return object, nil
}
