package gitrepo

import (
	"context"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server is a real git over HTTP, with one bare repository and a work tree to change it from.
type server struct {
	*httptest.Server
	t        testing.TB
	bare     string
	work     string
	requests atomic.Int64
	posts    atomic.Int64
	before   atomic.Pointer[func(w http.ResponseWriter, r *http.Request) (done bool)]
}

const testToken = "ghs_secretsecretsecret"

func newServer(t testing.TB) *server {
	t.Helper()
	root := t.TempDir()
	s := &server{t: t, bare: filepath.Join(root, "acme", "repo.git"), work: filepath.Join(root, "work")}
	run(t, root, "git", "init", "-q", "--bare", "-b", "main", s.bare)
	run(t, s.bare, "git", "config", "http.receivepack", "true")
	run(t, root, "git", "init", "-q", "-b", "main", s.work)
	run(t, s.work, "git", "remote", "add", "origin", s.bare)
	backend := filepath.Join(strings.TrimSpace(run(t, root, "git", "--exec-path")), "git-http-backend")
	handler := &cgi.Handler{Path: backend, Root: "/", Env: []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + root, "GIT_CONFIG_NOSYSTEM=1",
	}, Stderr: os.Stderr}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if r.Method == http.MethodPost {
			s.posts.Add(1)
		}
		if before := s.before.Load(); before != nil && (*before)(w, r) {
			return
		}
		if user, password, _ := r.BasicAuth(); user != "x-access-token" || password != testToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) remote() Remote {
	return Remote{URL: s.URL + "/acme/repo.git", Token: func(context.Context) (string, error) { return testToken, nil }}
}

func (s *server) open(dir string) *Mirror {
	s.t.Helper()
	m, err := Open(dir, s.remote())
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// commit writes files into the work tree, commits and pushes to the branch, by force where needed.
func (s *server) commit(branch string, files map[string]string) string {
	s.t.Helper()
	for name, content := range files {
		path := filepath.Join(s.work, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	run(s.t, s.work, "git", "add", "-A")
	run(s.t, s.work, "git", "commit", "-q", "--allow-empty", "-m", "Change "+branch)
	run(s.t, s.work, "git", "push", "-q", "-f", "origin", "HEAD:refs/heads/"+branch)
	return strings.TrimSpace(run(s.t, s.work, "git", "rev-parse", "HEAD"))
}

func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=C",
		"GIT_COMMITTER_EMAIL=c@example.com", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_DATE=2026-11-20T10:00:00Z", "GIT_COMMITTER_DATE=2026-11-20T10:00:00Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
