package github

import "net/http"

// pages are what people see in a browser.
type pages struct{ *Server }

func newPages(s *Server) (*pages, error) { return &pages{s}, nil }

// ServeHTTP serves a page.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
