package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/sandbox"
)

// TestLateEvidenceIsTakenUpAtOnce: a candidate whose evidence was not waited for is judged as soon as the evidence is there, and not when
// a registry would be looked at again.
func TestLateEvidenceIsTakenUpAtOnce(t *testing.T) {
	r := newRig(t)
	gate := r.behindGate()
	held, speak := make(chan struct{}, 64), make(chan struct{})
	proxy := gate.proxy
	gate.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if strings.HasSuffix(request.URL.Path, ".sig") {
			held <- struct{}{}
			<-speak
		}
		proxy.ServeHTTP(w, request)
	})
	r.adopted()
	r.quiet()
	d := r.release(sandbox.Release{Tag: "1.4.2"})
	r.pushed(gate.address)
	<-held
	before := r.looks()
	r.wait("a reconcile that did not wait", func() bool { return r.looks() > before })
	r.untouched(d)
	whole := r.ctx
	defer func() { r.ctx = whole }()
	soon, cancel := context.WithTimeout(r.ctx, 30*time.Second) // half of the time after which it would be looked at again anyway
	defer cancel()
	r.ctx = soon
	close(speak)
	r.entered(ledger.Merged, "dev", d)
}
