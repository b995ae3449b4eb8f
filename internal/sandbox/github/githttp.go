package github

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// preReceive runs inside git, where the pushed objects can be seen but are not yet kept. What can be told without them the server tells it.
const preReceive = `#!/bin/sh
status=0
while read -r old new ref; do
	reason=
	case "$old$new" in *0000000000000000000000000000000000000000*) ;; *)
		if printf '%s\n' "$SANDBOX_FAST_FORWARD" | grep -qxF "$ref" && ! git merge-base --is-ancestor "$old" "$new"; then
			reason='` + forcePushRefused + `'
		fi ;;
	esac
	refused=$(printf '%s\n' "$SANDBOX_REFUSED" | sed -n "s|^$ref	||p")
	if [ -n "$refused$reason" ]; then
		echo "error: GH013: Repository rule violations found for $ref." >&2
		[ -n "$refused" ] && echo "- $refused" >&2
		[ -n "$reason" ] && echo "- $reason" >&2
		status=1
	fi
done
exit $status
`

// installHook writes the hook that sees pushed objects before they are kept.
func (g bare) installHook() error {
	hook := filepath.Join(g.dir, "hooks", "pre-receive")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		return fmt.Errorf("installing the push hook: %w", err)
	}
	if err := os.WriteFile(hook, []byte(preReceive), 0o755); err != nil { // #nosec G306 -- a hook must be executable
		return fmt.Errorf("installing the push hook: %w", err)
	}
	return nil
}

// serveGit serves /OWNER/NAME.git/... by git's own http-backend.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	if f := s.faultFor(r); f != nil {
		f.write(w)
		return
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".git/")
	pushes := rest == "git-receive-pack" || r.URL.Query().Get("service") == "git-receive-pack"
	who, repo, err := s.enterGit(r, name, pushes)
	if err != nil {
		writeGitError(w, err)
		return
	}
	e := Exchange{Operation: "git/fetch", TokenKind: string(who.kind), Method: r.Method, URL: r.URL.RequestURI(), Status: http.StatusOK}
	if rest == "git-receive-pack" && r.Method == http.MethodPost {
		e.Operation = "git/push"
		buffered := &bufferedAnswer{header: http.Header{}, status: http.StatusOK}
		if err := s.receivePack(buffered, r, who, repo); err != nil {
			writeGitError(w, err)
			return
		}
		e.Status = buffered.status
		s.finish(e, false)
		buffered.send(w)
		return
	}
	s.finish(e, false)
	s.backend(repo, who).ServeHTTP(w, r)
}

// enterGit answers as GitHub does: 401 without or with a bad credential, 404 where the token does not reach, 403 where it may only read.
func (s *Server) enterGit(r *http.Request, name string, pushes bool) (caller, *repository, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, err := s.authenticate(r)
	if err != nil {
		return who, nil, err
	}
	if who.kind == callerAnonymous || who.kind == callerApp {
		return who, nil, refuse(http.StatusUnauthorized, "Authentication required")
	}
	repo := s.repository(name)
	if repo == nil || !s.sees(who, repo) {
		return who, nil, refuse(http.StatusNotFound, "Repository not found.")
	}
	need := reads("contents")
	if pushes {
		need = writes("contents", roleWrite)
	}
	if !s.holds(who, repo, need) {
		return who, nil, refuse(http.StatusForbidden, "Permission to %s.git denied to %s.", repo.fullName(), who.account.Login)
	}
	return who, repo, nil
}

// writeGitError asks for credentials on 401; git and go-git send them only when asked.
func writeGitError(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
	}
	http.Error(w, e.Message, e.Status)
}

