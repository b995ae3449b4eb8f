package registry

import (
	"cmp"
	"fmt"
	"net"
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
	return nil, &failure{doing: "sending request", code: codeRealm, detail: fmt.Sprintf("want a request to %s, got one to %q", strings.Join(g.hosts, " or "), r.URL.Host)}
}

func checkScheme(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return &failure{doing: "sending request", code: codeRealm, detail: fmt.Sprintf("want https, or http to localhost, got %q to %q", u.Scheme, u.Host)}
}

func isLoopback(hostname string) bool {
	if hostname == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(hostname)
	return err == nil && address.Unmap().IsLoopback()
}

// isInternal reports whether a host is written as an address that only machines nearby can reach, such as a cloud's metadata service.
func isInternal(hostname string) bool {
	address, err := netip.ParseAddr(hostname)
	if err != nil {
		return strings.EqualFold(hostname, "localhost")
	}
	address = address.Unmap()
	return !address.IsGlobalUnicast() || address.IsPrivate()
}

// sameHost compares host names and ports, with the scheme's own port where none is written.
func sameHost(u *url.URL, host string) bool {
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	name, wanted, err := net.SplitHostPort(host)
	if err != nil {
		name, wanted = strings.Trim(host, "[]"), port
		if u.Port() != "" && u.Port() != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
			return false
		}
	}
	return strings.EqualFold(u.Hostname(), name) && port == wanted
}

// checkRealm refuses a token service that is neither the registry itself nor known to belong to it. A registry names the realm in its
// answer: one that was broken into would otherwise choose where the password goes.
func (c *Client) checkRealm(host, realm string) (string, error) {
	u, err := url.Parse(realm)
	if err != nil || u.Host == "" {
		return "", &failure{doing: "reading challenge", code: codeRealm, detail: fmt.Sprintf("%s names no usable token service", host)}
	}
	if err := checkScheme(u); err != nil {
		return "", err
	}
	for _, allowed := range append([]string{host, knownRealm(host)}, c.realms[host]...) {
		if allowed != "" && sameHost(u, allowed) {
			return u.Host, nil
		}
	}
	return "", &failure{doing: "reading challenge", code: codeRealm,
		detail: fmt.Sprintf("%s wants credentials sent to %q; allow that host for this registry if it is right", host, u.Host)}
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

// checkRedirect says whether storage elsewhere may be read, always without credentials.
func checkRedirect(from, to *url.URL) error {
	if err := checkScheme(to); err != nil {
		return err
	}
	if from.Scheme == "https" && to.Scheme == "http" || isInternal(to.Hostname()) && !isInternal(from.Hostname()) {
		return &failure{doing: "following redirect", code: codeRealm, detail: fmt.Sprintf("%s redirects to %q, which is not for it to choose", from.Host, to.Host)}
	}
	return nil
}
