package github

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Delivery is one webhook as it was sent. Like GitHub, the server sends each once; only a redelivery repeats it, under the same GUID.
type Delivery struct {
	ID         int64
	GUID       string
	Event      string
	Action     string
	At         time.Time
	Redelivery bool
	StatusCode int // 0: no answer
	Payload    []byte

	app            *app
	installation   int64
	repository     int64
	url, secret    string
	status         string
	took           time.Duration
	requestHeader  http.Header
	responseHeader http.Header
	responseBody   string
}

// hooks delivers one at a time, in the order of the events, while its queue is not empty.
type hooks struct {
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	all   []*Delivery // every delivery, oldest first
	queue []*Delivery
	busy  bool
	idle  chan struct{} // closed when the queue has run dry
}

// newHooks makes an idle queue.
func newHooks(o Options) *hooks {
	idle := make(chan struct{})
	close(idle)
	return &hooks{client: &http.Client{Transport: o.Transport, Timeout: webhookTimeout}, now: o.Now, idle: idle}
}

// enqueue freezes the payload now: a delivery tells of the moment of its event, however late it goes out.
func (s *Server) enqueue(inst *installation, event, action string, repository int64, payload object) {
	if inst.app.webhookURL == "" {
		return
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return // payloads are built from plain values; encoding them cannot fail
	}
	s.hooks.add(&Delivery{ID: s.newID(), GUID: s.guid(), Event: event, Action: action, Payload: raw, app: inst.app, installation: inst.ID,
		repository: repository, url: inst.app.webhookURL, secret: inst.app.webhookSecret})
}

// guid makes a random UUID; it falls back to the counter where randomness has run out, for a GUID is no secret.
func (s *Server) guid() string {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.options.Rand, raw); err != nil {
		raw = fmt.Appendf(raw[:0], "%016d", s.newID())
	}
	h := hex.EncodeToString(raw)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:32]}, "-")
}

// add starts the one delivering goroutine if none runs; it ends by itself when the queue is empty.
func (h *hooks) add(d *Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, d)
	if !h.busy {
		h.busy, h.idle = true, make(chan struct{})
		go h.drain()
	}
}

func (h *hooks) drain() {
	for {
		h.mu.Lock()
		if len(h.queue) == 0 {
			h.busy = false
			close(h.idle)
			h.mu.Unlock()
			return
		}
		d := h.queue[0]
		h.queue = h.queue[1:]
		h.mu.Unlock()
		h.deliver(d)
		h.mu.Lock()
		h.all = append(h.all, d)
		h.mu.Unlock()
	}
}

// deliver signs with HMAC-SHA256 only. There is no SHA-1 header: a receiver that accepts it would be wrong (A68).
func (h *hooks) deliver(d *Delivery) {
	d.At = h.now()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, d.url, bytes.NewReader(d.Payload))
	if err != nil {
		d.status = "invalid url"
		return
	}
	mac := hmac.New(sha256.New, []byte(d.secret))
	mac.Write(d.Payload)
	for name, value := range map[string]string{"Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/sandbox", "X-GitHub-Event": d.Event,
		"X-GitHub-Delivery": d.GUID, "X-GitHub-Hook-ID": strconv.FormatInt(d.app.ID, 10), "X-GitHub-Hook-Installation-Target-Type": "integration",
		"X-GitHub-Hook-Installation-Target-ID": strconv.FormatInt(d.app.ID, 10), "X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil))} {
		req.Header.Set(name, value)
	}
	d.requestHeader = req.Header
	answered, err := h.client.Do(req)
	d.took = h.now().Sub(d.At)
	if err != nil {
		d.status = "failed to connect to host"
		return
	}
	defer func() { _ = answered.Body.Close() }() // nothing is to be had from a body that was read
	body, err := io.ReadAll(io.LimitReader(answered.Body, maxWebhookAnswer))
	if err != nil {
		d.status = "timed out"
		return
	}
	d.StatusCode, d.status, d.responseHeader, d.responseBody = answered.StatusCode, http.StatusText(answered.StatusCode), answered.Header, string(body)
}

