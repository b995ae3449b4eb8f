package sigstore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// No two trusts are taken for each other: whoever could make them so could lend a key to another environment.
func TestTrustIsKnownByAllOfIt(t *testing.T) {
	trusts := []evidence.Trust{
		{},
		{Roots: []evidence.TrustRoot{{}}},
		{Keys: []evidence.TrustKey{{}}},
		{Roots: []evidence.TrustRoot{{Name: "a", JSON: []byte("b")}}},
		{Roots: []evidence.TrustRoot{{Name: "ab"}}},
		{Roots: []evidence.TrustRoot{{JSON: []byte("ab")}}},
		{Roots: []evidence.TrustRoot{{Name: "a"}}},
		{Roots: []evidence.TrustRoot{{Name: "a", Profile: "b"}}},
		{Roots: []evidence.TrustRoot{{Name: "a", Profile: "b", JSON: []byte("c")}, {Name: "d", Profile: "e", JSON: []byte("f")}}},
		{Keys: []evidence.TrustKey{{Name: "a", PEM: []byte("b")}, {Name: "c", PEM: []byte("d")}, {Name: "e", PEM: []byte("f")}}},
		{Roots: []evidence.TrustRoot{{Profile: "a", JSON: []byte("b")}}},
		{Keys: []evidence.TrustKey{{Name: "a", PEM: []byte("b")}}},
		{Keys: []evidence.TrustKey{{Name: "ab"}}},
		{Keys: []evidence.TrustKey{{Name: "a", PEM: []byte("c")}}},
		{Keys: []evidence.TrustKey{{Name: "a"}, {Name: "b"}}},
		{Roots: []evidence.TrustRoot{{Name: "a"}}, Keys: []evidence.TrustKey{{Name: "b"}}},
	}
	for i, a := range trusts {
		for j, b := range trusts {
			if (identify(a) == identify(b)) != (i == j) {
				t.Errorf("%+v and %+v: want them known apart", a, b)
			}
		}
	}
}

// Parsed trust is kept for the next request, for so many trusts, and unfit trust is unfit each time.
func TestTrustIsKeptWithinBounds(t *testing.T) {
	w := newWorld(t)
	v := new(Verifier)
	named := func(i int) evidence.Trust {
		return evidence.Trust{Roots: w.trust.Roots, Keys: []evidence.TrustKey{{Name: fmt.Sprint(i), PEM: w.trust.Keys[0].PEM}}}
	}
	envelope := made(t)(w.key.Sign(w.image, signer.Bundle))
	var group sync.WaitGroup
	for i := range 3 * maxKnownTrust {
		group.Go(func() {
			request := evidence.VerifyRequest{Digest: w.image, Trust: named(i / 2), Envelopes: []evidence.Envelope{envelope}}
			if answer, err := v.Verify(t.Context(), request); err != nil || len(answer.Verified) != 1 || answer.Verified[0].Signer.Trust != fmt.Sprint(i/2) {
				t.Errorf("want it verified by key %d, got %+v, %v", i/2, answer, err)
			}
		})
	}
	group.Wait()
	if len(v.known.by) != maxKnownTrust || len(v.known.order) != maxKnownTrust {
		t.Errorf("want %d trusts kept, got %d and %d", maxKnownTrust, len(v.known.by), len(v.known.order))
	}
	last := v.known.order[maxKnownTrust-1]
	kept := v.known.by[last].keys[0].checkers[0].Verifier
	i := 0
	for identify(named(i)) != last {
		i++
	}
	if again, err := v.trust(named(i)); err != nil || again.keys[0].checkers[0].Verifier != kept {
		t.Errorf("want the trust as it was parsed, got another: %v", err)
	}
	for range 2 {
		if _, err := v.trust(evidence.Trust{Keys: []evidence.TrustKey{{Name: "k", PEM: []byte("k")}}}); err == nil {
			t.Error("want unfit trust refused")
		}
	}
}

func BenchmarkTrust(b *testing.B) {
	w := newWorld(b)
	b.Run("parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := new(Verifier).trust(w.trust); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("known", func(b *testing.B) {
		v := new(Verifier)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.trust(w.trust); err != nil {
				b.Fatal(err)
			}
		}
	})
}
