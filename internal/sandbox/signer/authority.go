// Package signer is a Sigstore of the sandbox: a certificate authority, its logs, and keys, which sign and attest images.
package signer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strconv"
	"time"
)

// Authority issues short-lived certificates, logs and timestamps what is signed with them, and vouches for it all by one trusted root.
type Authority struct {
	now       func() time.Time
	seed      string
	root      *x509.Certificate
	current   issuer
	retired   issuer
	ct        *ecdsa.PrivateKey // nil: there is no certificate log
	log       *transparencyLog  // nil: there is none
	timestamp *timestamper      // nil: there is none
	start     time.Time
}

// organization is in the name of every authority.
const organization = "liftlock sandbox"

// issuer is an intermediate authority.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Services are what an authority runs beside the issuing of certificates. A private one has any of them.
type Services struct {
	CertificateLog bool
	Log            LogKind
	Timestamps     bool
}

// LogKind is a kind of transparency log.
type LogKind int

// The kinds of log.
const (
	NoLog   LogKind = iota
	RekorV1         // promises the time at which it integrates an entry
	RekorV2         // gives entries no time, and takes no promise; only bundles can carry them
)

// PublicGood is what the public Sigstore runs.
func PublicGood() Services { return Services{CertificateLog: true, Log: RekorV1, Timestamps: true} }

// GitHub is what GitHub runs for repositories that are not public: there are no logs, lest they tell of them.
func GitHub() Services { return Services{Timestamps: true} }

// New makes an authority in the manner of the public Sigstore. The same seed at the same time makes the same keys: nothing it signs is
// worth anything outside the sandbox.
func New(now func() time.Time, seed string) (*Authority, error) {
	return NewWith(now, seed, PublicGood())
}

// NewWith makes an authority with the named services.
func NewWith(now func() time.Time, seed string, services Services) (*Authority, error) {
	a := &Authority{now: now, seed: seed, start: now().UTC().Truncate(time.Second)}
	begin, end := a.start.AddDate(-1, 0, 0), a.start.AddDate(10, 0, 0)
	if err := a.open(services, begin, end); err != nil {
		return nil, err
	}
	rootKey, err := deriveKey(seed, "root")
	if err != nil {
		return nil, err
	}
	if a.root, err = authorityCertificate("sandbox root", begin, end, &rootKey.PublicKey, nil, rootKey); err != nil {
		return nil, err
	}
	if a.current, err = newIssuer(seed, "sandbox intermediate", begin, end, a.root, rootKey); err != nil {
		return nil, err
	}
	a.retired, err = newIssuer(seed, "sandbox intermediate (retired)", begin, a.start, a.root, rootKey)
	return a, err
}

// open starts the services, each with a key of its own.
func (a *Authority) open(services Services, begin, end time.Time) (err error) {
	if services.CertificateLog {
		if a.ct, err = deriveKey(a.seed, "certificate transparency"); err != nil {
			return err
		}
	}
	if services.Log != NoLog {
		if a.log, err = newTransparencyLog(a.seed, services.Log); err != nil {
			return err
		}
	}
	if services.Timestamps {
		a.timestamp, err = newTimestamper(a.seed, begin, end)
	}
	return err
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
		Subject:               pkix.Name{CommonName: name, Organization: []string{organization}},
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
