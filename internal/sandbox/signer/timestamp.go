package signer

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// timestamper is a timestamp authority (RFC 3161). It writes its tokens itself: a library would put the clock and randomness of the
// machine into them.
type timestamper struct {
	issuer
	root *x509.Certificate
}

func newTimestamper(seed string, begin, end time.Time) (*timestamper, error) {
	rootKey, err := deriveKey(seed, "timestamp root")
	if err != nil {
		return nil, err
	}
	root, err := authorityCertificate("sandbox timestamp root", begin, end, &rootKey.PublicKey, nil, rootKey)
	if err != nil {
		return nil, err
	}
	key, err := deriveKey(seed, "timestamps")
	if err != nil {
		return nil, err
	}
	purpose, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, fmt.Errorf("encoding key usage: %w", err)
	}
	certificate, err := createCertificate(&x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "sandbox timestamps", Organization: []string{organization}},
		NotBefore:    begin,
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		// RFC 3161, section 2.3: timestamping alone, and critical.
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}},
	}, root, &key.PublicKey, rootKey)
	return &timestamper{issuer: issuer{certificate: certificate, key: key}, root: root}, err
}

// The answer of a timestamp authority: RFC 3161, section 2.4.2, around signed data of RFC 5652, section 5.
type (
	timestampResponse struct {
		Status struct{ Granted int }
		Token  signedContent
	}
	signedContent struct {
		Type asn1.ObjectIdentifier
		Data signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      encapsulated
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}
	encapsulated struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	signerInfo struct {
		Version    int
		Signer     issuerAndSerial
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	// timestampInfo is what is signed, and what a reader wants.
	timestampInfo struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  *big.Int
		Time    time.Time `asn1:"generalized"`
		Nonce   *big.Int  `asn1:"optional"`
	}
	// signingCertificate names the certificate in the signed part (RFC 5035), so that no other one with the same key can be put there.
	signingCertificate struct {
		Certificates []struct{ Hash []byte }
	}
)

// stamp returns a timestamp response: that what has the SHA-256 hash was there at the time. nonce is who asks's own, and may be nil.
func (t *timestamper) stamp(hash []byte, nonce *big.Int, at time.Time) ([]byte, error) {
	sha := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Parameters: asn1.NullRawValue}
	serial := sha256.Sum256(append(bytes.Clone(hash), at.String()...))
	info := timestampInfo{
		Version: 1, Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}, Imprint: imprint{sha, hash},
		Serial: new(big.Int).SetBytes(serial[:15]), Time: at.UTC(), Nonce: nonce,
	}
	content, err := asn1.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("encoding timestamp: %w", err)
	}
	contentType := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	attributes, err := t.attributes(contentType, content)
	if err != nil {
		return nil, err
	}
	signature, err := sign(t.key, attributes.FullBytes)
	if err != nil {
		return nil, err
	}
	response := timestampResponse{Token: signedContent{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, Data: signedData{
		Version:      3,
		Digests:      []pkix.AlgorithmIdentifier{sha},
		Content:      encapsulated{contentType, content},
		Certificates: implicit(t.certificate.Raw),
		Signers: []signerInfo{{
			Version:    1,
			Signer:     issuerAndSerial{asn1.RawValue{FullBytes: t.certificate.RawIssuer}, t.certificate.SerialNumber},
			Digest:     sha,
			Attributes: implicit(attributes.Bytes),
			Algorithm:  pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
			Signature:  signature,
		}},
	}}}
	raw, err := asn1.Marshal(response)
	if err != nil {
		return nil, fmt.Errorf("encoding timestamp: %w", err)
	}
	return raw, nil
}

// implicit is a set that is told by its place alone.
func implicit(elements []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: elements}
}

// attributes are what the signature covers: a set, signed as one (RFC 5652, section 5.4).
func (t *timestamper) attributes(contentType asn1.ObjectIdentifier, content []byte) (set asn1.RawValue, err error) {
	hash, own := sha256.Sum256(content), sha256.Sum256(t.certificate.Raw)
	var list []attribute
	for _, a := range []struct {
		arc   []int // below 1.2.840.113549.1.9
		value any
	}{
		{[]int{3}, contentType},
		{[]int{4}, hash[:]},
		{[]int{16, 2, 47}, signingCertificate{[]struct{ Hash []byte }{{own[:]}}}},
	} {
		raw, err := asn1.Marshal(a.value)
		if err != nil {
			return set, fmt.Errorf("encoding attribute %v: %w", a.arc, err)
		}
		list = append(list, attribute{append(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9}, a.arc...), []asn1.RawValue{{FullBytes: raw}}})
	}
	raw, err := asn1.MarshalWithParams(list, "set")
	if err != nil {
		return set, fmt.Errorf("encoding attributes: %w", err)
	}
	if _, err = asn1.Unmarshal(raw, &set); err != nil {
		return set, fmt.Errorf("reading attributes: %w", err)
	}
	return set, nil
}
