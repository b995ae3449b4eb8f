package forge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// Why a delivery is refused. None says which secret was tried.
var (
	ErrNoSecret     = errors.New("checking the webhook signature: no secret is configured, or an empty one")
	ErrBadSignature = errors.New("checking the webhook signature: X-Hub-Signature-256 is missing, malformed or of another secret")
)

// VerifySignature checks the X-Hub-Signature-256 header of a delivery against the secrets, two while one is being replaced. It knows
// HMAC-SHA256 only: the older SHA-1 header is never looked at, and an empty secret, which would accept anybody's signature, is refused.
func VerifySignature(secrets [][]byte, header string, body []byte) error {
	if len(secrets) == 0 {
		return ErrNoSecret
	}
	for _, secret := range secrets {
		if len(secret) == 0 {
			return ErrNoSecret
		}
	}
	digits, ok := strings.CutPrefix(header, "sha256=")
	got, err := hex.DecodeString(digits)
	if !ok || err != nil || len(got) != sha256.Size {
		return ErrBadSignature
	}
	match := false
	for _, secret := range secrets { // all of them, so that time does not tell which
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		match = hmac.Equal(mac.Sum(nil), got) || match
	}
	if !match {
		return ErrBadSignature
	}
	return nil
}
