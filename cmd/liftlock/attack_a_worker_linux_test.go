package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/core/verdict"
	"github.com/liftlock/liftlock/internal/sandbox/images"
)

// TestAttackThatKillsEveryVerifier is A29 as if it still worked: whatever the verifier is shown ends its process. Nothing is promoted, the
// service lives on, and the image is promoted once a verifier does.
func TestAttackThatKillsEveryVerifier(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	a := newArena(t, strict)
	tag := a.next()
	d := a.build(strict, tag, images.Spec{}).Digest
	a.attach(strict, d, a.inOrder()...)
	a.goesOn()
	if len(a.workers()) == 0 {
		t.Fatal("no verifier is running: want one that can be killed")
	}
	spare := a.killWorkers()
	a.reveal(strict, tag, d)
	a.judged(attack{id: "A29", name: "every verifier is killed", result: verdict.Pending, codes: []string{"signature VERIFIER_FAILED", "vulnerabilities VERIFIER_FAILED"}}, d)
	a.untouched(d)
	if log := a.log.String(); !strings.Contains(log, `msg="verifier stopped"`) || !strings.Contains(log, d.String()) {
		t.Errorf("want the log to say how the verifier ended, got:\n%s", log)
	}
	spare()
	a.announce(strict)
	a.entered(ledger.Merged, "dev", d)
	a.goesOn()
	a.orderly()
}

// TestVerifiersAreKilledAtRandom: now and then one is killed in the middle of its work. The answers are those of one that was left alone.
func TestVerifiersAreKilledAtRandom(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	a := newArena(t, strict)
	for n := range 6 {
		tag := a.next()
		good := n%2 == 0
		d := a.build(strict, tag, images.Spec{}).Digest
		want := attack{id: "A29", name: "a verifier is killed", result: verdict.Failed, codes: []string{"signature CLAIM_DIGEST_MISMATCH", "signature SIGNATURE_ABSENT"}}
		objects := []object{copied(digest.Of([]byte("another image")), a.inOrder()[0]), a.inOrder()[1]}
		if good {
			want, objects = attack{id: "A29", name: "a verifier is killed", result: verdict.Passed}, a.inOrder()
		}
		a.attach(strict, d, objects...)
		a.front.lieAs(func(_ http.ResponseWriter, r *http.Request) bool { // each piece of evidence costs a verifier, about when the next one is wanted
			if strings.Contains(r.URL.Path, "/blobs/") {
				a.killOnce()
			}
			return false
		})
		a.reveal(strict, tag, d)
		a.killOnce()
		a.judged(want, d)
		if !good {
			a.untouched(d)
		}
	}
	a.orderly()
}

// workers lists the processes that verify for this one.
func (a *arena) workers() (pids []int) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		a.t.Error(err) // not Fatal: this may be any goroutine
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		_, fields, _ := strings.Cut(string(stat), ") ")
		if parts := strings.Fields(fields); len(parts) < 2 || parts[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		arguments, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		pid, notPid := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && notPid == nil && bytes.Contains(arguments, []byte(verifyWorker)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (a *arena) killOnce() {
	for _, pid := range a.workers() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
}

// killWorkers kills every verifier as soon as it is seen, until the function that it returns is called.
func (a *arena) killWorkers() (spare func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(time.Millisecond); ; {
			a.killOnce()
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
