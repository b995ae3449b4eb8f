// Package dial connects to hosts, and refuses addresses that whoever named the host has no business with (A35).
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/liftlock/liftlock/internal/core/reach"
)

const (
	// connectTime and keepAlive are those of the standard library's own transport.
	connectTime = 30 * time.Second
	keepAlive   = 30 * time.Second
	// maxKnown bounds what is remembered of hosts and proxies. Past it everything is forgotten: a host is known again once it was asked again.
	maxKnown = 4096
)

// codeNotAllowed stands in the code table: a request would go where it must not.
const codeNotAllowed = "REALM_NOT_ALLOWED"

// refusal is an address that may not be connected to.
type refusal struct{ host string }

// Error names the host and not the address: where a name leads inside this network is nobody's business who reads errors.
func (r *refusal) Error() string {
	return fmt.Sprintf("connecting to %q: its address is one that may not be asked for here", r.host)
}

// Code returns the code of the code table.
func (r *refusal) Code() string { return codeNotAllowed }

// Dialer hands out transports. What a name resolves to is checked when it is connected to, so that no answer of a name server can
// change in between.
type Dialer struct {
	resolver *net.Resolver // nil: the system's

	mu      sync.Mutex // protects the rest
	pools   map[reach.Reach]*http.Transport
	reached map[string]reach.Reach // by host: where a configured one was found
	proxies map[string]bool        // host:port
}

// New returns a Dialer. Proxies are those of the environment.
func New() *Dialer {
	return &Dialer{pools: map[reach.Reach]*http.Transport{}, reached: map[string]reach.Reach{}, proxies: map[string]bool{}}
}

// Configured returns the transport for hosts that an operator has named: they may be in this network, and on this machine where the
// name says so.
func (d *Dialer) Configured() http.RoundTripper {
	return d.transport(d.dialConfigured)
}

// Named returns the transport for hosts that home has named in an answer. Such a host may only be where home itself was found: a
// registry on the internet has no business with this network.
func (d *Dialer) Named(home string) http.RoundTripper {
	host := (&url.URL{Host: home}).Hostname()
	return named{dialer: d, home: strings.ToLower(host)}
}

// named chooses a pool of connections for each request. Pools are apart, so that a connection which one home may use is never lent
// to another.
type named struct {
	dialer *Dialer
	home   string
}

// RoundTrip implements http.RoundTripper.
func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	return n.dialer.pool(n.home).RoundTrip(r)
}

func (d *Dialer) pool(home string) *http.Transport {
	d.mu.Lock()
	defer d.mu.Unlock()
	most := max(reach.OfName(home), d.reached[home])
	if most == reach.Never {
		most = reach.Anywhere // it was never connected to
	}
	if d.pools[most] == nil {
		d.pools[most] = d.transport(func(ctx context.Context, network, address string) (net.Conn, error) {
			return d.dial(ctx, network, address, most)
		})
	}
	return d.pools[most]
}

type dialContext func(ctx context.Context, network, address string) (net.Conn, error)

func (d *Dialer) transport(dial dialContext) *http.Transport {
	return &http.Transport{
		Proxy: d.proxy, DialContext: dial, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
	}
}

// proxy remembers the proxies of the environment: where a request goes from there is not known here, and not ours to refuse.
func (d *Dialer) proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil || u == nil {
		return u, err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.proxies) >= maxKnown {
		clear(d.proxies)
	}
	d.proxies[net.JoinHostPort(u.Hostname(), port)] = true
	return u, nil
}

// dialConfigured connects to a configured host and remembers where it was found.
func (d *Dialer) dialConfigured(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connecting: want host:port: %w", err)
	}
	most := reach.Private
	if reach.OfName(host) == reach.Machine {
		most = reach.Machine
	}
	connection, err := d.dial(ctx, network, address, most)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if found, err := netip.ParseAddrPort(connection.RemoteAddr().String()); err == nil && !d.proxies[address] {
		if len(d.reached) >= maxKnown {
			clear(d.reached)
		}
		d.reached[strings.ToLower(host)] = reach.OfAddress(found.Addr())
	}
	return connection, nil
}

// dial connects to an address no narrower than most.
func (d *Dialer) dial(ctx context.Context, network, address string, most reach.Reach) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectTime, KeepAlive: keepAlive, Resolver: d.resolver}
	d.mu.Lock()
	proxied := d.proxies[address]
	d.mu.Unlock()
	if !proxied {
		dialer.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			if found, err := netip.ParseAddrPort(resolved); err != nil || reach.OfAddress(found.Addr()) > most {
				host, _, _ := net.SplitHostPort(address) // it was connected by
				return &refusal{host: host}
			}
			return nil
		}
	}
	connection, err := dialer.DialContext(ctx, network, address)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return nil, refused // without the address, which the network's error shows
	}
	return connection, err
}
