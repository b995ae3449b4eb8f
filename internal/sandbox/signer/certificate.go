package signer

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"
)

// GitHubIssuer is the OIDC issuer of GitHub Actions.
const GitHubIssuer = "https://token.actions.githubusercontent.com"

// leafLifetime is how long Fulcio's certificates hold.
const leafLifetime = 10 * time.Minute

// Identity is a workflow run as GitHub Actions vouches for it. Repository must be set; RepositoryID and OwnerID stay out of the
// certificate where empty; any other empty field takes what a push to main on GitHub's own runners has.
type Identity struct {
	Issuer       string
	Repository   string // owner/name
	RepositoryID string
	OwnerID      string
	Workflow     string // path in the repository, for example .github/workflows/release.yml
	Ref          string
	Trigger      string
	Runner       string
	Commit       string
	Run          string // URL of the run
	Owner        string // URL of the repository's owner
	Visibility   string
	Signer       string // URL of a reusable workflow of somebody else that signs, with its ref; default: the workflow itself
	SignerDigest string // its commit
}

func (id Identity) withDefaults() Identity {
	id.Issuer = cmp.Or(id.Issuer, GitHubIssuer)
	id.Workflow = cmp.Or(id.Workflow, ".github/workflows/release.yml")
	id.Ref = cmp.Or(id.Ref, "refs/heads/main")
	id.Trigger = cmp.Or(id.Trigger, "push")
	id.Runner = cmp.Or(id.Runner, "github-hosted")
	id.Commit = cmp.Or(id.Commit, strings.Repeat("0123456789", 4))
	id.Run = cmp.Or(id.Run, "https://github.com/"+id.Repository+"/actions/runs/1/attempts/1")
	owner, _, _ := strings.Cut(id.Repository, "/")
	id.Owner = cmp.Or(id.Owner, "https://github.com/"+owner)
	id.Visibility = cmp.Or(id.Visibility, "public")
	id.Signer = cmp.Or(id.Signer, id.config())
	id.SignerDigest = cmp.Or(id.SignerDigest, id.Commit)
	return id
}

// config is the workflow that was started.
func (id Identity) config() string {
	return "https://github.com/" + id.Repository + "/" + id.Workflow + "@" + id.Ref
}

// SAN returns the subject alternative name of the certificate: the workflow file that signs, at its ref.
func (id Identity) SAN() string { return id.withDefaults().Signer }

// extensions are Fulcio's, by the last arc of 1.3.6.1.4.1.57264.1 (fulcio docs/oid-info.md). Those up to 6 hold raw bytes.
// Those whose arc is in without are left out.
func (id Identity) extensions(without []int) ([]pkix.Extension, error) {
	id = id.withDefaults()
	values := [...]string{
		1: id.Issuer, 2: id.Trigger, 3: id.Commit, 4: "release", 5: id.Repository, 6: id.Ref,
		8: id.Issuer, 9: id.Signer, 10: id.SignerDigest, 11: id.Runner, 12: "https://github.com/" + id.Repository, 13: id.Commit, 14: id.Ref,
		15: id.RepositoryID, 16: id.Owner, 17: id.OwnerID, 18: id.config(), 19: id.Commit, 20: id.Trigger, 21: id.Run, 22: id.Visibility,
	}
	var list []pkix.Extension
	for arc, value := range values {
		if value == "" || slices.Contains(without, arc) {
			continue
		}
		raw := []byte(value)
		if arc > 6 {
			var err error
			if raw, err = asn1.MarshalWithParams(value, "utf8"); err != nil {
				return nil, fmt.Errorf("encoding claim %d %q: %w", arc, value, err)
			}
		}
		list = append(list, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, arc}, Value: raw})
	}
	return list, nil
}

// leafKey is the key for a certificate of id that begins then.
func (a *Authority) leafKey(id Identity, begin time.Time) (*ecdsa.PrivateKey, error) {
	return deriveKey(a.seed, "leaf", id.SAN(), begin.String())
}

// issue makes a leaf certificate for id and its key, valid from begin.
func (a *Authority) issue(id Identity, key *ecdsa.PublicKey, from issuer, begin, end time.Time, flaws Flaws) (*x509.Certificate, error) {
	san, err := url.Parse(id.SAN())
	if err != nil {
		return nil, fmt.Errorf("issuing certificate for %q: %w", id.SAN(), err)
	}
	extensions, err := id.extensions(flaws.NoClaims)
	if err != nil {
		return nil, err
	}
	serial := sha256.Sum256([]byte(id.SAN() + begin.String()))
	template := &x509.Certificate{
		SerialNumber:    new(big.Int).SetBytes(serial[:15]),
		NotBefore:       begin,
		NotAfter:        end,
		URIs:            []*url.URL{san},
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: extensions,
	}
	leaf, err := createCertificate(template, from.certificate, key, from.key)
	if err != nil || a.ct == nil || flaws.NoSCT {
		return leaf, err
	}
	sct, err := a.sct(leaf, from.certificate, begin)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = append(template.ExtraExtensions, sct)
	return createCertificate(template, from.certificate, key, from.key)
}

// sct makes the extension that proves that leaf, as it is without it, was promised to the certificate log (RFC 6962, section 3).
func (a *Authority) sct(leaf, parent *x509.Certificate, at time.Time) (pkix.Extension, error) {
	public, err := x509.MarshalPKIXPublicKey(&a.ct.PublicKey)
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("writing key of the certificate log: %w", err)
	}
	id, issuerKey := sha256.Sum256(public), sha256.Sum256(parent.RawSubjectPublicKeyInfo)
	milliseconds := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))

	signed := append([]byte{0, 0}, milliseconds...) // version 1, certificate_timestamp
	signed = append(signed, 0, 1)                   // precert_entry
	signed = append(signed, issuerKey[:]...)
	signed = append(signed, byte(len(leaf.RawTBSCertificate)>>16))
	signed = binary.BigEndian.AppendUint16(signed, uint16(len(leaf.RawTBSCertificate)&0xffff))
	signed = append(append(signed, leaf.RawTBSCertificate...), 0, 0)
	signature, err := sign(a.ct, signed)
	if err != nil {
		return pkix.Extension{}, err
	}

	sct := append([]byte{0}, id[:]...)
	sct = append(append(sct, milliseconds...), 0, 0, 4, 3) // no extensions, SHA-256, ECDSA
	sct = append(binary.BigEndian.AppendUint16(sct, uint16(len(signature))), signature...)
	list := binary.BigEndian.AppendUint16(nil, uint16(len(sct)+2))
	list = append(binary.BigEndian.AppendUint16(list, uint16(len(sct))), sct...)
	value, err := asn1.Marshal(list)
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("encoding the certificate timestamp: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}, nil
}

// sign makes an ECDSA signature over SHA-256, the same one every time (RFC 6979).
func sign(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	hash := sha256.Sum256(message)
	signature, err := key.Sign(nil, hash[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return signature, nil
}
