package registry

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// host is one registry: what it demands of clients is asked once for all repositories.
type host struct {
	mu        sync.Mutex
	challenge *transport.Challenge
}

// session is an authenticated way to one repository. It holds until the registry refuses it.
type session struct {
	transport http.RoundTripper
	base      string // scheme://host/v2/path/
	host      string
	tried     string // which credentials, for people
}

// session returns the way to a repository that is open already, else opens one.
func (c *Client) session(ctx context.Context, repository digest.Repository) (*session, error) {
	c.mu.Lock()
	s := c.sessions[repository]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := c.connect(ctx, repository)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.sessions[repository] = s
	c.mu.Unlock()
	return s, nil
}

// forget drops what was agreed with a registry that refuses, so that new credentials are taken up; after a 401 also what it demands.
func (c *Client) forget(repository digest.Repository, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, repository)
	if status == http.StatusUnauthorized {
		delete(c.hosts, repository.Host())
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
	tried := describe(config)
	challenge, err := c.challenge(ctx, repository.Host(), named.Registry)
	if err != nil {
		return nil, c.transportFailure(ctx, doing, address, tried, err)
	}
	way, err := c.authenticate(ctx, named, authenticator, config, challenge)
	if err != nil {
		c.forget(repository, http.StatusUnauthorized) // what was demanded once may have been a lie: it is asked anew
		return nil, c.transportFailure(ctx, doing, address, tried, err)
	}
	scheme := "https"
	if challenge.Insecure {
		scheme = "http"
	}
	return &session{transport: way, base: scheme + "://" + address + "/v2/" + named.RepositoryStr() + "/", host: address, tried: tried}, nil
}

// challenge asks a registry what it demands, once. Whoever comes meanwhile waits for the answer instead of asking too.
func (c *Client) challenge(ctx context.Context, key string, registry name.Registry) (*transport.Challenge, error) {
	c.mu.Lock()
	h := c.hosts[key]
	if h == nil {
		h = &host{}
		c.hosts[key] = h
	}
	c.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.challenge != nil {
		return h.challenge, nil
	}
	challenge, err := transport.Ping(ctx, registry, guard{inner: c.transport, hosts: []string{registry.RegistryStr()}})
	if err != nil {
		return nil, err
	}
	h.challenge = challenge
	return challenge, nil
}

// authenticate returns a transport that answers the registry's challenge. The token exchange is the library's; where it may go is ours.
func (c *Client) authenticate(ctx context.Context, repository name.Repository, authenticator authn.Authenticator, config *authn.AuthConfig,
	challenge *transport.Challenge) (http.RoundTripper, error) {
	registry := repository.Registry
	way := guard{inner: c.transport, hosts: []string{registry.RegistryStr()}}
	if challenge.Scheme == "" {
		// No credentials where none are asked for.
		return way, nil
	}
	if !isBearer(challenge.Scheme) {
		return transport.FromToken(registry, authenticator, way, challenge, &transport.Token{})
	}
	realm, err := c.checkRealm(registry.RegistryStr(), challenge.Parameters["realm"])
	if err != nil {
		return nil, err
	}
	if realm != registry.RegistryStr() {
		way.hosts = append(way.hosts, realm)
	}
	if config.RegistryToken != "" {
		return transport.FromToken(registry, authenticator, way, challenge, &transport.Token{Token: config.RegistryToken})
	}
	token, err := transport.Exchange(ctx, registry, authenticator, way, []string{repository.Scope(transport.PullScope)}, challenge)
	if err != nil {
		return nil, err
	}
	if token.Token == "" {
		// Azure sends the OAuth name of the same thing.
		token.Token = token.AccessToken
	}
	return transport.FromToken(registry, authenticator, way, challenge, token)
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
