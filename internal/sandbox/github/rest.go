package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// object is a JSON object of an answer; encoding sorts its keys.
type object = map[string]any

// access says which kind of caller an endpoint takes.
type access int

const (
	asCaller       access = iota // installation token or user
	asApp                        // JWT
	asInstallation               // installation token only
)

// route is one endpoint of the REST API.
type route struct {
	operation string // GitHub's operationId
	pattern   string // of http.ServeMux
	access    access
	grants    []grant // any of them; none: the caller only has to see the repository
	handle    func(*call) (answer, error)
}

// answer is what an endpoint gives back. A nil body is an empty one.
type answer struct {
	status int
	body   any
	header http.Header
}

func ok(body any) (answer, error) { return answer{status: http.StatusOK, body: body}, nil }

func created(body any) (answer, error) { return answer{status: http.StatusCreated, body: body}, nil }

func noContent() (answer, error) { return answer{status: http.StatusNoContent}, nil }

// call is one request in the hands of its endpoint.
type call struct {
	*Server
	request *http.Request
	body    []byte
	who     caller
	repo    *repository // where the path names one
}

func (c *call) path(name string) string { return c.request.PathValue(name) }

// number reads a numeric path segment; anything else is 404, as no such thing exists.
func (c *call) number(name string) (int64, error) {
	n, err := strconv.ParseInt(c.path(name), 10, 64)
	if err != nil || n < 1 {
		return 0, notFound()
	}
	return n, nil
}

// decode reads the JSON body as GitHub does: unknown fields are ignored, wrong types are 422.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	err := json.Unmarshal(c.body, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return refuse(http.StatusUnprocessableEntity, "Invalid request.\n\nFor 'properties/%s', %s is not of type %s.", wrong.Field, wrong.Value, wrong.Type)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}

func (s *Server) restMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range restRoutes() {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.serveRoute(w, req, r) })
	}
	return mux
}

// serveREST gives unknown endpoints GitHub's JSON 404, not the text of http.ServeMux.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	if f := s.faultFor(r); f != nil {
		f.write(w)
		return
	}
	if _, pattern := s.rest.Handler(r); pattern == "" {
		s.serveRoute(w, r, route{handle: func(*call) (answer, error) { return answer{}, notFound() }})
		return
	}
	s.rest.ServeHTTP(w, r)
}

// serveRoute reads everything before and writes everything after the work, so that the lock is never held for a slow client.
func (s *Server) serveRoute(w http.ResponseWriter, r *http.Request, rt route) {
	body, err := readBody(r, maxRequestBody)
	a, kind := answer{}, callerKind("")
	if err == nil {
		a, kind, err = s.carryOut(r, rt, body)
	}
	if err != nil {
		a = errorAnswer(err, a.header)
	}
	var out []byte
	if a.body != nil {
		if out, err = json.Marshal(a.body); err != nil {
			a.status, out = http.StatusInternalServerError, []byte(`{"message":"Server Error"}`)
		}
	}
	e := Exchange{Operation: rt.operation, TokenKind: string(kind), Method: r.Method, URL: r.URL.RequestURI(),
		RequestType: r.Header.Get("Content-Type"), RequestBody: body, Status: a.status, ResponseBody: out}
	if out != nil {
		e.ResponseType = "application/json; charset=utf-8"
		w.Header().Set("Content-Type", e.ResponseType)
	}
	s.finish(e, true)
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(out) // a client that went away misses its answer
}

// readBody refuses what is too large instead of cutting it.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "Problems reading the request")
	}
	if int64(len(body)) > limit {
		return nil, refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	return body, nil
}

// errorAnswer is GitHub's form of a refusal.
func errorAnswer(err error, header http.Header) answer {
	var e *Error
	if !errors.As(err, &e) {
		e = refuse(http.StatusInternalServerError, "Server Error: %v", err)
	}
	body := object{"message": e.Message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(e.Status)}
	if e.Fields != nil {
		body["errors"] = e.Fields
	}
	if e.Reasons != nil {
		body["errors"] = e.Reasons
	}
	return answer{status: e.Status, body: body, header: header}
}

// carryOut authenticates, authorises and runs one request under the lock.
func (s *Server) carryOut(r *http.Request, rt route, body []byte) (answer, callerKind, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, err := s.authenticate(r)
	if err != nil {
		return answer{}, "", err
	}
	header := http.Header{}
	b := s.spend(who)
	b.headers(header)
	if b.used > requestsPerHour {
		return answer{header: header}, who.kind, refuse(http.StatusForbidden, "API rate limit exceeded for installation.")
	}
	c := &call{Server: s, request: r, body: body, who: who}
	if err := c.enter(rt, header); err != nil {
		return answer{header: header}, who.kind, err
	}
	a, err := rt.handle(c)
	for name, values := range a.header {
		header[name] = values
	}
	a.header = header
	return a, who.kind, err
}

// enter decides whether this caller may use this endpoint on this repository.
func (c *call) enter(rt route, header http.Header) error {
	switch {
	case rt.access == asApp && c.who.kind != callerApp:
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	case rt.access != asApp && c.who.kind == callerApp:
		return refuse(http.StatusForbidden, "This endpoint requires you to be authenticated with an installation access token")
	case c.who.kind == callerAnonymous:
		return refuse(http.StatusUnauthorized, "Requires authentication")
	case rt.access == asInstallation && c.who.kind != callerInstallation:
		return refuse(http.StatusForbidden, "You must authenticate via a GitHub App.")
	}
	if !strings.Contains(rt.pattern, "{repo}") {
		return nil
	}
	c.repo = c.repository(c.path("owner") + "/" + c.path("repo"))
	if c.repo == nil {
		return notFound()
	}
	if rt.access == asApp {
		return nil
	}
	accepted := make([]string, 0, len(rt.grants))
	for _, g := range rt.grants {
		accepted = append(accepted, g.String())
	}
	header.Set("X-Accepted-GitHub-Permissions", strings.Join(accepted, "; "))
	if len(rt.grants) == 0 {
		return c.permit(c.who, c.repo, []grant{reads("metadata")})
	}
	return c.permit(c.who, c.repo, rt.grants)
}

// headers are what clients pace themselves by.
func (b *budget) headers(h http.Header) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(requestsPerHour))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, requestsPerHour-b.used)))
	h.Set("X-RateLimit-Used", strconv.Itoa(b.used))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

// page cuts a list to the page asked for and adds the Link header.
func page[T any](c *call, all []T) ([]T, http.Header) {
	q := c.request.URL.Query()
	size := boundedInt(q.Get("per_page"), defaultPageSize, maxPageSize)
	number := boundedInt(q.Get("page"), 1, len(all)+2)
	last := max(1, (len(all)+size-1)/size)
	var links []string
	link := func(n int, rel string) {
		q.Set("page", strconv.Itoa(n))
		q.Set("per_page", strconv.Itoa(size))
		u := url.URL{Path: c.request.URL.Path, RawQuery: q.Encode()}
		links = append(links, fmt.Sprintf(`<%s%s>; rel="%s"`, c.api(""), u.String(), rel))
	}
	if number > 1 {
		link(number-1, "prev")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if number > 1 {
		link(1, "first")
	}
	header := http.Header{}
	if len(links) > 0 {
		header.Set("Link", strings.Join(links, ", "))
	}
	from := min(len(all), (number-1)*size)
	return all[from:min(len(all), from+size)], header
}

// boundedInt ignores nonsense in a query, as GitHub does.
func boundedInt(s string, fallback, most int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return fallback
	}
	return min(n, most)
}
