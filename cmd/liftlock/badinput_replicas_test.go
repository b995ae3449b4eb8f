package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/sandbox"
)

// A96 and A85: two replicas get the same webhooks, neither knows of the other, and both are held at the tree of the same proposal until the
// other is there. One of them wins each time, and nothing is there twice.
func TestTwoReplicasDoNothingTwice(t *testing.T) {
	r := newRig(t)
	var hooks []string
	for _, name := range []string{"one", "two"} {
		serving, cancel := context.WithCancel(r.ctx)
		served := make(chan error, 1)
		address, err := startServe(serving, r.world, filepath.Join(r.dir, name), serveOptions{limits: unlimited}, r.log, served)
		if err != nil {
			cancel()
			t.Fatal(err)
		}
		hooks = append(hooks, "http://"+address+"/webhook")
		defer func() {
			cancel()
			if err := <-served; err != nil {
				t.Error(err)
			}
		}()
	}
	both := httptest.NewServer(forwarding(t, hooks))
	defer both.Close()
	if err := r.world.GitHub.SetWebhookURL(r.world.App.ID, both.URL+"/webhook"); err != nil {
		t.Fatal(err)
	}
	r.address = strings.TrimPrefix(both.URL, "http://")
	r.wait("the first pass", func() bool { return r.show.count(ledger.Adopted) == 3 })

	met := make(chan struct{}) // closed when both have posted a tree
	var mu sync.Mutex
	posted := 0
	r.world.OnTree(func() {
		mu.Lock()
		if posted++; posted == 2 {
			close(met)
		}
		mu.Unlock()
		select {
		case <-met:
		case <-r.ctx.Done():
		}
	})
	d := r.release(sandbox.Release{Tag: "1.4.2"})
	proposed := r.entered(ledger.Proposed, "production", d)
	r.check(proposed.Proposal.Head, "in_progress")
	if err := r.world.GitHub.Approve(sandbox.Owner, sandbox.Deployments, proposed.Proposal.Number); err != nil {
		t.Fatal(err)
	}
	r.check(proposed.Proposal.Head, "success")
	if err := r.world.GitHub.Merge(sandbox.Owner, sandbox.Deployments, proposed.Proposal.Number); err != nil {
		t.Fatal(err)
	}
	r.entered(ledger.Merged, "production", d)
	if err := r.world.GitHub.WaitDeliveries(r.ctx); err != nil {
		t.Fatal(err)
	}
	r.once(d)
	r.orderly()
	if n := r.show.count(ledger.Adopted); n != 3 {
		t.Errorf("%d adoptions", n)
	}
	r.writtenOnce("pulls/create", "pulls/merge", "issues/create-comment")
}

// forwarding sends each delivery to every address.
func forwarding(t *testing.T, to []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		for _, address := range to {
			copied, err := http.NewRequestWithContext(request.Context(), http.MethodPost, address, bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			copied.Header = request.Header.Clone()
			answer, err := http.DefaultClient.Do(copied)
			if err != nil {
				continue // one that has stopped misses it
			}
			if err := answer.Body.Close(); err != nil {
				t.Error(err)
			}
		}
		w.WriteHeader(http.StatusAccepted)
	})
}
