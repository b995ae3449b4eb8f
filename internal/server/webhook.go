package server

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"
)

// maxDelivery is GitHub's own bound on a webhook's body.
const maxDelivery = 25 << 20

// maxDeliveries bounds how many delivery GUIDs are remembered. A redelivery beyond that is looked at once more, which does no harm.
const maxDeliveries = 10_000

// Handler serves webhooks, probes and metrics.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhook", s.webhook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			answer(w, http.StatusServiceUnavailable, "not ready: the repositories are not listed yet")
			return
		}
		answer(w, http.StatusOK, "ok")
	})
	mux.Handle("GET /metrics", s.Metrics)
	return mux
}

// webhook takes a delivery in and answers at once; the work happens later. Callers get a short code, the log the detail.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	guid, event := r.Header.Get("X-GitHub-Delivery"), r.Header.Get("X-GitHub-Event")
	refuse := func(status int, text string, err error) {
		s.Log.WarnContext(r.Context(), "webhook refused", "delivery", guid, "event", event, "status", status, "error", err)
		answer(w, status, text)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(http.StatusUnsupportedMediaType, "want Content-Type application/json", err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDelivery))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		refuse(http.StatusRequestEntityTooLarge, "body too large", err)
		return
	} else if err != nil {
		refuse(http.StatusBadRequest, "body could not be read", err)
		return
	}
	// Before the signature holds, nothing of the body is looked at.
	if err := s.Verify(r.Header.Get("X-Hub-Signature-256"), body); err != nil {
		refuse(http.StatusUnauthorized, "signature not valid", err)
		return
	}
	if s.deliveries.known(guid) {
		answer(w, http.StatusAccepted, "delivered before")
		return
	}
	delivery, err := s.Parse(event, body)
	if err != nil {
		refuse(http.StatusBadRequest, "payload not understood", err)
		return
	}
	s.take(w, delivery)
	s.deliveries.complete(guid)
}

func (s *Server) take(w http.ResponseWriter, delivery Delivery) {
	switch {
	case delivery.Ignored:
		w.WriteHeader(http.StatusNoContent)
		return
	case delivery.Installations:
		select {
		case s.relist <- struct{}{}:
		default: // asked for already
		}
	default:
		s.notice(delivery.Hint)
	}
	answer(w, http.StatusAccepted, "accepted")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the caller is gone: nobody is left to tell
}

// deliveries remembers completed deliveries by GUID, which a redelivery keeps (A69).
type deliveries struct {
	mu    sync.Mutex
	done  map[string]bool
	order []string
}

func newDeliveries() *deliveries { return &deliveries{done: map[string]bool{}} }

func (d *deliveries) known(guid string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return guid != "" && d.done[guid]
}

func (d *deliveries) complete(guid string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if guid == "" || d.done[guid] {
		return
	}
	if len(d.order) >= maxDeliveries {
		delete(d.done, d.order[0])
		d.order = d.order[1:]
	}
	d.done[guid] = true
	d.order = append(d.order, guid)
}
