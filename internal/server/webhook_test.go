package server

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/bot"
	"github.com/liftlock/liftlock/internal/core/digest"
)

// delivery is one webhook request.
type delivery struct {
	method, event, guid, signature, kind string
	body                                 io.Reader
}

func (d delivery) send(s *Server) *httptest.ResponseRecorder {
	method := d.method
	if method == "" {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, "/webhook", d.body)
	r.Header.Set("Content-Type", d.kind)
	r.Header.Set("X-GitHub-Event", d.event)
	r.Header.Set("X-GitHub-Delivery", d.guid)
	r.Header.Set("X-Hub-Signature-256", d.signature)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// push is a good delivery about a repository.
func push(guid, repository string) delivery {
	return delivery{event: "push", guid: guid, signature: goodSignature, kind: "application/json", body: strings.NewReader(repository)}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// zeros is a body of a size, which costs no memory to make.
func zeros(size int64) io.Reader { return io.LimitReader(zeroReader{}, size) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestWebhookStatuses(t *testing.T) {
	change := func(f func(*delivery)) delivery { d := push("1", "acme/one"); f(&d); return d }
	for name, c := range map[string]struct {
		delivery delivery
		status   int
		hints    int
	}{
		"accepted":           {push("1", "acme/one"), 202, 1},
		"with a charset":     {change(func(d *delivery) { d.kind = "application/json; charset=utf-8" }), 202, 1},
		"of no interest":     {change(func(d *delivery) { d.event = "star" }), 204, 0},
		"installations":      {change(func(d *delivery) { d.event = "installation" }), 202, 0},
		"not understood":     {change(func(d *delivery) { d.body = strings.NewReader("broken") }), 400, 0},
		"cut off":            {change(func(d *delivery) { d.body = brokenReader{} }), 400, 0},
		"unsigned (A68)":     {change(func(d *delivery) { d.signature = "" }), 401, 0},
		"wrongly signed":     {change(func(d *delivery) { d.signature = "sha256=bad" }), 401, 0},
		"signed and ignored": {change(func(d *delivery) { d.event, d.signature = "star", "sha256=bad" }), 401, 0},
		"read by GET":        {change(func(d *delivery) { d.method = http.MethodGet }), 405, 0},
		"too large":          {change(func(d *delivery) { d.body = zeros(maxDelivery + 1) }), 413, 0},
		"as a form":          {change(func(d *delivery) { d.kind = "application/x-www-form-urlencoded" }), 415, 0},
		"of no type":         {change(func(d *delivery) { d.kind = "" }), 415, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b, q := &fakeBot{}, &fakeQueue{}
			got := c.delivery.send(newServer(b, q, slog.New(slog.DiscardHandler)))
			if got.Code != c.status {
				t.Errorf("got %d %q, want %d", got.Code, got.Body, c.status)
			}
			if n := len(b.noticed()); n != c.hints || len(q.taken()) != c.hints {
				t.Errorf("%d hints, queue %v, want %d", n, q.taken(), c.hints)
			}
			if strings.Contains(got.Body.String(), "secret") || strings.Contains(got.Body.String(), "JSON input") {
				t.Errorf("the caller is told too much: %q", got.Body)
			}
		})
	}
}

// The largest delivery that GitHub sends is taken.
func TestLargestDeliveryIsRead(t *testing.T) {
	d := push("1", "")
	d.event, d.body = "star", zeros(maxDelivery)
	if got := d.send(newServer(&fakeBot{}, &fakeQueue{}, slog.New(slog.DiscardHandler))); got.Code != http.StatusNoContent {
		t.Errorf("got %d %q", got.Code, got.Body)
	}
}

// A69: a delivery that is sent again keeps its GUID. It is answered, and nothing is done again.
func TestReplayedDeliveryDoesNothing(t *testing.T) {
	b, q := &fakeBot{}, &fakeQueue{}
	s := newServer(b, q, slog.New(slog.DiscardHandler))
	for range 3 {
		if got := push("same", "acme/one").send(s); got.Code != http.StatusAccepted {
			t.Errorf("got %d", got.Code)
		}
	}
	if diff := cmp.Diff([]bot.Hint{{Repository: "acme/one"}}, b.noticed(), cmp.AllowUnexported(digest.Repository{})); diff != "" {
		t.Error(diff)
	}
}

// What was refused was not taken: the sender may correct it and send it again. The GUID of a forged delivery must not shut out the true one.
func TestRefusedDeliveryIsNotRemembered(t *testing.T) {
	b, q := &fakeBot{}, &fakeQueue{}
	s := newServer(b, q, slog.New(slog.DiscardHandler))
	forged, broken := push("same", "acme/evil"), push("same", "broken")
	forged.signature = "sha256=bad"
	for want, d := range map[int]delivery{401: forged, 400: broken} {
		if got := d.send(s); got.Code != want {
			t.Errorf("got %d, want %d", got.Code, want)
		}
	}
	if got := push("same", "acme/one").send(s); got.Code != http.StatusAccepted || len(b.noticed()) != 1 {
		t.Errorf("got %d, hints %v", got.Code, b.noticed())
	}
}

func TestDeliveriesWithoutGUIDAreAllTaken(t *testing.T) {
	b := &fakeBot{}
	s := newServer(b, &fakeQueue{}, slog.New(slog.DiscardHandler))
	for range 2 {
		push("", "acme/one").send(s)
	}
	if n := len(b.noticed()); n != 2 {
		t.Errorf("%d hints, want 2", n)
	}
}

func TestRememberedDeliveriesAreBounded(t *testing.T) {
	d := newDeliveries()
	for n := range maxDeliveries + 1 {
		d.complete(strconv.Itoa(n))
	}
	if len(d.done) != maxDeliveries || len(d.order) != maxDeliveries {
		t.Errorf("%d and %d remembered, want %d", len(d.done), len(d.order), maxDeliveries)
	}
	if d.known("0") || !d.known("1") || !d.known(strconv.Itoa(maxDeliveries)) {
		t.Error("want the oldest forgotten and no other")
	}
}

// A package may be watched by several repositories.
func TestPackageWakesEveryRepositoryThatWatchesIt(t *testing.T) {
	q := &fakeQueue{}
	d := push("1", "")
	d.event = "package"
	d.send(newServer(&fakeBot{}, q, slog.New(slog.DiscardHandler)))
	if diff := cmp.Diff([]asked{{"acme/one", 0}, {"acme/two", 0}}, q.taken(), cmp.AllowUnexported(asked{})); diff != "" {
		t.Error(diff)
	}
}

// The log names the delivery and the reason, and nothing of the body: it is not verified.
func TestRefusalIsLoggedWithoutTheBody(t *testing.T) {
	var log bytes.Buffer
	d := push("guid-7", "hostile\nbody")
	d.signature = "sha256=bad"
	d.send(newServer(&fakeBot{}, &fakeQueue{}, slog.New(slog.NewTextHandler(&log, nil))))
	if text := log.String(); !strings.Contains(text, "guid-7") || !strings.Contains(text, "status=401") || strings.Contains(text, "hostile") {
		t.Errorf("got %q", text)
	}
}