// backend is git's own server side, so that packs, shallow clones and protocol versions are the real ones.
func (s *Server) backend(repo *repository, who caller, extra ...string) *cgi.Handler {
	git, err := exec.LookPath("git")
	if err != nil {
		git = "git" // found when the server was made; if it is gone, the process says so
	}
	env := append(gitEnvironment(), "GIT_PROJECT_ROOT="+s.options.Dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER="+who.account.Login)
	return &cgi.Handler{Path: git, Args: []string{"http-backend"}, Dir: repo.dir, Env: append(env, extra...), Stderr: io.Discard}
}

// receivePack runs a push under the lock, because what it moves must not move meanwhile, and then sends the events.
func (s *Server) receivePack(w *bufferedAnswer, r *http.Request, who caller, repo *repository) error {
	body, err := pushBody(r)
	if err != nil {
		return err
	}
	changes, err := parsePush(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, err := repo.refs()
	if err != nil {
		return err
	}
	var refused, forward strings.Builder
	for _, c := range changes {
		broken, needsForward := s.violations(repo, who, c)
		if !strings.HasPrefix(c.Ref, "refs/heads/") && !strings.HasPrefix(c.Ref, "refs/tags/") {
			broken = append(broken, "deny updating a hidden ref")
		}
		if c.Ref == "refs/heads/"+repo.defaultBranch && c.deletes() {
			broken = append(broken, "refusing to delete the current branch")
		}
		if len(broken) > 0 {
			fmt.Fprintf(&refused, "%s\t%s\n", c.Ref, strings.Join(broken, " "))
		}
		if needsForward {
			forward.WriteString(c.Ref + "\n")
		}
	}
	inner := r.Clone(r.Context())
	inner.Body, inner.ContentLength, inner.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	inner.Header.Del("Content-Encoding")
	s.backend(repo, who, "SANDBOX_REFUSED="+refused.String(), "SANDBOX_FAST_FORWARD="+forward.String()).ServeHTTP(w, inner)
	return s.afterPush(repo, who, before, changes)
}

// afterPush compares the refs instead of reading git's report: what moved has moved, whatever the client was told.
func (s *Server) afterPush(repo *repository, who caller, before map[string]string, changes []refChange) error {
	after, err := repo.refs()
	if err != nil {
		return err
	}
	for _, c := range changes {
		old, now := before[c.Ref], after[c.Ref]
		if old == now {
			continue
		}
		moved := refChange{Ref: c.Ref, Old: orZero(old), New: orZero(now)}
		if err := s.afterMove(repo, who, moved); err != nil {
			return err
		}
	}
	return nil
}

func orZero(id string) string {
	if id == "" {
		return zeroOID
	}
	return id
}

// pushBody unpacks what git clients compress. http-backend would do it too, but the commands are read before.
func pushBody(r *http.Request) ([]byte, error) {
	body, err := readBody(r, maxGitBody)
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" {
		return body, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The push is not valid gzip")
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxGitBody+1))
	if err != nil || len(plain) > maxGitBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The push is broken or too large")
	}
	return plain, nil
}

// parsePush reads the commands at the start of a push: pkt-lines "old new ref", up to the flush packet (gitprotocol-pack, "Reference Update Request").
func parsePush(body []byte) ([]refChange, error) {
	var changes []refChange
	for len(body) >= 4 {
		size, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil {
			return nil, fmt.Errorf("reading a push: bad packet length %q", body[:4])
		}
		if size == 0 {
			return changes, nil
		}
		if size < 4 || int(size) > len(body) {
			return nil, fmt.Errorf("reading a push: packet length %d outside the body", size)
		}
		line, _, _ := strings.Cut(string(body[4:size]), "\x00")
		body = body[size:]
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if fields[0] == "shallow" {
			continue
		}
		if len(fields) != 3 || !isOID(fields[0]) || !isOID(fields[1]) || strings.ContainsAny(fields[2], "\n\t|") {
			return nil, fmt.Errorf("reading a push: wanted \"old new ref\", got %q", line)
		}
		changes = append(changes, refChange{Ref: fields[2], Old: fields[0], New: fields[1]})
	}
	if len(changes) == 0 && slices.Equal(body, nil) {
		return nil, nil
	}
	return nil, errors.New("reading a push: no flush packet after the commands")
}

// bufferedAnswer holds the answer of a push back until its events are queued and its observer was told.
type bufferedAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (b *bufferedAnswer) Header() http.Header { return b.header }

// WriteHeader implements http.ResponseWriter.
func (b *bufferedAnswer) WriteHeader(status int) { b.status = status }

// Write implements http.ResponseWriter.
func (b *bufferedAnswer) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *bufferedAnswer) send(w http.ResponseWriter) {
	for name, values := range b.header {
		w.Header()[name] = values
	}
	w.WriteHeader(b.status)
	_, _ = w.Write(b.body.Bytes()) // a client that went away misses its answer
}
