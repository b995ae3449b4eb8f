package signer

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"
)

// The trusted root, as sigstore/protobuf-specs spells it in JSON.
type (
	trustedRoot struct {
		MediaType   string       `json:"mediaType"`
		Logs        []trustedLog `json:"tlogs"`
		Authorities []trustedCA  `json:"certificateAuthorities"`
		CTLogs      []trustedLog `json:"ctlogs"`
		Timestamps  []trustedCA  `json:"timestampAuthorities"`
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
	doc := trustedRoot{MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1", Logs: []trustedLog{}, CTLogs: []trustedLog{}, Timestamps: []trustedCA{}}
	if a.log != nil {
		rekor, err := trusted("https://"+a.log.host, &a.log.key.PublicKey, valid)
		if err != nil {
			return nil, err
		}
		doc.Logs = append(doc.Logs, rekor)
	}
	if a.ct != nil {
		ct, err := trusted("https://ct.sandbox", &a.ct.PublicKey, valid)
		if err != nil {
			return nil, err
		}
		doc.CTLogs = append(doc.CTLogs, ct)
	}
	if a.timestamp != nil {
		doc.Timestamps = append(doc.Timestamps, trustedAuthority("https://timestamp.sandbox/api/v1/timestamp", valid, a.timestamp.certificate, a.timestamp.root))
	}
	for _, intermediate := range []issuer{a.current, a.retired} {
		doc.Authorities = append(doc.Authorities, trustedAuthority("https://fulcio.sandbox", valid, intermediate.certificate, a.root))
	}
	return json.MarshalIndent(doc, "", "  ")
}

func trustedAuthority(uri string, valid validity, chain ...*x509.Certificate) trustedCA {
	ca := trustedCA{Subject: map[string]string{"organization": organization, "commonName": chain[0].Subject.CommonName}, URI: uri, ValidFor: valid}
	for _, certificate := range chain {
		ca.Chain.Certificates = append(ca.Chain.Certificates, rawCertificate{certificate.Raw})
	}
	return ca
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
