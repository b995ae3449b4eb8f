package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/core/verdict"
)

// facts is all that is known of one digest, whatever environment asks.
type facts struct {
	manifest        evidence.Manifest
	created         int64
	looked          []evidence.Look
	signatures      []verdict.Signature
	rejected        []verdict.Rejected
	vulnerabilities *verdict.Vulnerabilities
}

// whole reports whether every place that may hold evidence could be read.
func (f facts) whole() bool {
	return !slices.ContainsFunc(f.looked, func(l evidence.Look) bool { return l.State == evidence.LookUnknown })
}

// gatherer collects facts and keeps them by digest and trust. Content under a digest never changes, but signatures and attestations
// are added later: a caller that has been told to look again asks for fresh facts.
type gatherer struct {
	artifacts Artifacts
	verifier  Verifier

	mu   sync.Mutex // protects kept
	kept map[factsKey]facts
}

type factsKey struct {
	reference digest.Reference
	trust     digest.Digest
}

// maxKept bounds the memory for facts. Past it everything is forgotten and gathered again: latency, not correctness.
const maxKept = 4096

func newGatherer(artifacts Artifacts, verifier Verifier) *gatherer {
	return &gatherer{artifacts: artifacts, verifier: verifier, kept: map[factsKey]facts{}}
}

// gather returns the facts of a digest. It has no error: what could not be read or verified is in the facts, and blocks.
func (g *gatherer) gather(ctx context.Context, reference digest.Reference, trust evidence.Trust, fresh bool) facts {
	key := factsKey{reference: reference, trust: trustDigest(trust)}
	g.mu.Lock()
	known, ok := g.kept[key]
	g.mu.Unlock()
	if ok && !fresh && known.whole() {
		return known
	}
	f := g.look(ctx, reference, trust)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.kept) >= maxKept {
		clear(g.kept)
	}
	g.kept[key] = f
	return f
}

// The places that say what an image is, apart from those that hold evidence about it.
const (
	lookManifest      = "manifest"
	lookConfiguration = "configuration"
)

func (g *gatherer) look(ctx context.Context, reference digest.Reference, trust evidence.Trust) facts {
	manifest, err := g.artifacts.Manifest(ctx, reference)
	f := facts{manifest: manifest, looked: []evidence.Look{lookOf(lookManifest, err)}}
	if err != nil {
		f.manifest = evidence.Manifest{Repository: reference.Repository, Digest: reference.Digest}
		return f
	}
	f.created, err = g.artifacts.Created(ctx, manifest)
	f.looked = append(f.looked, lookOf(lookConfiguration, err))
	envelopes, looked := g.artifacts.Collect(ctx, reference)
	f.looked = append(f.looked, looked...)
	g.verify(ctx, &f, envelopes, trust)
	slices.SortFunc(f.looked, func(a, b evidence.Look) int { return cmp.Compare(a.Source, b.Source) })
	return f
}

func (g *gatherer) verify(ctx context.Context, f *facts, envelopes []evidence.Envelope, trust evidence.Trust) {
	answer, err := g.verifier.Verify(ctx, evidence.VerifyRequest{Digest: f.manifest.Digest, Envelopes: envelopes, Trust: trust})
	look := lookOf("verifier", err)
	look.Count = len(answer.Verified)
	f.looked = append(f.looked, look)
	for _, r := range answer.Rejected {
		f.rejected = append(f.rejected, verdict.Rejected{Envelope: r.Envelope, Source: r.Source, Code: r.Code})
	}
	if err != nil {
		return
	}
	var scans []verdict.Scan
	for _, v := range answer.Verified {
		switch {
		case v.Kind == evidence.KindSignature:
			f.signatures = append(f.signatures, verdict.Signature{Envelope: v.Envelope, Source: v.Source, Signer: v.Signer})
		case v.Scan != nil:
			scans = append(scans, scanOf(f.manifest.Digest, v))
		}
	}
	f.vulnerabilities = verdict.UniteVulnerabilities(scans)
	sortFacts(f)
}

func scanOf(subject digest.Digest, v evidence.Verified) verdict.Scan {
	return verdict.Scan{Findings: v.Scan.Findings, Report: verdict.Report{
		Envelope: v.Envelope, Subject: subject, Platform: v.Scan.Platform, Tool: v.Scan.Tool, At: v.Scan.At, DatabaseAt: v.Scan.DatabaseAt,
		Packages: v.Scan.Packages, System: v.Scan.System, Findings: len(v.Scan.Findings), Signer: v.Signer,
	}}
}

func sortFacts(f *facts) {
	slices.SortFunc(f.signatures, func(a, b verdict.Signature) int {
		return cmp.Or(cmp.Compare(a.Envelope.String(), b.Envelope.String()), cmp.Compare(a.Signer.Trust, b.Signer.Trust), cmp.Compare(a.Source, b.Source))
	})
	slices.SortFunc(f.rejected, func(a, b verdict.Rejected) int {
		return cmp.Or(cmp.Compare(a.Envelope.String(), b.Envelope.String()), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source))
	})
}

// lookOf says what became of one place. Not found is an answer; any other error means that anything may lie there.
func lookOf(source string, err error) evidence.Look {
	switch {
	case err == nil:
		return evidence.Look{Source: source, State: evidence.LookOK, Count: 1}
	case errors.Is(err, fs.ErrNotExist):
		return evidence.Look{Source: source, State: evidence.LookAbsent}
	}
	return evidence.Look{Source: source, State: evidence.LookUnknown, Code: codeOf(err, "REGISTRY_UNREACHABLE")}
}

func codeOf(err error, otherwise string) string {
	if c, ok := errors.AsType[coded](err); ok {
		return c.Code()
	}
	return otherwise
}

func trustDigest(trust evidence.Trust) digest.Digest {
	data, err := json.Marshal(trust)
	if err != nil { // byte slices and strings always marshal
		panic("marshalling trust: " + err.Error())
	}
	return digest.Of(data)
}
