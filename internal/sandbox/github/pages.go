package github

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed web/*.html web/style.css
var webFiles embed.FS

// pages are what people see in a browser: plain HTML and forms, no script.
type pages struct {
	*Server
	templates *template.Template
	markdown  *markdown
	handler   http.Handler
}

// newPages parses the templates once.
func newPages(s *Server) (*pages, error) {
	p := &pages{Server: s, markdown: newMarkdown()}
	functions := template.FuncMap{"short": func(id string) string { return id[:min(7, len(id))] }, "lower": strings.ToLower}
	var err error
	if p.templates, err = template.New("").Funcs(functions).ParseFS(webFiles, "web/*.html"); err != nil {
		return nil, fmt.Errorf("reading the page templates: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	mux.HandleFunc("GET /-/style.css", p.style)
	mux.HandleFunc("GET /{owner}/{repo}", p.repositoryPage)
	mux.HandleFunc("GET /{owner}/{repo}/pull/{number}", p.issuePage)
	mux.HandleFunc("GET /{owner}/{repo}/issues/{number}", p.issuePage)
	mux.HandleFunc("GET /{owner}/{repo}/commit/{sha}", p.commitPage)
	mux.HandleFunc("GET /{owner}/{repo}/blob/{ref}/{path...}", p.blobPage)
	mux.HandleFunc("POST /{owner}/{repo}/pull/{number}/{action}", p.act)
	mux.HandleFunc("POST /{owner}/{repo}/issues/{number}/{action}", p.act)
	// The forms ask for no password, so another site's page must not be able to send them.
	p.handler = http.NewCrossOriginProtection().Handler(mux)
	return p, nil
}

// ServeHTTP serves a page. Bodies are hostile: nothing may run and nothing may be fetched.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	p.handler.ServeHTTP(w, r)
}

func (p *pages) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that went away misses its page
}

// fail shows a refusal as a page.
func (p *pages) fail(w http.ResponseWriter, err error) {
	status, message := statusOf(err)
	p.render(w, status, "error.html", map[string]any{"Title": http.StatusText(status), "Message": message})
}

// statusOf gives status and sentence of a refusal for a page.
func statusOf(err error) (int, string) {
	var e *Error
	if !errors.As(err, &e) {
		return http.StatusInternalServerError, err.Error()
	}
	message := strings.Join(append([]string{e.Message}, e.Reasons...), ". ")
	for _, f := range e.Fields {
		if f.Message != "" {
			message = f.Message
		}
	}
	return e.Status, message
}

func (p *pages) style(w http.ResponseWriter, _ *http.Request) {
	raw, err := webFiles.ReadFile("web/style.css")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(raw) // a browser that went away misses its style
}

func (p *pages) index(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	var list []repositoryView
	for _, r := range p.repositories {
		list = append(list, repositoryViewOf(r))
	}
	p.mu.Unlock()
	p.render(w, http.StatusOK, "index.html", map[string]any{"Title": "Repositories", "Repositories": list})
}

func (p *pages) repositoryPage(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	repo, err := p.wantRepository(r.PathValue("owner") + "/" + r.PathValue("repo"))
	var view repositoryView
	if err == nil {
		view = repositoryViewOf(repo)
	}
	p.mu.Unlock()
	if err != nil {
		p.fail(w, err)
		return
	}
	p.render(w, http.StatusOK, "index.html", map[string]any{"Title": view.Name, "Repositories": []repositoryView{view}})
}

func (p *pages) issuePage(w http.ResponseWriter, r *http.Request) {
	p.showIssue(w, r, http.StatusOK, "")
}

// showIssue renders an issue or a pull request, with the message of a refused form on top.
func (p *pages) showIssue(w http.ResponseWriter, r *http.Request, status int, refused string) {
	p.mu.Lock()
	view, err := p.viewFromPath(r)
	p.mu.Unlock()
	if err != nil {
		p.fail(w, err)
		return
	}
	view.Refused = refused
	p.render(w, status, "pull.html", view)
}

func (p *pages) viewFromPath(r *http.Request) (*issueView, error) {
	repo, i, err := p.issueFromURL(r)
	if err != nil {
		return nil, err
	}
	return p.issueView(repo, i)
}

func (p *pages) issueFromURL(r *http.Request) (*repository, *issue, error) {
	repo, err := p.wantRepository(r.PathValue("owner") + "/" + r.PathValue("repo"))
	if err != nil {
		return nil, nil, err
	}
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || repo.issue(number) == nil {
		return nil, nil, notFound()
	}
	return repo, repo.issue(number), nil
}

func (p *pages) commitPage(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	view, err := p.commitView(r.PathValue("owner")+"/"+r.PathValue("repo"), r.PathValue("sha"))
	p.mu.Unlock()
	if err != nil {
		p.fail(w, err)
		return
	}
	p.render(w, http.StatusOK, "commit.html", view)
}

// blobPage shows a file as plain text: an HTML file of a repository must not become a page of this origin.
func (p *pages) blobPage(w http.ResponseWriter, r *http.Request) {
	content, found, err := p.File(r.PathValue("owner")+"/"+r.PathValue("repo"), r.PathValue("ref"), r.PathValue("path"))
	if err == nil && !found {
		err = notFound()
	}
	if err != nil {
		p.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(content)) // a browser that went away misses its file
}

// act carries out a form as the user chosen in it, by the same functions as the API.
func (p *pages) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
	name := r.PathValue("owner") + "/" + r.PathValue("repo")
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		p.fail(w, notFound())
		return
	}
	user, body := r.FormValue("user"), r.FormValue("body")
	switch r.PathValue("action") {
	case "approve":
		err = p.Review(user, name, number, "APPROVE", body)
	case "request-changes":
		err = p.Review(user, name, number, "REQUEST_CHANGES", body)
	case "comment":
		err = p.Comment(user, name, number, body)
	case "merge":
		err = p.Merge(user, name, number)
	case "close":
		err = p.ClosePull(user, name, number)
	case "reopen":
		err = p.ReopenPull(user, name, number)
	default:
		err = notFound()
	}
	if err != nil {
		status, message := statusOf(err)
		p.showIssue(w, r, status, message)
		return
	}
	kind := "pull"
	if strings.Contains(r.URL.Path, "/issues/") {
		kind = "issues"
	}
	http.Redirect(w, r, fmt.Sprintf("/%s/%s/%d", name, kind, number), http.StatusSeeOther)
}
