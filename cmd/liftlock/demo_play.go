package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/sandbox"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// Releases of the script. The one that takes another's tag has none of its own.
const (
	goodRelease       = "1.4.2"
	unsignedRelease   = "1.4.3"
	vulnerableRelease = "1.4.4"
	movedRelease      = "1.4.5"
	intruder          = "intruder"
)

// script plays the builds and, where asked to, the code owner.
type script struct {
	world   *sandbox.World
	show    *narrator
	once    bool
	digests map[string]digest.Digest // of each release
}

// play pushes the four releases one after the other. It returns what came out differently than it must.
func play(ctx context.Context, world *sandbox.World, show *narrator, once bool) (problems []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s := &script{world: world, show: show, once: once, digests: map[string]digest.Digest{}}
	for _, act := range []func(context.Context) error{s.adoption, s.good, s.unsigned, s.vulnerable, s.moved} {
		if err := act(ctx); err != nil {
			return nil, err
		}
	}
	return s.check(), nil
}

func (s *script) adoption(ctx context.Context) error {
	s.show.headline("Liftlock is installed. Its first pass records what is deployed, and opens nothing.")
	return s.wait(ctx, "the first pass", func() bool { return s.show.count(ledger.Adopted) == 3 })
}

func (s *script) good(ctx context.Context) error {
	s.show.headline("%s is pushed: signed by the release workflow, scanned, nothing found.", goodRelease)
	d, err := s.release(ctx, sandbox.Release{Tag: goodRelease, Seed: goodRelease})
	if err != nil {
		return err
	}
	return s.toProduction(ctx, d)
}

func (s *script) unsigned(ctx context.Context) error {
	s.show.headline("%s is pushed: nobody signed it.", unsignedRelease)
	return s.stopped(ctx, sandbox.Release{Tag: unsignedRelease, Seed: unsignedRelease, Unsigned: true})
}

func (s *script) vulnerable(ctx context.Context) error {
	s.show.headline("%s is pushed: signed, but its scan found a critical vulnerability.", vulnerableRelease)
	return s.stopped(ctx, sandbox.Release{Tag: vulnerableRelease, Seed: vulnerableRelease, Findings: []signer.ScanFinding{{
		ID: "CVE-2026-1111", Package: "openssl", Installed: "3.0.9", Fixed: "3.0.14", Severity: "CRITICAL", PublishedAt: time.Now().AddDate(0, 0, -3),
	}}})
}

// moved shows another image at the tag the moment that GitHub is sent the tree of the proposal: one digest was judged, and no other
// may be proposed.
func (s *script) moved(ctx context.Context) error {
	s.show.headline("%s is pushed. While its proposal is being written, somebody moves the tag to another image.", movedRelease)
	evil, err := s.release(ctx, sandbox.Release{Tag: movedRelease, Seed: intruder, Unsigned: true, Unseen: true})
	if err != nil {
		return err
	}
	var once sync.Once
	var failed error
	s.world.OnTree(func() {
		once.Do(func() {
			failed = s.world.Show(evil, movedRelease)
			s.show.say("registry", "tag %s now shows %s", movedRelease, evil.Short())
		})
	})
	d, err := s.release(ctx, sandbox.Release{Tag: movedRelease, Seed: movedRelease})
	if err != nil {
		return err
	}
	if err := s.denied(ctx, evil); err != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(s.toProduction(ctx, d), failed)
}

// release publishes and remembers what was published.
func (s *script) release(ctx context.Context, r sandbox.Release) (digest.Digest, error) {
	d, err := s.world.Release(ctx, r)
	s.digests[r.Seed] = d
	return d, err
}

// stopped publishes a release that must be judged and denied.
func (s *script) stopped(ctx context.Context, r sandbox.Release) error {
	d, err := s.release(ctx, r)
	if err != nil {
		return err
	}
	return s.denied(ctx, d)
}

func (s *script) denied(ctx context.Context, d digest.Digest) error {
	return s.wait(ctx, "the denial of "+d.Short(), func() bool {
		e, ok := s.show.last(ledger.Decided, "dev", d)
		return ok && e.Decision.Result == "FAILED"
	})
}

// toProduction waits until a release is proposed for production. With --once it plays the code owner, who approves and merges.
func (s *script) toProduction(ctx context.Context, d digest.Digest) error {
	var proposed ledger.Entry
	err := s.wait(ctx, "a proposal for production", func() bool {
		var ok bool
		proposed, ok = s.show.last(ledger.Proposed, "production", d)
		return ok && s.show.checkOn(proposed.Proposal.Head) != ""
	})
	if err != nil {
		return err
	}
	number := proposed.Proposal.Number
	if !s.once {
		s.show.say("production", "waits for %s: %s", sandbox.Owner, pullURL(s.world, number))
		return nil
	}
	if err := s.world.GitHub.Approve(sandbox.Owner, sandbox.Deployments, number); err != nil {
		return fmt.Errorf("approving: %w", err)
	}
	s.show.say("production", "%s approves %s", sandbox.Owner, pullURL(s.world, number))
	if err := s.wait(ctx, "the check to pass", func() bool { return s.show.checkOn(proposed.Proposal.Head) == "success" }); err != nil {
		return err
	}
	if err := s.world.GitHub.Merge(sandbox.Owner, sandbox.Deployments, number); err != nil {
		return fmt.Errorf("merging: %w", err)
	}
	return s.wait(ctx, "the merge to be recorded", func() bool {
		_, ok := s.show.last(ledger.Merged, "production", d)
		return ok
	})
}

func (s *script) wait(ctx context.Context, what string, holds func() bool) error {
	return s.world.Wait(ctx, what, func() (bool, error) {
		err := s.show.look()
		return err == nil && holds(), err
	})
}

// check compares what the repository holds with what it must hold.
func (s *script) check() []string {
	var problems []string
	want := map[string]string{"dev": movedRelease, "staging": movedRelease}
	if s.once {
		want["production"] = movedRelease
	}
	for _, environment := range slices.Sorted(maps.Keys(want)) {
		d := s.digests[want[environment]]
		content, ok, err := s.world.GitHub.File(sandbox.Deployments, sandbox.Branch, sandbox.Kustomization(environment))
		if err != nil || !ok || !strings.Contains(content, "digest: "+d.String()+"\n") {
			problems = append(problems, fmt.Sprintf("%s does not hold %s (%s)", environment, want[environment], d))
		}
	}
	for _, e := range s.show.entries {
		for _, denied := range []string{unsignedRelease, vulnerableRelease, intruder} {
			if e.Kind == ledger.Proposed && e.Images[0].Digest == s.digests[denied] {
				problems = append(problems, fmt.Sprintf("%s was proposed for %s", denied, e.Environment))
			}
		}
	}
	return problems
}
