// Package github is a GitHub in one process: REST, the one GraphQL mutation, smart HTTP git, signed webhooks and pages, as strict as the real one.
package github

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options configure a Server.
type Options struct {
	Dir     string           // bare repositories live here as OWNER/NAME.git, and stay
	Now     func() time.Time // required
	AuthNow func() time.Time // what tokens are judged by; default Now. Clients sign with the machine's clock, so a simulation that runs ahead passes time.Now
	Rand    io.Reader        // default crypto/rand
	// Transport delivers webhooks; default http.DefaultTransport.
	Transport http.RoundTripper
	// BaseURL is what links in answers and webhooks start with; default: the Host of the first request.
	BaseURL string
	// Observe is called after each API request or git push was carried out and before its answer leaves. It may call the server.
	Observe func(Exchange)
	// Record keeps every REST exchange, for Exchanges.
	Record bool
}

// Server is the http.Handler. Its methods may be called at any time, by any goroutine.
type Server struct {
	options Options
	rest    *http.ServeMux
	graph   *schema
	pages   *pages
	hooks   *hooks

	mu            sync.Mutex // guards everything below
	baseURL       string
	lastID        int64
	accounts      map[string]*account // by lower-case login
	teams         []*team
	repositories  []*repository
	apps          []*app
	installations []*installation
	attestations  []*attestation
	tokens        map[string]*token
	spent         map[string]*budget // by caller
	exchanges     []Exchange
	fault         func(*http.Request) *Fault
}

// New makes an empty GitHub. The error says so when git is missing or older than 2.38.
func New(o Options) (*Server, error) {
	if o.Now == nil || o.Dir == "" {
		return nil, errors.New("making a GitHub: Dir and Now are required")
	}
	if err := checkGit(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("making a GitHub: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a GitHub: %w", err)
	}
	o.Dir = dir
	if o.AuthNow == nil {
		o.AuthNow = o.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	s := &Server{options: o, baseURL: strings.TrimSuffix(o.BaseURL, "/"), lastID: 1000,
		accounts: map[string]*account{}, tokens: map[string]*token{}, spent: map[string]*budget{}}
	s.hooks = newHooks(o)
	s.rest = s.restMux()
	if s.graph, err = newSchema(); err != nil {
		return nil, err
	}
	if s.pages, err = newPages(s); err != nil {
		return nil, err
	}
	return s, nil
}

// SetBaseURL sets what links start with, for a server whose address is known only after it listens.
func (s *Server) SetBaseURL(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baseURL = strings.TrimSuffix(u, "/")
}

// now has whole seconds, like every time that GitHub shows and git stores.
func (s *Server) now() time.Time { return s.options.Now().UTC().Truncate(time.Second) }

// newID counts up over all kinds of things, so that an ID never fits two of them.
func (s *Server) newID() int64 {
	s.lastID++
	return s.lastID
}

func (s *Server) secret(prefix string) (string, error) {
	raw := make([]byte, 18)
	if _, err := io.ReadFull(s.options.Rand, raw); err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return prefix + hex.EncodeToString(raw), nil
}

// webFlow is the identity under which GitHub itself commits and signs.
func (s *Server) webFlow() person {
	return person{Name: "GitHub", Email: "noreply@github.com", When: s.now()}
}

// person is who a commit of this account is by.
func (s *Server) person(a *account) person {
	name := a.Name
	if name == "" {
		name = a.Login
	}
	return person{Name: name, Email: a.email(), When: s.now()}
}