// WaitDeliveries returns when every event so far was delivered.
func (s *Server) WaitDeliveries(ctx context.Context) error {
	s.hooks.mu.Lock()
	idle := s.hooks.idle
	s.hooks.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for webhook deliveries: %w", ctx.Err())
	}
}

// Deliveries are those sent so far, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	list := make([]Delivery, 0, len(s.hooks.all))
	for _, d := range s.hooks.all {
		list = append(list, *d)
	}
	return list
}

// Redeliver sends a delivery again, with its GUID and its payload as they were.
func (s *Server) Redeliver(id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.redeliverOf(nil, id)
}

// redeliverOf sends to where the App listens now, under the old GUID (A69).
func (s *Server) redeliverOf(a *app, id int64) error {
	d := s.hooks.find(a, id)
	if d == nil {
		return notFound()
	}
	s.hooks.add(&Delivery{ID: s.newID(), GUID: d.GUID, Event: d.Event, Action: d.Action, Payload: d.Payload, Redelivery: true, app: d.app,
		installation: d.installation, repository: d.repository, url: d.app.webhookURL, secret: d.app.webhookSecret})
	return nil
}

// find looks among an App's deliveries, or everybody's for nil.
func (h *hooks) find(a *app, id int64) *Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.all, func(d *Delivery) bool { return d.ID == id && (a == nil || d.app == a) })
	if i < 0 {
		return nil
	}
	return h.all[i]
}

func (d *Delivery) json() object {
	return object{"id": d.ID, "guid": d.GUID, "delivered_at": stamp(d.At), "redelivery": d.Redelivery, "duration": d.took.Seconds(), "status": d.status,
		"status_code": d.StatusCode, "event": d.Event, "action": emptyAsNull(d.Action), "installation_id": zeroAsNull(d.installation),
		"repository_id": zeroAsNull(d.repository), "throttled_at": nil}
}

// listDeliveries pages by cursor, newest first, as GitHub does for this list alone.
func (c *call) listDeliveries() (answer, error) {
	q := c.request.URL.Query()
	size := boundedInt(q.Get("per_page"), defaultPageSize, maxPageSize)
	cursor, err := strconv.ParseInt(q.Get("cursor"), 10, 64)
	if q.Get("cursor") != "" && err != nil {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Invalid cursor")
	}
	list, header := []object{}, http.Header{}
	c.hooks.mu.Lock()
	defer c.hooks.mu.Unlock()
	for _, d := range slices.Backward(c.hooks.all) {
		if d.app != c.who.app || cursor != 0 && d.ID > cursor {
			continue
		}
		if len(list) == size {
			header.Set("Link", fmt.Sprintf(`<%s?per_page=%d&cursor=%d>; rel="next"`, c.api("/app/hook/deliveries"), size, d.ID))
			break
		}
		list = append(list, d.json())
	}
	return answer{status: http.StatusOK, body: list, header: header}, nil
}

func (c *call) getDelivery() (answer, error) {
	id, err := c.number("id")
	if err != nil {
		return answer{}, err
	}
	d := c.hooks.find(c.who.app, id)
	if d == nil {
		return answer{}, notFound()
	}
	o := d.json()
	o["url"] = d.url
	o["request"] = object{"headers": flat(d.requestHeader), "payload": json.RawMessage(d.Payload)}
	o["response"] = object{"headers": flat(d.responseHeader), "payload": d.responseBody}
	return ok(o)
}

func flat(h http.Header) object {
	o := object{}
	for name := range h {
		o[name] = h.Get(name)
	}
	return o
}

func (c *call) redeliver() (answer, error) {
	id, err := c.number("id")
	if err != nil {
		return answer{}, err
	}
	if err := c.redeliverOf(c.who.app, id); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, body: object{}}, nil
}

// getHookConfig never shows the secret.
func (c *call) getHookConfig() (answer, error) {
	return ok(object{"url": c.who.app.webhookURL, "content_type": "json", "insecure_ssl": "0", "secret": "********"})
}
