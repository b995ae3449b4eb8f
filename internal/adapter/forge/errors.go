package forge

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

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v62/github"
)

// Error is what went wrong with one request. Its text holds no URL, token or body of an answer. It wraps fs.ErrNotExist for what
// is not there or not visible, fs.ErrPermission for what is refused, and context errors; nothing else of the cause is kept,
// because request and answer hang on the libraries' errors, credentials included.
type Error struct {
	doing    string
	status   int    // 0: no answer
	reason   string // our own words, or redacted
	after    time.Duration
	retry    bool
	conflict bool
	cause    error
}

// Error is one line: what was done, the status, the reason in our own words.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.doing)
	if e.status != 0 {
		fmt.Fprintf(&b, ": the forge answered %d", e.status)
	}
	if e.reason != "" {
		b.WriteString(": " + e.reason)
	}
	return b.String()
}

// Unwrap returns fs.ErrNotExist, fs.ErrPermission, a context error or nil.
func (e *Error) Unwrap() error { return e.cause }

// Retryable says whether the same request may succeed later, and after how long. It may be long: the hour of a rate limit.
func (e *Error) Retryable() (after time.Duration, ok bool) { return e.after, e.retry }

// Conflict reports that something moved, or exists already: look again, then decide again.
func (e *Error) Conflict() bool { return e.conflict }

// Status returns the HTTP status of the answer, 0 where there was none.
func (e *Error) Status() int { return e.status }

// fail turns what a library returned into an Error. resp may be nil.
func fail(now time.Time, doing string, resp *github.Response, err error) error {
	if err == nil {
		return nil
	}
	var ours *Error
	if errors.As(err, &ours) { // from our own transport, inside a url.Error that names the address
		named := *ours
		named.doing = doing + ": " + ours.doing
		if ours.doing == "" {
			named.doing = doing
		}
		return &named
	}
	var exchange *ghinstallation.HTTPError
	if errors.As(err, &exchange) && exchange.Response != nil {
		return failStatus(now, doing, exchange.Response, err)
	}
	if resp != nil && resp.Response != nil && resp.StatusCode >= 300 {
		return failStatus(now, doing, resp.Response, err)
	}
	return failSilent(doing, resp, err)
}

// failStatus reads status and headers of an answer that is a refusal.
func failStatus(now time.Time, doing string, resp *http.Response, err error) *Error {
	e := &Error{doing: doing, status: resp.StatusCode}
	switch {
	case limited(resp, err):
		e.reason, e.retry, e.after = "rate limited", true, pause(now, resp.Header, pauseLimited)
	case resp.StatusCode >= 500:
		e.retry, e.after = true, pause(now, resp.Header, pauseServer)
	case resp.StatusCode == http.StatusUnauthorized:
		e.reason, e.cause = "not authenticated: check App ID, private key and clock", fs.ErrPermission
	case resp.StatusCode == http.StatusForbidden:
		e.reason, e.cause = "not permitted"+wantedPermissions(resp.Header), fs.ErrPermission
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		e.reason, e.cause = "not found, or the App may not see it", fs.ErrNotExist
	case resp.StatusCode == http.StatusMethodNotAllowed:
		e.reason, e.retry, e.after = "not possible now", true, pauseBlocked
	case resp.StatusCode == http.StatusConflict:
		e.reason, e.conflict = "something moved meanwhile", true
	case resp.StatusCode == http.StatusUnprocessableEntity:
		e.reason, e.conflict = unprocessable(err)
	}
	return e
}

// limited tells "too much" from "not allowed": GitHub answers 403 to both.
func limited(resp *http.Response, err error) bool {
	var abuse *github.AbuseRateLimitError
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden &&
		(errors.As(err, &abuse) || resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-Ratelimit-Remaining") == "0")
}

// failSilent is for requests without an answer, and for answers that nobody can read.
func failSilent(doing string, resp *github.Response, err error) *Error {
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
	case resp != nil && resp.Response != nil:
		e.reason = fmt.Sprintf("answer %d cannot be read: %s", resp.StatusCode, redact(err.Error()))
	default:
		e.reason = "no answer: " + redact(err.Error())
	}
	return e
}

// unprocessable names the fields and codes of a 422, never its sentences: those quote what was sent.
func unprocessable(err error) (reason string, exists bool) {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) {
		return "not valid", false
	}
	var words []string
	for _, detail := range answer.Errors {
		if detail.Code == "already_exists" || strings.Contains(detail.Message, "already exists") {
			return "exists already", true
		}
		if word := detail.Field + " " + detail.Code; plainWords.MatchString(word) {
			words = append(words, strings.TrimSpace(word))
		}
	}
	if strings.Contains(answer.Message, "already exists") {
		return "exists already", true
	}
	if len(words) == 0 {
		return "not valid", false
	}
	return "not valid: " + strings.Join(words, ", "), false
}

var plainWords = regexp.MustCompile(`\A[a-z_]{1,40} [a-z_]{1,40}\z`)

var plainPermissions = regexp.MustCompile(`\A[a-z_=,; ]{1,200}\z`)

// wantedPermissions quotes the header in which GitHub says what would have been enough.
func wantedPermissions(h http.Header) string {
	wanted := h.Get("X-Accepted-Github-Permissions")
	if !plainPermissions.MatchString(wanted) {
		return ""
	}
	return ", wanted: " + wanted
}

// pause reads how long GitHub wants to be left alone: retry-after first, then the reset of an exhausted limit.
func pause(now time.Time, h http.Header, otherwise time.Duration) time.Duration {
	after := otherwise
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && seconds >= 0 {
		after = time.Duration(min(seconds, int(maxPause/time.Second))) * time.Second
	} else if reset, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil && h.Get("X-Ratelimit-Remaining") == "0" {
		after = time.Unix(reset, 0).Sub(now)
	}
	return max(0, min(after, maxPause))
}

// secrets matches what must never reach a log: tokens of GitHub, signed JWTs, authorization headers, credentials in URLs.
// A transport's error may quote any of them.
var secrets = regexp.MustCompile(`(?i)\b(?:gh[a-z]_|github_pat_)[A-Za-z0-9_]+|\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){0,2}|` +
	`\b(?:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]+|\b[a-z][a-z0-9+.-]*://\S+`)

// redact also shortens: an error may quote a whole page.
func redact(s string) string {
	s = secrets.ReplaceAllString(s, "[redacted]")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}
