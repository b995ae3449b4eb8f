package registry

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/reach"
)

// guard lets requests through to the named hosts only, and without TLS to this machine only. It stands below the library that adds
// credentials, so that nothing above it - a redirect, a challenge, a library's change of mind - can carry them elsewhere (A35). Below
// the library is also where headers are seen that it keeps to itself: a host that wants to rest says so in one of them (A33).
type guard struct {
	inner http.RoundTripper
	paces *paces
	hosts []string
	limit int64 // of a body that the library reads; 0: whoever reads it counts
}

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkScheme(r.URL); err != nil {
		return nil, err
	}
	if reach.OfName(r.URL.Hostname()) == reach.Never || !g.allows(r.URL) {
		return nil, notAllowed("want a request to %s, got one to %q", strings.Join(g.hosts, " or "), r.URL.Host)
	}
	if rest := g.paces.rest(r.URL.Host); rest > 0 {
		return nil, &failure{doing: "sending request", code: codeUnreachable, detail: r.URL.Host + " wants to be left alone", heals: true, after: rest}
	}
	if r.Header.Get("Accept-Encoding") == "" {
		r = r.Clone(r.Context())
		// Identity: the standard library would otherwise unpack gzip on the fly, however large it becomes (A30).
		r.Header.Set("Accept-Encoding", "identity")
	}
	response, err := g.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	g.paces.note(r.URL.Host, response.StatusCode, response.Header)
	switch {
	case g.limit == 0:
	case response.StatusCode != http.StatusOK:
		// The library would take a long page for another error than its status says. Draining only saves the connection.
		_, _ = io.CopyN(io.Discard, response.Body, maxDrained)
		_ = response.Body.Close()
		response.Body = http.NoBody
	default:
		response.Body = &boundedBody{ReadCloser: response.Body, left: g.limit}
	}
	return response, nil
}

func (g guard) allows(u *url.URL) bool {
	for _, host := range g.hosts {
		if sameHost(u, host) {
			return true
		}
	}
	return false
}

// boundedBody ends a body with an error where more comes than is left.
type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left >= 0 {
		n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
		if b.left -= int64(n); b.left >= 0 {
			return n, err
		}
	}
	return 0, &failure{doing: "reading body", code: codeUnreachable, detail: "the answer is longer than any that is wanted"}
}

func notAllowed(format string, args ...any) *failure {
	return &failure{doing: "sending request", code: codeRealm, detail: fmt.Sprintf(format, args...)}
}

// checkScheme has no code of its own: where the library tries both schemes, the answer to the other one tells more.
func checkScheme(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && reach.OfName(u.Hostname()) == reach.Machine {
		return nil
	}
	return fmt.Errorf("want https, or http to localhost, got %q to %q", u.Scheme, u.Host)
}

// sameHost compares names and ports, with the scheme's own port where none is written.
func sameHost(u *url.URL, host string) bool {
	other := url.URL{Scheme: u.Scheme, Host: host}
	return strings.EqualFold(u.Hostname(), other.Hostname()) && portOf(u) == portOf(&other)
}

func portOf(u *url.URL) string {
	if u.Port() == "" && u.Scheme == "http" {
		return "80"
	}
	return cmp.Or(u.Port(), "443")
}

// checkRealm refuses a token service that is neither the registry itself nor known to belong to it. A registry names the realm in its
// answer: one that was broken into would otherwise choose where the password goes.
func (c *Client) checkRealm(host, realm string) (string, error) {
	u, err := url.Parse(realm)
	if err != nil || u.Host == "" || u.User != nil {
		return "", notAllowed("%s names no usable token service", host)
	}
	if err := checkScheme(u); err != nil {
		return "", notAllowed("%s names a token service that is not safe: %s", host, err)
	}
	for _, allowed := range slices.Concat([]string{host, knownRealm(host)}, c.realms[host], c.realms[alias(host)]) {
		if allowed != "" && sameHost(u, allowed) && reach.OfName(u.Hostname()) != reach.Never {
			return u.Host, nil
		}
	}
	return "", notAllowed("%s wants credentials sent to %q; allow that host for this registry if it is right", host, u.Host)
}

// alias returns the other name of Docker's registry: people write the short one.
func alias(host string) string {
	if host == "index.docker.io" {
		return "docker.io"
	}
	return ""
}

// knownRealm returns the token service of public registries that keep it on another host.
func knownRealm(host string) string {
	switch host {
	case "index.docker.io":
		return "auth.docker.io"
	case "registry.gitlab.com":
		return "gitlab.com"
	case "docker.elastic.co":
		return "docker-auth.elastic.co"
	case "registry.redhat.io":
		return "sso.redhat.com"
	}
	return ""
}

// checkRedirect says whether storage elsewhere may be read, always without credentials. A registry may not point to where it could
// not be reached itself: the answer could be another service's secret. What a name leads to is seen when it is connected to.
func checkRedirect(from, to *url.URL) error {
	if err := checkScheme(to); err != nil {
		return notAllowed("%s redirects to what is not safe: %s", from.Host, err)
	}
	target := reach.OfName(to.Hostname())
	if from.Scheme == "https" && to.Scheme == "http" || to.User != nil || target == reach.Never || target > reach.OfName(from.Hostname()) {
		return notAllowed("%s redirects to %q, which is not for it to choose", from.Host, to.Host)
	}
	return nil
}
