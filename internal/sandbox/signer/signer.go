package signer

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Form is how signatures and attestations are stored beside an image.
type Form int

// The forms.
const (
	Legacy Form = iota // cosign's .sig and .att tags
	Bundle             // Sigstore bundle v0.3, an OCI 1.1 referrer
)

// Signer signs as one identity of the authority, or with one key.
type Signer struct {
	authority   *Authority // issues the certificate; nil where key is set
	identity    Identity
	key         *ecdsa.PrivateKey
	logger      *Authority // nil: nobody
	timestamper *Authority // nil: nobody
	flaws       Flaws
}

// Flaws are ways in which a signature can be wrong although its bytes were made by the right hand.
type Flaws struct {
	NoSCT            bool          // the certificate was never promised to a certificate log
	NoLog            bool          // the signature was never logged
	NoTimestamp      bool          // the signature was never timestamped
	RetiredIssuer    bool          // issued by an intermediate whose certificate has expired when the signature is logged or timestamped
	LoggedAfter      time.Duration // how long after the certificate was issued the signature is logged; default a second
	TimestampedAfter time.Duration // the same for the timestamp
	TimestampOfOther bool          // the timestamp is of another signature
	NoClaims         []int         // claims that the certificate lacks, by the last arc of Fulcio's object identifiers
	OtherSubjects    int           // so many other subjects stand before the image in the statement
}

// Keyless returns a signer with a short-lived certificate for each signature. It is logged where the authority has a log, and
// timestamped where that gives no time.
func (a *Authority) Keyless(id Identity) *Signer {
	s := &Signer{authority: a, identity: id}
	if a.log != nil {
		s.logger = a
	}
	if a.timestamp != nil && (a.log == nil || a.log.kind != RekorV1) {
		s.timestamper = a
	}
	return s
}

// NewKey returns a signer with a long-lived key, which no authority vouches for and no log sees. The same name makes the same key.
func NewKey(name string) (*Signer, error) {
	key, err := deriveKey("key", name)
	if err != nil {
		return nil, err
	}
	return &Signer{key: key}, nil
}

// LoggedBy returns the same signer, whose signatures the authority's log sees. The authority must have one.
func (s *Signer) LoggedBy(a *Authority) *Signer {
	logged := *s
	logged.logger = a
	return &logged
}

// TimestampedBy returns the same signer, whose signatures the authority timestamps. It must have a timestamp service.
func (s *Signer) TimestampedBy(a *Authority) *Signer {
	stamped := *s
	stamped.timestamper = a
	return &stamped
}

// WithFlaws returns a signer of the same identity that does it wrong.
func (s *Signer) WithFlaws(f Flaws) *Signer {
	flawed := *s
	flawed.flaws = f
	return &flawed
}

// PublicPEM returns the public key; nothing for a keyless signer.
func (s *Signer) PublicPEM() ([]byte, error) {
	if s.key == nil {
		return nil, nil
	}
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("writing public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// Sign signs the image with digest d.
func (s *Signer) Sign(d digest.Digest, form Form) (Object, error) {
	if form == Bundle {
		return s.Attest(d, form, evidence.CosignSign, struct{}{})
	}
	payload := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, d)
	made, err := s.seal(payload)
	if err != nil {
		return Object{}, err
	}
	return made.legacySignature(payload)
}

// Attest signs an in-toto statement that says predicate about the image with digest d. predicate is anything that encodes to JSON.
func (s *Signer) Attest(d digest.Digest, form Form, predicateType string, predicate any) (Object, error) {
	body, err := json.Marshal(predicate)
	if err != nil {
		return Object{}, fmt.Errorf("writing predicate %q: %w", predicateType, err)
	}
	statement := evidence.Statement{Type: "https://in-toto.io/Statement/v1", PredicateType: predicateType, Predicate: body}
	if form == Legacy {
		statement.Type = "https://in-toto.io/Statement/v0.1"
	}
	for i := range s.flaws.OtherSubjects {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		statement.Subjects = append(statement.Subjects, evidence.Resource{Name: "other", Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}})
	}
	statement.Subjects = append(statement.Subjects, evidence.Resource{Name: "image", Digest: map[string]string{"sha256": d.Hex()}})
	payload, err := json.Marshal(statement)
	if err != nil {
		return Object{}, fmt.Errorf("writing statement: %w", err)
	}
	return s.AttestBytes(form, predicateType, payload)
}

