package gitrepo

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// guard is the transport below go-git. It sends the token to the remote itself and to nobody else, wherever a redirect points, bounds
// what is read, and turns refusals into errors before the library quotes their bodies.
type guard struct {
	home   *url.URL
	remote Remote
	now    func() time.Time
	pack   int64 // bound of one answer
}

// newGuard fills in what was left out.
func newGuard(home *url.URL, remote Remote) *guard {
	g := &guard{home: home, remote: remote, now: remote.Now, pack: maxPack}
	if g.remote.Transport == nil {
		g.remote.Transport = http.DefaultTransport
	}
	if g.now == nil {
		g.now = time.Now
	}
	return g
}

// RoundTrip checks the host, signs a copy, and lets no refusal through as an answer.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != g.home.Scheme || req.URL.Host != g.home.Host {
		closeBody(req)
		return nil, &Error{reason: "redirected to another host: refused"}
	}
	signed := req.Clone(req.Context())
	signed.Header.Del("Authorization")
	if g.remote.Token != nil {
		token, err := g.remote.Token(req.Context())
		if err != nil {
			closeBody(req)
			return nil, foreign(err)
		}
		signed.SetBasicAuth("x-access-token", token)
	}
	resp, err := g.remote.Transport.RoundTrip(signed)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		failure := failStatus(g.now(), resp)
		_ = resp.Body.Close() // nothing in it is wanted
		return nil, failure
	}
	limit := g.pack
	if strings.HasSuffix(req.URL.Path, "/info/refs") {
		limit = maxAdvertisement
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: limit}
	return resp, nil
}

// closeBody keeps the contract of RoundTripper where a request is not sent.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // a body in memory: nothing can be lost
	}
}

var errTooLarge = errors.New("answer is larger than the limit")

// boundedBody fails once more than left bytes came: half a pack must not be taken for a whole one.
type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read hands out nothing of what went over the limit.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
