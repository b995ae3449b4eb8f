package child

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// worker is one process. One request at a time is its owner's duty.
type worker struct {
	process *os.Process
	in, out *os.File // the parent's ends of its standard input and output
	stderr  *head
	gone    chan struct{} // closed when the process has ended
	end     string        // how; valid once it is gone
	idle    int64         // bytes resident after the warm-up; 0: not known here
	asked   int           // requests that it was sent, the warm-up among them
}

// newWorker starts a process that has seen nothing.
func newWorker(path string, args []string) (*worker, error) {
	command := exec.Command(path, args...)
	command.Dir = string(os.PathSeparator)
	// Nothing of the parent's environment: it may hold secrets, and variables that change what the libraries trust.
	command.Env = []string{"GOMEMLIMIT=" + memoryLimit, "GOMAXPROCS=" + processors}
	command.SysProcAttr = attributes()
	command.WaitDelay = closeTime
	w := &worker{stderr: &head{}, gone: make(chan struct{})}
	command.Stderr = w.stderr
	stdin, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting worker: %w", err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting worker: %w", err), stdin.Close(), in.Close())
	}
	w.in, w.out, command.Stdin, command.Stdout = in, out, stdin, stdout
	started := make(chan error)
	go w.keep(command, started)
	err = <-started
	closed := errors.Join(stdin.Close(), stdout.Close()) // the worker has its own
	if err = errors.Join(err, closed); err != nil {
		if w.process != nil {
			w.stop()
		}
		return nil, errors.Join(fmt.Errorf("starting worker: %w", err), in.Close(), out.Close())
	}
	return w, nil
}

// keep starts the process and waits for its end on one thread: Linux sends the signal of a parent's death when that thread ends.
func (w *worker) keep(command *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	w.process = command.Process
	started <- nil
	err := command.Wait()
	if err == nil {
		w.end = "exit status 0"
	} else {
		w.end = err.Error()
	}
	close(w.gone)
}

// stop ends the process, whatever it does, and waits until nothing of it is left.
func (w *worker) stop() {
	_ = w.process.Kill() // it may have ended by itself
	<-w.gone
	_ = w.in.Close() // nothing was buffered, so that nothing can be lost
	_ = w.out.Close()
}

// fresh reports whether the process has seen nothing but the warm-up.
func (w *worker) fresh() bool { return w.asked == 1 }

// ended reports whether the process has ended by itself.
func (w *worker) ended() bool {
	select {
	case <-w.gone:
		return true
	default:
		return false
	}
}

// warmUp has the worker read one object that proves nothing, so that what it then holds is what it holds when idle.
func (w *worker) warmUp(ctx context.Context, expired <-chan time.Time) error {
	body := []byte("{}")
	envelope := evidence.Envelope{
		Source: evidence.SourceReferrers, MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", Digest: digest.Of(body), Body: body,
	}
	if _, err := w.ask(ctx, evidence.VerifyRequest{Digest: digest.Of(nil), Envelopes: []evidence.Envelope{envelope}}, expired); err != nil {
		return fmt.Errorf("warming up worker: %w", err)
	}
	idle, err := resident(w.process.Pid)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("reading memory of worker: %w", err)
	}
	w.idle = idle
	return nil
}

// ask sends one request and returns the answer. After an error the process is gone, unless it is a refusal.
func (w *worker) ask(ctx context.Context, request evidence.VerifyRequest, expired <-chan time.Time) (evidence.VerifyAnswer, error) {
	w.stderr.reset()
	w.asked++
	type result struct {
		reply reply
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r, err := w.converse(request)
		done <- result{r, err}
	}()
	sample := time.NewTicker(sampleEvery)
	defer sample.Stop()
	for {
		select {
		case r := <-done:
			return w.conclude(request, r.reply, r.err)
		case <-ctx.Done():
			w.stop()
			<-done
			return evidence.VerifyAnswer{}, ctx.Err()
		case <-expired:
			w.stop()
			<-done
			return evidence.VerifyAnswer{}, &fall{code: codeFailed, final: true, err: errors.New("it did not answer in time and was ended")}
		case <-sample.C:
			if grown := w.grown(); grown > growth {
				w.stop()
				<-done
				return evidence.VerifyAnswer{}, &fall{code: codeTooLarge, err: fmt.Errorf("its memory grew by %d MiB, more than %d MiB, and it was ended", grown>>20, growth>>20)}
			}
		}
	}
}

// converse blocks until there is a reply or the process is gone.
func (w *worker) converse(request evidence.VerifyRequest) (reply, error) {
	if err := writeRequest(w.in, w.asked, request); err != nil {
		return reply{}, err
	}
	encoded, err := readFrame(w.out, maxAnswer)
	if err != nil {
		return reply{}, err
	}
	var r reply
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return reply{}, fmt.Errorf("%w: %w", errNonsense, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return reply{}, fmt.Errorf("%w: something follows the answer", errNonsense)
	}
	return r, nil
}

// conclude judges a reply. A process that broke the protocol once is not asked again.
func (w *worker) conclude(request evidence.VerifyRequest, r reply, err error) (evidence.VerifyAnswer, error) {
	switch {
	case err != nil:
	case r.Number != w.asked:
		err = fmt.Errorf("%w: want answer %d, got %d", errNonsense, w.asked, r.Number)
	case r.Error == "" && r.TooLarge == "":
		err = checkAnswer(request, r.Answer)
	}
	switch {
	case errors.Is(err, errNonsense):
		w.stop()
		return evidence.VerifyAnswer{}, &fall{code: codeFailed, err: fmt.Errorf("it answered nonsense: %s", quoted(err.Error()))}
	case errors.Is(err, errTooLarge): // nothing was sent
		return evidence.VerifyAnswer{}, &fall{code: codeTooLarge, final: true, kept: true, err: err}
	case err != nil:
		w.stop()
		return evidence.VerifyAnswer{}, &fall{code: codeFailed, err: fmt.Errorf("it died: %s%s", w.end, w.stderr.reason())}
	}
	switch {
	case r.Error != "":
		return evidence.VerifyAnswer{}, &refusal{err: fmt.Errorf("the verifier refuses: %s", quoted(r.Error))}
	case r.TooLarge != "":
		return evidence.VerifyAnswer{}, &fall{code: codeTooLarge, final: true, kept: true, err: errors.New(quoted(r.TooLarge))}
	}
	return r.Answer, nil
}

// grown is by how much the process holds more than when idle; 0 where that is not known or it is gone.
func (w *worker) grown() int64 {
	now, err := resident(w.process.Pid)
	if err != nil || w.idle == 0 {
		return 0
	}
	return now - w.idle
}

// head keeps the beginning of what was written to it, and takes the rest without keeping it.
type head struct {
	mu   sync.Mutex
	text []byte
}

// Write never fails: a worker that writes too much is no reason to end it.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, p[:min(len(p), maxStderr-len(h.text))]...)
	return len(p), nil
}

func (h *head) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = h.text[:0]
}

// reason is the first line that was written, fit to be shown.
func (h *head) reason() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	line, _, _ := strings.Cut(strings.TrimSpace(string(h.text)), "\n")
	if line == "" {
		return ""
	}
	return ": " + quoted(line)
}
