package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Codes of the code table that this package answers with, beside those of the manifests it reads.
const (
	codeInconsistent = "REGISTRY_INCONSISTENT" // header, digest and bytes disagree, or something that is listed is not there
	codeUnreachable  = "REGISTRY_UNREACHABLE"  // network, timeout, 429, 5xx, or no answer that the specification knows
	codeDenied       = "REGISTRY_DENIED"       // 401, 403
	codeRealm        = "REALM_NOT_ALLOWED"     // credentials or a request would go to another host
	codeAbsent       = "SUBJECT_ABSENT"        // 404
	codeTooLarge     = "EVIDENCE_TOO_LARGE"
	codeTooMany      = "TOO_MANY_REFERRERS"
	codeUnsupported  = "EVIDENCE_UNSUPPORTED"
)

// failure is an error with a code. Its text never holds a body, a query or a credential: all of them may be secret or hostile.
type failure struct {
	doing  string // participle and object: reading ghcr.io/acme/shop/manifests/main
	detail string
	code   string
	status int
	after  time.Duration
	heals  bool
	err    error
}

func (f *failure) Error() string {
	text := f.doing + ": " + f.detail
	if f.err != nil && !errors.Is(f.err, fs.ErrNotExist) {
		text += ": " + f.err.Error()
	}
	return text
}

func (f *failure) Unwrap() error { return f.err }

// Code returns the code of the code table.
func (f *failure) Code() string { return f.code }

// Retryable reports whether the error may heal by itself, and after how long at the earliest.
func (f *failure) Retryable() (time.Duration, bool) { return f.after, f.heals }

// codeOf returns the code to show for an error.
func codeOf(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return codeUnreachable
}

// statusFailure turns an answer that is not a success into an error.
func (c *Client) statusFailure(doing, host, tried string, status int) *failure {
	f := &failure{doing: doing, status: status, code: codeUnreachable, detail: fmt.Sprintf("%s answered %d %s", host, status, http.StatusText(status))}
	switch {
	case status == http.StatusNotFound:
		f.code, f.err = codeAbsent, fs.ErrNotExist
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		f.code = codeDenied
		f.detail += " to " + tried
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500 && status != http.StatusNotImplemented:
		f.heals, f.after = true, c.paces.rest(host)
	}
	return f
}

// transportFailure turns an error of the network or of the token exchange into one of ours.
func (c *Client) transportFailure(ctx context.Context, doing, host, tried string, err error) error {
	var refused *failure
	if errors.As(err, &refused) {
		return &failure{doing: doing, detail: refused.detail, code: refused.code, status: refused.status, after: refused.after, heals: refused.heals, err: refused.err}
	}
	var answered *transport.Error
	if errors.As(err, &answered) {
		if answered.Request != nil && answered.Request.URL.Host != host {
			host = answered.Request.URL.Host
		}
		f := c.statusFailure(doing, host, tried, answered.StatusCode)
		if f.code == codeAbsent {
			// A registry without /v2/ or a token service without tokens says nothing about the image.
			f.code, f.err = codeUnreachable, nil
		}
		return f
	}
	// url.Error repeats the URL, with signed queries.
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var coded interface {
		error
		Code() string
	}
	if errors.As(err, &coded) { // by the transport, which saw where a name leads
		return &failure{doing: doing, detail: coded.Error(), code: coded.Code()}
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(cause, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, cause)
	}
	return &failure{doing: doing, detail: "no answer from " + host, code: codeUnreachable, heals: true, err: err}
}
