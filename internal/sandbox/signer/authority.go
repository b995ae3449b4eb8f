// Package signer is a Sigstore of the sandbox: a certificate authority, its logs, and keys, which sign and attest images.
package signer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"time"
)

// Authority issues short-lived certificates, logs them and what is signed with them, and vouches for it all by one trusted root.
type Authority struct {
	now     func() time.Time
	seed    string
	root    *x509.Certificate
	current issuer
	retired issuer
	ct      *ecdsa.PrivateKey
	log     *transparencyLog
	start   time.Time
}

// issuer is an intermediate authority.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New makes an authority. The same seed at the same time makes the same keys: nothing it signs is worth anything outside the sandbox.
func New(now func() time.Time, seed string) (*Authority, error) {
	a := &Authority{now: now, seed: seed, start: now().UTC().Truncate(time.Second)}
	rootKey, err := deriveKey(seed, "root")
	if err != nil {
		return nil, err
	}
	if a.ct, err = deriveKey(seed, "certificate transparency"); err != nil {
		return nil, err
	}
	logKey, err := deriveKey(seed, "transparency log")
	if err != nil {
		return nil, err
	}
	if a.log, err = newTransparencyLog(logKey); err != nil {
		return nil, err
	}
	begin, end := a.start.AddDate(-1, 0, 0), a.start.AddDate(10, 0, 0)
	if a.root, err = authorityCertificate("sandbox root", begin, end, &rootKey.PublicKey, nil, rootKey); err != nil {
		return nil, err
	}
	if a.current, err = newIssuer(seed, "sandbox intermediate", begin, end, a.root, rootKey); err != nil {
		return nil, err
	}
	a.retired, err = newIssuer(seed, "sandbox intermediate (retired)", begin, a.start, a.root, rootKey)
	return a, err
}

func newIssuer(seed, name string, begin, end time.Time, root *x509.Certificate, rootKey *ecdsa.PrivateKey) (issuer, error) {
	key, err := deriveKey(seed, name)
	if err != nil {
		return issuer{}, err
	}
	certificate, err := authorityCertificate(name, begin, end, &key.PublicKey, root, rootKey)
	return issuer{certificate: certificate, key: key}, err
}

func authorityCertificate(name string, begin, end time.Time, public *ecdsa.PublicKey, parent *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"liftlock sandbox"}},
		NotBefore:             begin,
		NotAfter:              end,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if parent == nil {
		parent = template
	} else {
		template.SerialNumber = big.NewInt(2)
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	}
	return createCertificate(template, parent, public, key)
}

func createCertificate(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(nil, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("creating certificate %q: %w", template.Subject.CommonName, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parsing certificate %q: %w", template.Subject.CommonName, err)
	}
	return certificate, nil
}

// deriveKey makes a P-256 key out of a name. A hash that is no valid scalar (one in 2^32) is hashed on.
func deriveKey(parts ...string) (*ecdsa.PrivateKey, error) {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	scalar := sha256.Sum256(sum.Sum(nil))
	for range 8 {
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:]); err == nil {
			return key, nil
		}
		scalar = sha256.Sum256(scalar[:])
	}
	return nil, fmt.Errorf("deriving key %q: no valid scalar", parts)
}

// The trusted root, as sigstore/protobuf-specs spells it in JSON.
type (
	trustedRoot struct {
		MediaType   string        `json:"mediaType"`
		Logs        []trustedLog  `json:"tlogs"`
		Authorities []trustedCA   `json:"certificateAuthorities"`
		CTLogs      []trustedLog  `json:"ctlogs"`
		Timestamps  []interface{} `json:"timestampAuthorities"`
	}
	trustedLog struct {
		BaseURL       string     `json:"baseUrl"`
		HashAlgorithm string     `json:"hashAlgorithm"`
		PublicKey     trustedKey `json:"publicKey"`
		ID            logID      `json:"logId"`
	}
	trustedKey struct {
		RawBytes   []byte   `json:"rawBytes"`
		KeyDetails string   `json:"keyDetails"`
		ValidFor   validity `json:"validFor"`
	}
	trustedCA struct {
		Subject  map[string]string `json:"subject"`
		URI      string            `json:"uri"`
		Chain    trustedChain      `json:"certChain"`
		ValidFor validity          `json:"validFor"`
	}
	trustedChain struct {
		Certificates []rawCertificate `json:"certificates"`
	}
	rawCertificate struct {
		RawBytes []byte `json:"rawBytes"`
	}
	validity struct {
		Start time.Time `json:"start"`
	}
	logID struct {
		KeyID []byte `json:"keyId"`
	}
)

// TrustedRootJSON returns what verifiers must trust, as a trusted_root.json.
func (a *Authority) TrustedRootJSON() ([]byte, error) {
	valid := validity{Start: a.root.NotBefore}
	rekor, err := trusted("https://rekor.sandbox", &a.log.key.PublicKey, valid)
	if err != nil {
		return nil, err
	}
	ct, err := trusted("https://ct.sandbox", &a.ct.PublicKey, valid)
	if err != nil {
		return nil, err
	}
	doc := trustedRoot{
		MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		Logs:      []trustedLog{rekor},
		CTLogs:    []trustedLog{ct},
	}
	for _, intermediate := range []issuer{a.current, a.retired} {
		doc.Authorities = append(doc.Authorities, trustedCA{
			Subject:  map[string]string{"organization": "liftlock sandbox", "commonName": intermediate.certificate.Subject.CommonName},
			URI:      "https://fulcio.sandbox",
			Chain:    trustedChain{Certificates: []rawCertificate{{intermediate.certificate.Raw}, {a.root.Raw}}},
			ValidFor: valid,
		})
	}
	return json.MarshalIndent(doc, "", "  ")
}

func trusted(url string, public *ecdsa.PublicKey, valid validity) (trustedLog, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return trustedLog{}, fmt.Errorf("writing key of %q: %w", url, err)
	}
	id := sha256.Sum256(der)
	return trustedLog{
		BaseURL:       url,
		HashAlgorithm: "SHA2_256",
		PublicKey:     trustedKey{RawBytes: der, KeyDetails: "PKIX_ECDSA_P256_SHA_256", ValidFor: valid},
		ID:            logID{id[:]},
	}, nil
}
