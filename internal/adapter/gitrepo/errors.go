package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Error is what went wrong with one operation. Its text holds no address, token or body of an answer. It wraps fs.ErrNotExist,
// fs.ErrExist, fs.ErrPermission or a context error where one of them fits.
type Error struct {
	doing    string
	status   int // 0: no answer, or not about one
	reason   string
	after    time.Duration
	retry    bool
	conflict bool
	cause    error
}

// Error is one line: what was done, the status, the reason in our own words.
func (e *Error) Error() string {
	text := e.doing
	if e.status != 0 {
		text += fmt.Sprintf(": the git server answered %d", e.status)
	}
	if e.reason != "" {
		text += ": " + e.reason
	}
	return text
}

// Unwrap returns the sentinel that fits, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Retryable says whether the same operation may succeed later, and after how long.
func (e *Error) Retryable() (after time.Duration, ok bool) { return e.after, e.retry }

// Conflict reports that the branch moved: fetch, look again, decide again.
func (e *Error) Conflict() bool { return e.conflict }

// fail turns what the library or the transport returned into an Error.
func fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	var ours *Error
	if errors.As(err, &ours) { // from our own transport, inside errors that name the address
		named := *ours
		if named.doing = doing; ours.doing != "" {
			named.doing += ": " + ours.doing
		}
		return &named
	}
	e := &Error{doing: doing, retry: true, after: pauseServer}
	var refused *url.Error
	if errors.As(err, &refused) {
		err = refused.Err // its text would name the address
	}
	var netErr net.Error
	switch {
	case errors.Is(err, context.Canceled):
		e.reason, e.cause, e.retry, e.after = "cancelled", context.Canceled, false, 0
	case errors.Is(err, context.DeadlineExceeded):
		e.reason, e.cause = "no answer in time", context.DeadlineExceeded
	case errors.As(err, &netErr) && netErr.Timeout():
		e.reason = "no answer in time"
	case errors.Is(err, transport.ErrRepositoryNotFound):
		e.reason, e.cause, e.retry, e.after = "not found, or the App may not see it", fs.ErrNotExist, false, 0
	default:
		e.reason = redact(err.Error())
		if sentinel := fileError(err); sentinel != nil {
			e.cause = sentinel
		}
	}
	return e
}

// foreign takes over an error of whoever gives tokens: how long to wait is theirs to say.
func foreign(err error) error {
	e := &Error{doing: "getting a token", reason: redact(err.Error()), cause: fileError(err)}
	var temporary interface {
		Retryable() (after time.Duration, ok bool)
	}
	if errors.As(err, &temporary) {
		e.after, e.retry = temporary.Retryable()
	}
	for _, sentinel := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, sentinel) {
			e.cause = sentinel
		}
	}
	return e
}

// fileError keeps what a caller may branch on of an error of the local disk.
func fileError(err error) error {
	for _, sentinel := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission} {
		if errors.Is(err, sentinel) {
			return sentinel
		}
	}
	return nil
}

// failStatus reads an answer that is a refusal; its body is not looked at.
func failStatus(now time.Time, resp *http.Response) *Error {
	e := &Error{status: resp.StatusCode}
	limited := resp.StatusCode == http.StatusTooManyRequests ||
		resp.StatusCode == http.StatusForbidden && resp.Header.Get("Retry-After") != ""
	switch {
	case limited:
		e.reason, e.retry, e.after = "rate limited", true, pause(now, resp.Header, pauseLimited)
	case resp.StatusCode >= 500:
		e.retry, e.after = true, pause(now, resp.Header, pauseServer)
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		e.reason, e.cause = "not permitted", fs.ErrPermission
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		e.reason, e.cause = "not found, or the App may not see it", fs.ErrNotExist
	}
	return e
}

// pause reads Retry-After, in either of its forms.
func pause(now time.Time, h http.Header, otherwise time.Duration) time.Duration {
	after := otherwise
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && seconds >= 0 {
		after = time.Duration(min(seconds, int(maxPause/time.Second))) * time.Second
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		after = at.Sub(now)
	}
	return max(0, min(after, maxPause))
}

// secrets matches what must never reach a log; a transport's error may quote any of it.
var secrets = regexp.MustCompile(`(?i)\b(?:gh[a-z]_|github_pat_)[A-Za-z0-9_]+|\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){0,2}|` +
	`\b(?:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]+|\b[a-z][a-z0-9+.-]*://\S+`)

// redact also shortens: servers send whole pages as the reason.
func redact(s string) string {
	s = strings.ToValidUTF8(secrets.ReplaceAllString(s, "[redacted]"), "?")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}
