package dial

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/liftlock/liftlock/internal/core/reach"
)

// names is a name server that gives every name one address, which may change.
type names struct{ address atomic.Pointer[netip.Addr] }

func (n *names) lead(to string) {
	address := netip.MustParseAddr(to)
	n.address.Store(&address)
}

func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	packets, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = packets.Close() }) // its reader ends with it
	go func() {
		question := make([]byte, 512)
		for {
			size, from, err := packets.ReadFrom(question)
			if err != nil {
				return
			}
			if _, err := packets.WriteTo(n.answer(question[:size]), from); err != nil {
				return
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", packets.LocalAddr().String())
	}}
}

// answer is RFC 1035 section 4.1: header, the question again, and an A record where A was asked for.
func (n *names) answer(question []byte) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
	if question[end-3] == 1 {
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		address := n.address.Load().As4()
		answer = append(answer, address[:]...)
	}
	return answer
}

func get(ctx context.Context, way http.RoundTripper, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := way.RoundTrip(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

func wantRefused(t *testing.T, what string, err error, want bool) {
	t.Helper()
	var coded interface{ Code() string }
	if refused := errors.As(err, &coded) && coded.Code() == codeNotAllowed; refused != want {
		t.Errorf("%s: refused %t, want %t: %v", what, refused, want, err)
	}
	if want && strings.Contains(err.Error(), "127.0.0.1:") {
		t.Errorf("%s: says what the name leads to: %v", what, err)
	}
}

// A35: a name that leads to this machine or to the metadata service is refused, whoever named it.
func TestNamesThatLeadInside(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	leads := &names{}
	leads.lead("127.0.0.1")
	d := New()
	d.resolver = leads.resolver(t)
	inside := "http://evil.example:" + port + "/"
	for what, way := range map[string]http.RoundTripper{
		"configured": d.Configured(), "named by the internet": d.Named("ghcr.io"), "named by this network": d.Named("10.1.2.3:5000"), "named by the metadata service": d.Named("169.254.169.254"),
	} {
		wantRefused(t, what, get(t.Context(), way, inside), true)
	}
	wantRefused(t, "named by this machine", get(t.Context(), d.Named("localhost:5000"), inside), false)
	leads.lead("169.254.169.254")
	for what, way := range map[string]http.RoundTripper{"configured": d.Configured(), "named by this machine": d.Named("localhost:5000")} {
		wantRefused(t, what+", metadata", get(t.Context(), way, "http://metadata.example/"), true)
		wantRefused(t, what+", metadata as written", get(t.Context(), way, "http://169.254.169.254/"), true)
	}
}

// What was found in this network may name others in it; what was not may not.
func TestNamedByWhereHomeWasFound(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	d := New()
	if err := get(t.Context(), d.Configured(), server.URL); err != nil {
		t.Fatal(err)
	}
	if d.reached["127.0.0.1"] != reach.Machine {
		t.Errorf("found %v", d.reached)
	}
	wantRefused(t, "before", get(t.Context(), d.Named("registry.example:5000"), server.URL), true)
	d.reached["registry.example"] = reach.Private
	wantRefused(t, "in this network", get(t.Context(), d.Named("Registry.Example:5000"), server.URL), true)
	d.reached["registry.example"] = reach.Machine
	wantRefused(t, "on this machine", get(t.Context(), d.Named("registry.example:5000"), server.URL), false)
	// The connection that is open now is in another pool.
	wantRefused(t, "by another", get(t.Context(), d.Named("other.example"), server.URL), true)
}

// A proxy of the environment is the operator's, wherever it stands.
func TestProxyIsNotRefused(t *testing.T) {
	proxy := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(proxy.Close)
	d := New()
	d.proxies[proxy.Listener.Addr().String()] = true
	wantRefused(t, "proxy", get(t.Context(), d.Named("ghcr.io"), proxy.URL), false)
}
