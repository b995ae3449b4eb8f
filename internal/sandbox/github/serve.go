package github

import (
	"net/http"
	"slices"
	"strings"
)

// reservedSegments are first path segments of the REST API, which is served at / too (as api.github.com) and not only at /api/v3/ (as an Enterprise server).
var reservedSegments = []string{"repos", "app", "orgs", "installation", "user", "users", "rate_limit", "graphql", "api"}

// ServeHTTP sends a request to REST, GraphQL, git or the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.learnBaseURL(r)
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api/graphql" || r.URL.Path == "/graphql":
		s.serveGraphQL(w, r)
	case strings.HasPrefix(r.URL.Path, "/api/v3/"):
		http.StripPrefix("/api/v3", http.HandlerFunc(s.serveREST)).ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, storagePath):
		s.serveStorage(w, r)
	case strings.Contains(r.URL.Path, ".git/"):
		s.serveGit(w, r)
	case slices.Contains(reservedSegments, first):
		s.serveREST(w, r)
	default:
		s.pages.ServeHTTP(w, r)
	}
}

// learnBaseURL spares the simplest user of the server a call of SetBaseURL.
func (s *Server) learnBaseURL(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.baseURL == "" {
		s.baseURL = "http://" + r.Host
	}
}
