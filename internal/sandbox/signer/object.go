package signer

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
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
	CreatedAt           time.Time         // when it was logged, else timestamped; zero: neither
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
	err := m.annotate(annotations, m.signature, "hashedrekord", func(verifier []byte) map[string]any {
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
	err = m.annotate(annotations, body, "dsse", func(verifier []byte) map[string]any { return dsseEntry(envelope, body, verifier) })
	return m.object(evidence.SourceLegacyAttestation, dsseType, annotations, body), err
}

// dsseEntry is what Rekor v1 keeps of an envelope with one signature.
func dsseEntry(envelope dsseEnvelope, body, verifier []byte) map[string]any {
	outer, inner := sha256.Sum256(body), sha256.Sum256(envelope.Payload)
	return map[string]any{
		"envelopeHash": sha256Value(outer[:]),
		"payloadHash":  sha256Value(inner[:]),
		"signatures":   []any{map[string]any{"signature": base64.StdEncoding.EncodeToString(envelope.Signatures[0].Sig), "verifier": verifier}},
	}
}

func sha256Value(hash []byte) map[string]any {
	return map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(hash)}
}

// annotate adds what the legacy form says beside a signature: who made it, and where it was logged and timestamped.
func (m sealed) annotate(annotations map[string]string, signed []byte, kind string, spec func(verifier []byte) map[string]any) error {
	if m.leaf != nil {
		annotations["dev.sigstore.cosign/certificate"] = string(m.verifier)
		annotations["dev.sigstore.cosign/chain"] = string(chainPEM(m.chain))
	}
	if token, err := m.timestamp(signed); err != nil {
		return err
	} else if token != nil {
		raw, err := json.Marshal(map[string]any{"SignedRFC3161Timestamp": token})
		if err != nil {
			return fmt.Errorf("writing timestamp: %w", err)
		}
		annotations["dev.sigstore.cosign/rfc3161timestamp"] = string(raw)
	}
	if !m.isLogged() {
		return nil
	}
	log := m.signer.logger.log
	if log.kind != RekorV1 {
		return errors.New("writing log entry: want a log that promises, the legacy form can carry nothing else")
	}
	entry, err := log.add(kind, rekorV1, spec(m.verifier), m.loggedAt)
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
	created := m.loggedAt
	if created.IsZero() {
		created = m.stampedAt
	}
	return Object{Envelope: envelope, CreatedAt: created}
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
		Timestamps  *timestamps     `json:"timestampVerificationData,omitempty"`
	}
	timestamps struct {
		RFC3161 []signedTimestamp `json:"rfc3161Timestamps"`
	}
	signedTimestamp struct {
		Token []byte `json:"signedTimestamp"`
	}
	keyHint struct {
		Hint string `json:"hint"`
	}
	logEntry struct {
		Index       int64          `json:"logIndex,string"`
		ID          logID          `json:"logId"`
		KindVersion kindVersion    `json:"kindVersion"`
		At          int64          `json:"integratedTime,string,omitempty"`
		Promise     *promise       `json:"inclusionPromise,omitempty"`
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
		entry, err := m.logBundle(envelope)
		if err != nil {
			return Object{}, err
		}
		b.Material.Entries = []logEntry{entry}
	}
	if token, err := m.timestamp(m.signature); err != nil {
		return Object{}, err
	} else if token != nil {
		b.Material.Timestamps = &timestamps{[]signedTimestamp{{token}}}
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

// Versions of log entries.
const (
	rekorV1 = "0.0.1"
	rekorV2 = "0.0.2"
)

// logBundle logs an envelope in the way of the log.
func (m sealed) logBundle(envelope dsseEnvelope) (logEntry, error) {
	log := m.signer.logger.log
	inner, err := json.Marshal(envelope)
	if err != nil {
		return logEntry{}, fmt.Errorf("writing envelope: %w", err)
	}
	kind, version, spec := "dsse", rekorV1, dsseEntry(envelope, inner, m.verifier)
	if log.kind == RekorV2 { // it has one kind of entry, whatever was signed
		kind, version = "hashedrekord", rekorV2
		if spec, err = m.hashedEntry(); err != nil {
			return logEntry{}, err
		}
	}
	e, err := log.add(kind, version, spec, m.loggedAt)
	return e.entry(), err
}

// entry is the form in which bundles carry it.
func (e logged) entry() logEntry {
	entry := logEntry{
		Index: e.index, ID: logID{e.id}, KindVersion: kindVersion{e.kind, e.version}, At: e.at, Body: e.body,
		Proof: inclusionProof{Index: e.index, Root: e.root, Size: e.size, Hashes: e.path, Checkpoint: checkpoint{e.checkpoint}},
	}
	if e.promise != nil {
		entry.Promise = &promise{e.promise}
	}
	return entry
}

// hashedEntry is an entry of Rekor v2.
func (m sealed) hashedEntry() (map[string]any, error) {
	verifier := map[string]any{"keyDetails": "PKIX_ECDSA_P256_SHA_256"}
	if m.leaf != nil {
		verifier["x509Certificate"] = rawCertificate{m.leaf.Raw}
	} else {
		der, err := x509.MarshalPKIXPublicKey(&m.signer.key.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("writing public key: %w", err)
		}
		verifier["publicKey"] = rawCertificate{der}
	}
	hash := sha256.Sum256(m.message)
	return hashedEntry(hash[:], map[string]any{"content": m.signature, "verifier": verifier}), nil
}

// hashedEntry is what Rekor v2 keeps of a signature over something with a SHA-256 hash.
func hashedEntry(hash []byte, signature any) map[string]any {
	return map[string]any{"hashedRekordV002": map[string]any{
		"data": map[string]any{"algorithm": "SHA2_256", "digest": hash}, "signature": signature,
	}}
}
