package sigstore

import (
	"errors"
	"fmt"
	"strings"
)

// Codes of rejected envelopes, beside those of package evidence. They stand in the code table.
const (
	codeUnsupported        = "ENVELOPE_UNSUPPORTED"  // a kind of object that proves nothing here
	codeMalformed          = "SIGNATURE_MALFORMED"   // not what its media type says
	codeInvalid            = "SIGNATURE_INVALID"     // no trusted key or certificate made it over these bytes
	codeUntrusted          = "CERTIFICATE_UNTRUSTED" // no trust root issued the certificate
	codeCertificateExpired = "CERTIFICATE_EXPIRED"   // signed outside the certificate's lifetime
	codeChainExpired       = "CHAIN_EXPIRED"         // signed outside the lifetime of a certificate above it
	codeSCTMissing         = "SCT_MISSING"           // the certificate was not promised to a certificate log
	codeSCTInvalid         = "SCT_INVALID"           // the promise is not by a trusted log or not about this certificate
	codeLogMissing         = "TLOG_MISSING"          // the signature was not logged
	codeLogInvalid         = "TLOG_INVALID"          // the log entry is not by a trusted log or not about this signature
	codeTimestampInvalid   = "TIMESTAMP_INVALID"     // no trusted time, or one that does not hold
)

// rejection is why an envelope proves nothing, under a code of the code table.
type rejection struct {
	code string
	err  error
}

func (r *rejection) Error() string { return r.err.Error() }
func (r *rejection) Unwrap() error { return r.err }

// Code returns the code of the code table.
func (r *rejection) Code() string { return r.code }

func reject(code, format string, args ...any) error {
	return &rejection{code: code, err: fmt.Errorf(format, args...)}
}

func codeOf(err error) string {
	if coded := (interface{ Code() string })(nil); errors.As(err, &coded) {
		return coded.Code()
	}
	return codeInvalid
}

func detail(err error) string {
	text := strings.ToValidUTF8(err.Error(), "\uFFFD")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}
