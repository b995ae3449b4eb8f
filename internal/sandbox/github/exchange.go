package github

import (
	"net/http"
	"slices"
)

// Exchange is one API request with its answer. Credentials are left out: TokenKind says what kind there was.
type Exchange struct {
	Operation    string // GitHub's name of the endpoint, such as "git/create-tree"; "graphql", "git/push" and "git/fetch" for the rest; "" when no endpoint matched
	TokenKind    string // anonymous, app, installation, user; "" where the credential was refused
	Method       string
	URL          string // path and query, without host and without /api/v3
	RequestType  string // Content-Type
	RequestBody  []byte
	Status       int
	ResponseType string
	ResponseBody []byte
}

// Exchanges are the REST exchanges so far, where Options.Record is set.
func (s *Server) Exchanges() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.exchanges)
}

// Fault is an answer in place of the real one, to play an outage or a rate limit.
type Fault struct {
	Status int
	Header http.Header
	Body   string
}

// SetFault asks f before each REST, GraphQL and git request; an answer of nil lets the request through. A nil f ends all faults.
func (s *Server) SetFault(f func(*http.Request) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *Server) faultFor(r *http.Request) *Fault {
	s.mu.Lock()
	f := s.fault
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(r)
}

func (f *Fault) write(w http.ResponseWriter) {
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body)) // a client that went away misses its answer
}

// finish records and reports an exchange; it is called without the lock, so that the observer may use the server.
func (s *Server) finish(e Exchange, keep bool) {
	if keep && s.options.Record {
		s.mu.Lock()
		s.exchanges = append(s.exchanges, e)
		s.mu.Unlock()
	}
	if s.options.Observe != nil {
		s.options.Observe(e)
	}
}
