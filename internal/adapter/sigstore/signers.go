package sigstore

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// proof is how the two forms prove who signed and when. Its steps are those of cosign.VerifyNewBundle and cosign.VerifyImageSignature,
// taken one by one: so each failure has its own code, and what costs much is done once. Tests hold the sum of them to cosign's answer.
type proof interface {
	// carries reports whether there are log entries and timestamps.
	carries() (logged, timed bool)
	// logTimes returns when trusted logs saw the signature; none where they keep no time. Key is nil for a certificate's signature.
	logTimes(material root.TrustedMaterial, key *trustKey) ([]time.Time, error)
	// timestamps returns the times that trusted authorities signed for the signature, at least one.
	timestamps(material root.TrustedMaterial) ([]time.Time, error)
	// checkers returns the ways in which the key of leaf may have signed.
	checkers(leaf *x509.Certificate) ([]checker, error)
	// signedBy demands a signature by one of the keys, about d.
	signedBy(d digest.Digest, keys []checker) error
}

// signers returns the claims of everyone that vouches for the candidate.
func (c *candidate) signers(d digest.Digest, trusted trust) ([]evidence.Claims, error) {
	if err := c.about(d); err != nil {
		return nil, err
	}
	if c.leaf == nil {
		return c.keySigners(d, trusted)
	}
	var signers []evidence.Claims
	refused := reject(codeUntrusted, "verifying certificate: there is no trust root")
	for _, r := range trusted.roots {
		if slices.ContainsFunc(signers, func(s evidence.Claims) bool { return s.Trust == r.name }) {
			continue // another document of the same root vouched
		}
		claims, err := c.byRoot(d, r)
		switch {
		case err == nil:
			signers = append(signers, claims)
		case codeOf(refused) == codeUntrusted: // a root that knows the certificate has more to say than one that does not
			refused = err
		}
	}
	if len(signers) == 0 {
		return nil, refused
	}
	return signers, nil
}

func (c *candidate) byRoot(d digest.Digest, r trustRoot) (evidence.Claims, error) {
	chains, err := issuedBy(c.leaf, r.material)
	if err != nil {
		return evidence.Claims{}, err
	}
	wanted, err := r.demands(c.proof.carries())
	if err != nil {
		return evidence.Claims{}, err
	}
	if wanted.certificateLog {
		if err := checkCertificateLog(c.leaf, chains, r.material); err != nil {
			return evidence.Claims{}, err
		}
	}
	at, err := c.times(r, wanted)
	if err != nil {
		return evidence.Claims{}, err
	}
	keys, err := c.proof.checkers(c.leaf)
	if err != nil {
		return evidence.Claims{}, reject(codeInvalid, "reading the certificate's key: %w", err)
	}
	if err := c.proof.signedBy(d, keys); err != nil {
		return evidence.Claims{}, reject(codeInvalid, "verifying signature: %w", err)
	}
	claims, err := claimsOf(c.leaf)
	claims.Trust, claims.VerifiedAt = r.name, at.Unix()
	return claims, err
}

// times demands that the certificate and all above it were valid at every trusted time, and returns the earliest.
func (c *candidate) times(r trustRoot, wanted demands) (time.Time, error) {
	var all []time.Time
	if wanted.log {
		times, err := c.proof.logTimes(r.material, nil)
		if err != nil {
			return time.Time{}, err
		}
		all = append(all, times...)
	}
	for _, at := range all {
		if err := checkChain(c.leaf, r.material, at); err != nil {
			return time.Time{}, err
		}
	}
	if wanted.timestamp {
		times, err := c.proof.timestamps(r.material)
		if err != nil {
			return time.Time{}, reject(codeTimestampInvalid, "verifying timestamp: %w", err)
		}
		for _, at := range times {
			if err := checkChain(c.leaf, r.material, at); err != nil {
				return time.Time{}, err
			}
		}
		all = append(all, times...)
	}
	if len(all) == 0 {
		return time.Time{}, reject(codeTimestampInvalid, "verifying time: want a trusted time, got none: the log keeps none, and there is no timestamp")
	}
	return earliest(all), nil
}

func (c *candidate) keySigners(d digest.Digest, trusted trust) ([]evidence.Claims, error) {
	var signers []evidence.Claims
	var refused error
	for _, k := range trusted.keys {
		if err := c.proof.signedBy(d, k.checkers); err != nil {
			refused = err
			continue
		}
		claims := evidence.Claims{Trust: k.name, Key: k.spki}
		if at := c.keyedAt(k, trusted.roots); !at.IsZero() {
			claims.VerifiedAt = at.Unix()
		}
		signers = append(signers, claims)
	}
	switch {
	case len(signers) > 0:
		return signers, nil
	case refused == nil:
		return nil, reject(codeInvalid, "verifying signature: want a trusted key, got none")
	}
	return nil, reject(codeInvalid, "verifying signature: none of %d trusted keys made it: %w", len(trusted.keys), refused)
}

// keyedAt returns when a signature that holds by key was made, by the logs and timestamp authorities of any root. The zero time where
// none of them says so: whether a time is needed is a rule.
func (c *candidate) keyedAt(key trustKey, roots []trustRoot) time.Time {
	logged, timed := c.proof.carries()
	var all []time.Time
	for _, r := range roots {
		if logged {
			if times, err := c.proof.logTimes(r.material, &key); err == nil {
				all = append(all, times...)
			}
		}
		if timed {
			if times, err := c.proof.timestamps(r.material); err == nil {
				all = append(all, times...)
			}
		}
	}
	return earliest(all)
}
