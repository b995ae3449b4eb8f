package rego

import (
	"testing"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

// An input that says nothing must not pass, and must still have an answer.
func TestEmptyInputFails(t *testing.T) {
	got := judge(t, newEngine(t, nil), verdict.Input{})
	if got.Result != verdict.Failed {
		t.Errorf("result %s: want FAILED\n%s", got.Result, got.Raw)
	}
}

func TestGoodInputPasses(t *testing.T) {
	engine := newEngine(t, nil)
	got := judge(t, engine, good(t))
	for _, g := range got.Gates {
		if g.Outcome != verdict.Pass && g.Outcome != verdict.Off {
			t.Errorf("%s: %s: %s", g.Name, g.Outcome, g.Summary)
		}
		t.Logf("%s: %s: %s", g.Name, g.Outcome, g.Summary)
	}
	if got.Result != verdict.Passed || got.Lane != "review" || got.ReconsiderAt != scanAt+day {
		t.Errorf("result %s, lane %s, reconsider at %d", got.Result, got.Lane, got.ReconsiderAt)
	}
}
