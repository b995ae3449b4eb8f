package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// host is one registry: what it demands of clients is asked once for all repositories.
type host struct {
	turn      turn
	challenge *transport.Challenge
}

// slot is where one repository's session stands. Whoever comes while it is opened waits instead of opening another.
type slot struct {
	turn turn
	open *session
}

// session is an authenticated way to one repository. It holds until its token ends or the registry refuses it.
type session struct {
	transport http.RoundTripper
	base      string // scheme://host/v2/path/
	host      string
	tried     string    // which credentials, for people
	ends      time.Time // zero: nobody said
}

// session returns the way to a repository that is open already, else opens one; opened tells which.
func (c *Client) session(ctx context.Context, repository digest.Repository) (s *session, opened bool, err error) {
	c.mu.Lock()
	place := c.sessions[repository]
	if place == nil {
		place = &slot{turn: newTurn()}
		c.sessions[repository] = place
	}
	c.mu.Unlock()
	if err := place.turn.take(ctx); err != nil {
		return nil, false, c.transportFailure(ctx, fmt.Sprintf("connecting to %q", repository), repository.Host(), "", err)
	}
	defer place.turn.give()
	if s = place.open; s != nil && (s.ends.IsZero() || c.now().Before(s.ends)) {
		return s, false, nil
	}
	if s, err = c.connect(ctx, repository); err != nil {
		return nil, false, err
	}
	place.open = s
	return s, true, nil
}

// forget drops what was agreed with a registry that refuses, unless somebody has agreed anew already, so that new credentials are
// taken up. Where even a new session is refused, what the registry demands may have changed too.
func (c *Client) forget(ctx context.Context, repository digest.Repository, refused *session, demands bool) {
	c.mu.Lock()
	place := c.sessions[repository]
	if demands {
		delete(c.hosts, repository.Host())
	}
	c.mu.Unlock()
	if place == nil || place.turn.take(ctx) != nil {
		return // it is refused again next time
	}
	defer place.turn.give()
	if place.open == refused {
		place.open = nil
	}
}

// connect finds credentials, asks what the registry wants, and exchanges the one for the other. Scopes differ by repository, so tokens do.
func (c *Client) connect(ctx context.Context, repository digest.Repository) (*session, error) {
	doing := fmt.Sprintf("connecting to %q", repository)
	named, err := name.NewRepository(repository.String(), name.StrictValidation)
	if err != nil {
		return nil, &failure{doing: doing, detail: "want a repository name that registries take", code: codeUnreachable, err: err}
	}
	address := named.RegistryStr()
	authenticator, err := authn.Resolve(ctx, c.keychain, named)
	if err != nil {
		return nil, &failure{doing: doing, detail: "reading credentials for " + address, code: codeDenied, err: err}
	}
	config, err := authn.Authorization(ctx, authenticator)
	if err != nil {
		return nil, &failure{doing: doing, detail: "reading credentials for " + address, code: codeDenied, err: err}
	}
	s := &session{host: address, tried: describe(config)}
	challenge, err := c.challenge(ctx, repository.Host(), named.Registry)
	if err != nil {
		return nil, c.transportFailure(ctx, doing, address, s.tried, err)
	}
	if err := c.authenticate(ctx, s, named, authenticator, config, challenge); err != nil {
		refused := c.transportFailure(ctx, doing, address, s.tried, err)
		if f, ok := errors.AsType[*failure](refused); ok && !f.heals {
			c.mu.Lock()
			delete(c.hosts, repository.Host()) // what was demanded once may have been a lie: it is asked anew
			c.mu.Unlock()
		}
		return nil, refused
	}
	scheme := "https"
	if challenge.Insecure {
		scheme = "http"
	}
	s.base = scheme + "://" + address + "/v2/" + named.RepositoryStr() + "/"
	return s, nil
}

// challenge asks a registry what it demands, once. Whoever comes meanwhile waits for the answer instead of asking too.
func (c *Client) challenge(ctx context.Context, key string, registry name.Registry) (*transport.Challenge, error) {
	c.mu.Lock()
	h := c.hosts[key]
	if h == nil {
		h = &host{turn: newTurn()}
		c.hosts[key] = h
	}
	c.mu.Unlock()
	if err := h.turn.take(ctx); err != nil {
		return nil, err
	}
	defer h.turn.give()
	if h.challenge != nil {
		return h.challenge, nil
	}
	way := c.guard(c.transport, registry.RegistryStr())
	way.limit = maxSmall
	challenge, err := transport.Ping(ctx, registry, way)
	if err != nil {
		return nil, err
	}
	h.challenge = challenge
	return challenge, nil
}

func (c *Client) guard(inner http.RoundTripper, hosts ...string) guard {
	return guard{inner: inner, paces: c.paces, hosts: hosts}
}

// authenticate gives the session a transport that answers the registry's challenge. The token exchange is the library's; where it may
// go is ours.
func (c *Client) authenticate(ctx context.Context, s *session, repository name.Repository, authenticator authn.Authenticator,
	config *authn.AuthConfig, challenge *transport.Challenge) error {
	registry := repository.Registry
	way := c.guard(c.transport, s.host)
	if challenge.Scheme == "" {
		// No credentials where none are asked for.
		s.transport = way
		return nil
	}
	if !isBearer(challenge.Scheme) {
		var err error
		s.transport, err = transport.FromToken(registry, authenticator, way, challenge, &transport.Token{})
		return err
	}
	if config.RegistryToken != "" {
		s.transport = bearer{next: way, token: config.RegistryToken}
		return nil
	}
	realm, err := c.checkRealm(s.host, challenge.Parameters["realm"])
	if err != nil {
		return err
	}
	service := c.guard(c.transport, realm)
	service.limit = maxSmall
	token, err := transport.Exchange(ctx, registry, authenticator, service, []string{repository.Scope(transport.PullScope)}, challenge)
	if err != nil {
		return exchangeFailure(realm, err)
	}
	if token.Token == "" {
		// Azure sends the OAuth name of the same thing.
		token.Token = token.AccessToken
	}
	s.transport = bearer{next: way, token: token.Token}
	if life := time.Duration(min(max(token.ExpiresIn, 0), maxTokenLife)) * time.Second * 3 / 4; life >= minTokenLife {
		s.ends = c.now().Add(life)
	}
	return nil
}

// exchangeFailure keeps errors of the network. Any other may quote the answer, which may hold half of a credential.
func exchangeFailure(realm string, err error) error {
	var refused *failure
	var answered *transport.Error
	var wrapped *url.Error
	var network net.Error
	if errors.As(err, &refused) || errors.As(err, &answered) || errors.As(err, &wrapped) || errors.As(err, &network) {
		return err
	}
	return &failure{doing: "getting a token", code: codeUnreachable, detail: realm + " answered without a token that can be used"}
}

// bearer adds a token to requests; the guard below lets them through to the registry alone. The library's own would get a new token
// by itself, again for each of the requests that are refused together.
type bearer struct {
	next  guard
	token string
}

// RoundTrip signs a copy.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	signed := r.Clone(r.Context())
	signed.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(signed)
}

// describe names credentials without showing them.
func describe(config *authn.AuthConfig) string {
	switch {
	case config.RegistryToken != "":
		return "a registry token"
	case config.IdentityToken != "":
		return "an identity token"
	case config.Username != "":
		return fmt.Sprintf("user %q", config.Username)
	case config.Auth != "":
		return "a configured login"
	}
	return "an anonymous client (no credentials are configured for this registry)"
}
