package registry

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guard lets requests through to the named hosts only, and without TLS to this machine only. It stands below the library that adds
// credentials, so that nothing above it - a redirect, a challenge, a library's change of mind - can carry them elsewhere (A35).
type guard struct {
	inner http.RoundTripper
	hosts []string
}

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkScheme(r.URL); err != nil {
		return nil, err
	}
	for _, host := range g.hosts {
		if sameHost(r.URL, host) {
			return g.inner.RoundTrip(r)
		}
	}
	return nil, notAllowed("want a request to %s, got one to %q", strings.Join(g.hosts, " or "), r.URL.Host)
}

func notAllowed(format string, args ...any) *failure {
	return &failure{doing: "sending request", code: codeRealm, detail: fmt.Sprintf(format, args...)}
}

// checkScheme has no code of its own: where the library tries both schemes, the answer to the other one tells more.
func checkScheme(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && reach(u.Hostname()) == reachMachine {
		return nil
	}
	return fmt.Errorf("want https, or http to localhost, got %q to %q", u.Scheme, u.Host)
}

// Reaches of a host, by how it is written: who can name it, and so whose secrets may answer there.
const (
	reachAnywhere = iota
	reachPrivate  // RFC 1918 and unique local addresses
	reachMachine  // this machine
	reachNever    // link-local, such as a cloud's metadata service, and what is no address of one host
)

func reach(hostname string) int {
	address, err := netip.ParseAddr(hostname)
	switch address = address.Unmap(); {
	case strings.EqualFold(hostname, "localhost"), err == nil && address.IsLoopback():
		return reachMachine
	case err == nil && !address.IsGlobalUnicast():
		return reachNever
	case err == nil && address.IsPrivate():
		return reachPrivate
	}
	return reachAnywhere
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
	if err != nil || u.Host == "" {
		return "", notAllowed("%s names no usable token service", host)
	}
	if err := checkScheme(u); err != nil {
		return "", notAllowed("%s names a token service that is not safe: %s", host, err)
	}
	for _, allowed := range append([]string{host, knownRealm(host)}, c.realms[host]...) {
		if allowed != "" && sameHost(u, allowed) {
			return u.Host, nil
		}
	}
	return "", notAllowed("%s wants credentials sent to %q; allow that host for this registry if it is right", host, u.Host)
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
// not be reached itself: the answer could be another service's secret.
func checkRedirect(from, to *url.URL) error {
	if err := checkScheme(to); err != nil {
		return notAllowed("%s redirects to what is not safe: %s", from.Host, err)
	}
	target := reach(to.Hostname())
	if from.Scheme == "https" && to.Scheme == "http" || target == reachNever || target > reach(from.Hostname()) {
		return notAllowed("%s redirects to %q, which is not for it to choose", from.Host, to.Host)
	}
	return nil
}
