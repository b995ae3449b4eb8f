package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// answer is a successful response, read whole.
type answer struct {
	body   []byte
	header http.Header
}

// resource is something below /v2/<repository>/, and how much of it is wanted.
type resource struct {
	path   string
	accept string
	limit  int64
	beyond string // code where it is larger
}

// get reads a resource. It tries again on the spot what may heal at once.
func (c *Client) get(ctx context.Context, repository digest.Repository, wanted resource) (answer, error) {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		got, err := c.getOnce(ctx, repository, wanted)
		var f *failure
		if err == nil || !errors.As(err, &f) || !f.heals || f.after > maxWait || attempt == attempts {
			return got, err
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return got, err // who was slow once holds up everything else behind it
		}
		if slept := c.sleep(ctx, max(f.after, wait)); slept != nil {
			return answer{}, err
		}
		wait *= 2
	}
}

// getOnce is one try, with a time limit of its own. A session that the registry refuses is opened anew once: tokens end, and may end
// early.
func (c *Client) getOnce(ctx context.Context, repository digest.Repository, wanted resource) (answer, error) {
	name, _, _ := strings.Cut(wanted.path, "?")
	doing := fmt.Sprintf("reading %s of %q", name, repository)
	leave, err := c.paces.enter(ctx, repository.Host())
	if err != nil {
		return answer{}, c.transportFailure(ctx, doing, repository.Host(), "", err)
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	for {
		s, opened, err := c.session(ctx, repository)
		if err != nil {
			return answer{}, err
		}
		got, status, err := c.ask(ctx, doing, s, wanted)
		if status == http.StatusUnauthorized || status == http.StatusForbidden {
			c.forget(ctx, repository, s, opened && status == http.StatusUnauthorized)
		}
		if status != http.StatusUnauthorized || opened {
			return got, err
		}
	}
}

// ask sends one request and reads the answer. The status is 0 where there was none.
func (c *Client) ask(ctx context.Context, doing string, s *session, wanted resource) (answer, int, error) {
	response, from, err := c.send(ctx, s, s.base+wanted.path, wanted.accept)
	if err != nil {
		return answer{}, 0, c.transportFailure(ctx, doing, s.host, s.tried, err)
	}
	// The body was read or is abandoned: closing cannot change what was decided.
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		// Draining only saves the connection.
		_, _ = io.CopyN(io.Discard, response.Body, maxDrained)
		return answer{}, response.StatusCode, c.statusFailure(doing, from, s.tried, response.StatusCode)
	}
	body, err := readBounded(response, wanted)
	if err != nil {
		return answer{}, response.StatusCode, c.transportFailure(ctx, doing, s.host, s.tried, err)
	}
	return answer{body: body, header: response.Header}, response.StatusCode, nil
}

// send makes the request with credentials, and follows redirects without them. It returns who answered in the end.
func (c *Client) send(ctx context.Context, s *session, target, accept string) (response *http.Response, from string, err error) {
	at, err := url.Parse(target)
	if err != nil {
		return nil, "", err
	}
	way, away := s.transport, false
	for range maxRedirects + 1 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
		if err != nil {
			return nil, "", err
		}
		request.Header.Set("User-Agent", c.userAgent)
		request.Header.Set("Accept-Encoding", "identity")
		if accept != "" {
			request.Header.Set("Accept", accept)
		}
		response, err := way.RoundTrip(request)
		if err != nil {
			return nil, "", err
		}
		if response.StatusCode < 300 || response.StatusCode > 399 {
			return response, at.Host, nil
		}
		next, err := at.Parse(response.Header.Get("Location"))
		_ = response.Body.Close() // nothing in it is read
		if err != nil || response.Header.Get("Location") == "" {
			return nil, "", &failure{doing: "following redirect", code: codeUnreachable, detail: s.host + " redirects nowhere"}
		}
		if err := checkRedirect(at, next); err != nil {
			return nil, "", err
		}
		if away = away || next.Scheme != at.Scheme || !sameHost(next, at.Host); away {
			way = c.guard(c.away(s.host), next.Host)
		}
		at = next
	}
	return nil, "", &failure{doing: "following redirect", code: codeUnreachable, detail: fmt.Sprintf("%s redirects more than %d times", s.host, maxRedirects)}
}

// readBounded reads a body and errors rather than truncates.
func readBounded(response *http.Response, wanted resource) ([]byte, error) {
	tooLarge := &failure{doing: "reading body", code: wanted.beyond, detail: fmt.Sprintf("want at most %d bytes, got more", wanted.limit)}
	if response.ContentLength > wanted.limit {
		return nil, tooLarge
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, &failure{doing: "reading body", code: codeUnsupported, detail: fmt.Sprintf("want no content encoding, got %.40q", encoding)}
	}
	var body bytes.Buffer
	if response.ContentLength > 0 {
		body.Grow(int(response.ContentLength))
	}
	if _, err := io.Copy(&body, io.LimitReader(response.Body, wanted.limit+1)); err != nil {
		return nil, err
	}
	if int64(body.Len()) > wanted.limit {
		return nil, tooLarge
	}
	return body.Bytes(), nil
}

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
