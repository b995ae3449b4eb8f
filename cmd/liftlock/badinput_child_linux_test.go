package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// process is the service in a process of its own, as an operator runs it.
type process struct {
	process *os.Process
	gone    chan struct{} // closed when it has ended
	err     error         // how; valid once it is gone
}

// spawn starts the command, whose files can grow to so many blocks of 512 bytes; less than 0: without a limit. It returns when the
// service listens or has ended.
func (r *rig) spawn(blocks int) *process {
	r.t.Helper()
	self, err := os.Executable() // TestMain makes it the command under that name
	if err != nil {
		r.t.Fatal(err)
	}
	command := filepath.Join(r.dir, "liftlock")
	if err := os.Symlink(self, command); err != nil && !os.IsExist(err) {
		r.t.Fatal(err)
	}
	key, secret := filepath.Join(r.dir, "app.pem"), filepath.Join(r.dir, "webhook-secret")
	for file, content := range map[string][]byte{key: r.world.App.PrivateKeyPEM, secret: []byte(r.world.App.WebhookSecret)} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	args := []string{
		command, "serve", "--github-api", r.world.GitHubURL + "/api/v3/", "--app-id", strconv.FormatInt(r.world.App.ID, 10),
		"--private-key", key, "--webhook-secret", secret, "--data", filepath.Join(r.dir, "data"), "--listen", "127.0.0.1:0", "--verbose",
	}
	if blocks >= 0 {
		args = append([]string{"/bin/sh", "-c", `ulimit -S -f ` + strconv.Itoa(blocks) + ` && exec "$0" "$@"`}, args...)
	}
	c := exec.Command(args[0], args[1:]...)
	c.Stderr = r.log
	from := len(r.log.String())
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	spawned := &process{process: c.Process, gone: make(chan struct{})}
	go func() {
		spawned.err = c.Wait()
		close(spawned.gone)
		r.world.LookAgain()
	}()
	r.stop = func() {
		r.stop = nil
		spawned.end(r)
	}
	r.wait("the service to listen", func() bool {
		_, rest, ok := strings.Cut(r.log.String()[from:], "msg=serving address=")
		r.address, _, _ = strings.Cut(rest, " ")
		return ok && strings.Contains(rest, " ") || spawned.ended()
	})
	if err := r.world.GitHub.SetWebhookURL(r.world.App.ID, "http://"+r.address+"/webhook"); err != nil {
		r.t.Fatal(err)
	}
	return spawned
}

func (c *process) ended() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// kill is kill -9, and returns when nothing of the process is left that could do anything.
func (c *process) kill() {
	_ = c.process.Kill() // it may have ended by itself
	<-c.gone
}

// end asks the service to stop, which it must do in good order.
func (c *process) end(r *rig) {
	if err := c.process.Signal(syscall.SIGTERM); err != nil {
		r.t.Errorf("stopping: %v", err)
	}
	<-c.gone
	if c.err != nil {
		r.t.Errorf("the service ended with %v", c.err)
	}
}

// killer ends the child at requests of its choice, after GitHub carried them out and before the child hears of it: every write once,
// every push of the ledger, and reads now and then.
type killer struct {
	mu     sync.Mutex
	victim *process
	done   map[string]bool
	dice   *rand.Rand
	kills  []string
}

func (k *killer) told(e github.Exchange) {
	k.mu.Lock()
	defer k.mu.Unlock() // whoever takes aim elsewhere waits for the end of the victim
	if k.victim == nil || e.TokenKind == "user" || !k.chosen(e) {
		return
	}
	k.kills = append(k.kills, e.Operation)
	k.victim.kill()
	k.victim = nil
}

func (k *killer) chosen(e github.Exchange) bool {
	if e.Method == http.MethodGet || e.Operation == "git/fetch" {
		return k.dice.IntN(40) == 0
	}
	if e.Operation == "git/push" {
		return true
	}
	key := fmt.Sprintf("%s %s %x", e.Operation, e.URL, sha256.Sum256(e.RequestBody))
	if strings.Contains(e.URL, "access_tokens") {
		key = e.Operation
	}
	again := k.done[key]
	k.done[key] = true
	return !again
}

func (k *killer) aim(at *process) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.victim = at
}

