package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/adapter/forge"
	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/sandbox"
)

// BenchmarkPushToPullRequest is the time from a tag that moves in the registry to the open pull request, everything over HTTP and git,
// signing, merging and the two environments behind included in the load but not in the figure.
func BenchmarkPushToPullRequest(b *testing.B) {
	r := newRig(b)
	r.limits = forge.WriteLimits{PerMinute: 1e6, PerHour: 1e6}
	r.adopted()
	r.idle()
	var took []time.Duration
	patch := 2
	for b.Loop() {
		tag := fmt.Sprintf("1.4.%d", patch)
		patch++
		d := r.release(sandbox.Release{Tag: tag, Unseen: true})
		started := time.Now()
		if err := r.world.Show(d, tag); err != nil {
			b.Fatal(err)
		}
		r.wait("a pull request", func() bool { return r.proposed("dev", tag) })
		took = append(took, time.Since(started))
		b.StopTimer()
		r.entered(ledger.Proposed, "production", d)
		r.idle()
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms-median")
	b.ReportMetric(took[len(took)-1].Seconds()*1000, "ms-max")
}
