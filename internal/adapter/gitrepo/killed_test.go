package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Environment of the child process that TestMain runs instead of the tests.
const (
	childDir   = "GITREPO_TEST_DIR"
	childURL   = "GITREPO_TEST_URL"
	childLimit = "GITREPO_TEST_FILE_LIMIT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(dir string) error {
	if os.Getenv(childLimit) != "" {
		limit := &syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, limit); err != nil {
			return err
		}
	}
	m, err := Open(dir, Remote{URL: os.Getenv(childURL), Token: func(context.Context) (string, error) { return testToken, nil }})
	if err != nil {
		return err
	}
	return m.Fetch(context.Background(), "refs/heads/main")
}

func startChild(t *testing.T, s *server, dir string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childDir+"="+dir, childURL+"="+s.URL+"/acme/repo.git"), env...)
	return cmd
}

func manyFiles(s *server, round string) string {
	files := map[string]string{}
	for i := range 150 {
		files[fmt.Sprintf("d%d/%s-%d", i%9, round, i)] = strings.Repeat(fmt.Sprintf("%s %d ", round, i*7919), 200)
	}
	return s.commit("main", files)
}

// TestKilledAtAnyInstant kills a process with the third signal that nobody can handle: after so many bytes of the pack, and when so much of
// the work is on disk. What it leaves is opened, fetched and read whole.
func TestKilledAtAnyInstant(t *testing.T) {
	s := newServer(t)
	manyFiles(s, "first")
	for _, first := range []bool{true, false} { // into nothing, and into a mirror that is there
		base := t.TempDir()
		if !first {
			fetch(t, s.open(base), "refs/heads/main")
			manyFiles(s, "second")
		}
		head := strings.TrimSpace(run(t, s.bare, "git", "rev-parse", "main"))
		pack := filepath.Join(repositoryDir, "objects", "pack")
		for _, when := range []string{"0", "1", "50", "5000", "HEAD", filepath.Join(pack, "tmp_pack_*"), filepath.Join(pack, "tmp_idx_*"),
			filepath.Join(pack, "*.idx"), filepath.Join(pack, "*.pack"), filepath.Join(repositoryDir, "packed-refs.new")} {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
				t.Fatal(err)
			}
			before, err := filepath.Glob(filepath.Join(dir, when))
			if err != nil {
				t.Fatal(err)
			}
			cmd := startChild(t, s, dir)
			killAfter(s, cmd, when)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			killWhenSeen(t, cmd, done, filepath.Join(dir, when), len(before))
			s.before.Store(nil)
			m := s.open(dir)
			fetch(t, m, "refs/heads/main")
			if n := len(whole(t, m, head)); n < 150 {
				t.Errorf("%s: %d files", when, n)
			}
		}
	}
}

// killAfter makes the server send only so many bytes of the pack, and kill the process that reads them.
func killAfter(s *server, cmd *exec.Cmd, when string) {
	var bytes int
	if n, err := fmt.Sscan(when, &bytes); n != 1 || err != nil {
		return
	}
	handler := s.Config.Handler
	hook := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		s.before.Store(nil)
		whole := httptest.NewRecorder()
		handler.ServeHTTP(whole, r)
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		_, _ = w.Write(whole.Body.Bytes()[:bytes])
		http.NewResponseController(w).Flush()
		_ = cmd.Process.Kill()
		return true
	}
	s.before.Store(&hook)
}

// killWhenSeen kills the process as soon as more files match the pattern than before; it may have ended first, which is fine.
func killWhenSeen(t *testing.T, cmd *exec.Cmd, done <-chan error, pattern string, before int) {
	t.Helper()
	for {
		select {
		case <-done:
			return
		default:
		}
		if found, err := filepath.Glob(pattern); err == nil && len(found) > before {
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
			<-done
			return
		}
		runtime.Gosched()
	}
}

// TestDiskFull: a process that may write no file beyond 64 kB gets an error, and what it leaves can be used.
func TestDiskFull(t *testing.T) {
	s := newServer(t)
	files := map[string]string{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 150 {
		b := make([]byte, 2048)
		for j := range b {
			b[j] = byte('!' + random.IntN(90)) // does not compress much
		}
		files[fmt.Sprintf("f%d", i)] = string(b)
	}
	head := s.commit("main", files)
	dir := t.TempDir()
	cmd := startChild(t, s, dir, childLimit+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "file too large") || strings.Contains(string(out), "http") {
		t.Fatalf("got %v: %s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(dir, repositoryDir, "objects", "pack", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	m := s.open(dir)
	fetch(t, m, "refs/heads/main")
	if n := len(whole(t, m, head)); n != len(files) {
		t.Errorf("%d files", n)
	}
}