// AttestBytes signs payload as a statement, whatever it says. predicateType is what the store is told: verifiers must not believe it.
func (s *Signer) AttestBytes(form Form, predicateType string, payload []byte) (Object, error) {
	made, err := s.seal(preAuthentication(payload))
	if err != nil {
		return Object{}, err
	}
	envelope := dsseEnvelope{Payload: payload, PayloadType: payloadType, Signatures: []dsseSignature{{Sig: made.signature}}}
	if form == Bundle {
		return made.bundle(envelope, predicateType)
	}
	return made.legacyAttestation(envelope, predicateType)
}

const payloadType = "application/vnd.in-toto+json"

// preAuthentication is what a DSSE signature covers (DSSE protocol v1, "PAE").
func preAuthentication(payload []byte) []byte {
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload)), payload...)
}

// sealed is a signature with what proves who made it.
type sealed struct {
	signer    *Signer
	message   []byte // what was signed
	signature []byte
	leaf      *x509.Certificate // nil: signed with a key
	chain     []*x509.Certificate
	verifier  []byte    // certificate or key, in PEM
	loggedAt  time.Time // zero: not logged
	stampedAt time.Time // zero: not timestamped
}

func (s *Signer) seal(message []byte) (made sealed, err error) {
	made, key := sealed{signer: s, message: message}, s.key
	if key == nil {
		if key, err = made.certify(); err != nil {
			return sealed{}, err
		}
	} else if made.verifier, err = s.PublicPEM(); err != nil {
		return sealed{}, err
	}
	if s.logger != nil && s.logger.log == nil || s.timestamper != nil && s.timestamper.timestamp == nil {
		return sealed{}, errors.New("signing: want an authority with a log to log by and one with timestamps to timestamp by")
	}
	if s.logger != nil && !s.flaws.NoLog {
		made.loggedAt = s.logger.second().Add(cmp.Or(s.flaws.LoggedAfter, time.Second))
	}
	if s.timestamper != nil && !s.flaws.NoTimestamp {
		made.stampedAt = s.timestamper.second().Add(cmp.Or(s.flaws.TimestampedAfter, time.Second))
	}
	made.signature, err = sign(key, message)
	return made, err
}

// certify has a certificate issued, and returns its key.
func (m *sealed) certify() (*ecdsa.PrivateKey, error) {
	a := m.signer.authority
	begin, from := a.second(), a.current
	end := begin.Add(leafLifetime)
	if m.signer.flaws.RetiredIssuer {
		from, begin = a.retired, a.retired.certificate.NotAfter.Add(-time.Minute)
	}
	key, err := a.leafKey(m.signer.identity, begin)
	if err != nil {
		return nil, err
	}
	leaf, err := a.issue(m.signer.identity, &key.PublicKey, from, begin, end, m.signer.flaws)
	if err != nil {
		return nil, err
	}
	m.leaf, m.chain = leaf, []*x509.Certificate{from.certificate, a.root}
	m.verifier = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	return key, nil
}

// second returns the time, in the resolution of certificates.
func (a *Authority) second() time.Time { return a.now().UTC().Truncate(time.Second) }

func (m sealed) isLogged() bool { return !m.loggedAt.IsZero() }

// timestamp returns a timestamp of the signed thing; nil where there is none.
func (m sealed) timestamp(signed []byte) ([]byte, error) {
	if m.stampedAt.IsZero() {
		return nil, nil
	}
	if m.signer.flaws.TimestampOfOther {
		signed = append([]byte("other"), signed...)
	}
	hash := sha256.Sum256(signed)
	return m.signer.timestamper.timestamp.stamp(hash[:], nil, m.stampedAt)
}