// TestKilledServiceLosesAndDoublesNothing kills the real command with SIGKILL again and again on a release's way to production.
func TestKilledServiceLosesAndDoublesNothing(t *testing.T) {
	r := newRig(t)
	d := r.release(sandbox.Release{Tag: "1.4.2", Unseen: true})
	k := &killer{done: map[string]bool{}, dice: rand.New(rand.NewPCG(1, 2))} // #nosec G404 -- a test that can be repeated
	r.mu.Lock()
	r.told = k.told
	r.mu.Unlock()
	shown, approved, merged := false, false, false
	finished := func() bool {
		if !shown && r.show.count(ledger.Adopted) == 3 {
			shown = true
			if err := r.world.Show(d, "1.4.2"); err != nil {
				t.Error(err)
			}
		}
		proposed, ok := r.show.last(ledger.Proposed, "production", d)
		switch check := checkOf(r, proposed); {
		case !ok:
		case !approved && check == "in_progress":
			approved = true
			if err := r.world.GitHub.Approve(sandbox.Owner, sandbox.Deployments, proposed.Proposal.Number); err != nil {
				t.Error(err)
			}
		case approved && !merged && check == "success":
			merged = true
			if err := r.world.GitHub.Merge(sandbox.Owner, sandbox.Deployments, proposed.Proposal.Number); err != nil {
				t.Error(err)
			}
		}
		_, ok = r.show.last(ledger.Merged, "production", d)
		return ok
	}
	for n := range 200 {
		if n%3 == 2 {
			if err := os.RemoveAll(filepath.Join(r.dir, "data")); err != nil { // it may be deleted at any time
				t.Fatal(err)
			}
		}
		c := r.spawn(-1)
		k.aim(c)
		r.wait("the end", func() bool { return finished() || c.ended() })
		k.aim(nil)
		if !c.ended() {
			break
		}
	}
	r.stop()
	t.Logf("killed %d times: %q", len(k.kills), k.kills)
	for _, operation := range []string{"git/create-tree", "git/create-commit", "graphql", "pulls/create", "checks/create", "pulls/merge", "git/push"} {
		if !slices.Contains(k.kills, operation) {
			t.Errorf("never killed at %s", operation)
		}
	}
	r.once(d)
	r.orderly()
	if n := r.show.count(ledger.Adopted); n != 3 {
		t.Errorf("%d adoptions", n)
	}
	r.writtenOnce("pulls/create", "checks/create", "pulls/merge", "issues/create-comment")
}

// limitFiles changes how large files of a running process may become.
func (c *process) limitFiles(t *testing.T, bytes uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: bytes, Max: ^uint64(0)}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(c.process.Pid), syscall.RLIMIT_FSIZE,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0) // #nosec G103 -- the package has no wrapper for another process
	if errno != 0 {
		t.Fatalf("setting the limit: %v", errno)
	}
}

// TestFullDisk lets the service write nothing, then half of what it needs: it says so, nothing is promoted, it stays up, and it goes on when
// there is room.
func TestFullDisk(t *testing.T) {
	r := newRig(t)
	full := func() int { return strings.Count(r.log.String(), "file too large") }
	c := r.spawn(0)
	r.wait("an error", func() bool { return full() > 0 })
	c.limitFiles(t, 700) // enough for the small files of a repository, not for a pack
	before := full()
	r.nudge()
	r.wait("an error", func() bool { return full() > before })
	if n := len(r.entries()); n > 0 || len(r.pulls()) > 0 {
		t.Errorf("%d entries and %d pull requests without having read anything", n, len(r.pulls()))
	}
	c.limitFiles(t, ^uint64(0))
	r.nudge()
	r.wait("the first pass", func() bool { return r.show.count(ledger.Adopted) == 3 })
	r.quiet()

	c.limitFiles(t, 0) // full again in the middle of the work
	before = full()
	d := r.release(sandbox.Release{Tag: "1.4.2"})
	r.wait("an error", func() bool { return full() > before })
	for _, environment := range []string{"dev", "staging", "production"} {
		if r.holds(environment, d) {
			t.Errorf("%s holds what could not be compared", environment)
		}
	}
	c.limitFiles(t, ^uint64(0))
	r.nudge()
	r.entered(ledger.Merged, "staging", d)
	proposed := r.entered(ledger.Proposed, "production", d)
	r.check(proposed.Proposal.Head, "in_progress")
	if c.ended() {
		t.Errorf("the service ended with %v", c.err)
	}
	r.orderly()
}

func checkOf(r *rig, proposed ledger.Entry) string {
	if proposed.Proposal == nil {
		return ""
	}
	return r.show.checkOn(proposed.Proposal.Head)
}
