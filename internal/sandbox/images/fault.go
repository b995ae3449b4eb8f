package images

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is one way in which a registry can be down or lie. It applies to requests whose path contains Path and whose method is
// Method (empty: any), Times times (0: until Heal).
type Fault struct {
	Path   string
	Method string
	Times  int

	Status     int    // answered, with RetryAfter
	RetryAfter string // as in the header
	Digest     string // Docker-Content-Digest that goes with an otherwise true answer
	Body       []byte // in place of the true body, with the true headers
	Redirect   string // answered as Location, with status 307
	Slow       bool   // sends headers and then nothing until the client hangs up
}

// Break adds a fault. The one added last that applies is shown.
func (r *Registry) Break(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, f)
}

// Heal removes all faults.
func (r *Registry) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = nil
}

func (r *Registry) fault(request *http.Request) (Fault, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.faults) - 1; i >= 0; i-- {
		f := &r.faults[i]
		if !strings.Contains(request.URL.Path, f.Path) || f.Method != "" && f.Method != request.Method || f.Times < 0 {
			continue
		}
		if f.Times == 1 {
			f.Times = -1 // spent
		} else if f.Times > 1 {
			f.Times--
		}
		return *f, true
	}
	return Fault{}, false
}

// answer shows the fault, and reports whether that was all of the answer.
func (f Fault) answer(w http.ResponseWriter, request *http.Request) bool {
	switch {
	case f.Redirect != "":
		w.Header().Set("Location", f.Redirect)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case f.Status != 0:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		refuse(w, f.Status, "UNKNOWN", "this registry has a fault")
	case f.Slow:
		stall(w, request)
	default:
		return false
	}
	return true
}

func stall(w http.ResponseWriter, request *http.Request) {
	w.WriteHeader(http.StatusOK)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	timer := time.NewTimer(maxSlow)
	defer timer.Stop()
	select {
	case <-request.Context().Done():
	case <-timer.C:
	}
}

// liar changes a true answer on its way out.
type liar struct {
	http.ResponseWriter
	fault Fault
	told  bool
}

// WriteHeader puts the lie into the headers.
func (l *liar) WriteHeader(status int) {
	if l.fault.Digest != "" {
		l.Header().Set("Docker-Content-Digest", l.fault.Digest)
	}
	if l.fault.Body != nil {
		l.Header().Set("Content-Length", strconv.Itoa(len(l.fault.Body)))
	}
	l.ResponseWriter.WriteHeader(status)
}

// Write sends the other body once, in place of all of the true one.
func (l *liar) Write(p []byte) (int, error) {
	if l.fault.Body == nil {
		return l.ResponseWriter.Write(p)
	}
	if !l.told {
		l.told = true
		if _, err := l.ResponseWriter.Write(l.fault.Body); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
