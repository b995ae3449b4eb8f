package rego

import (
	"testing"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

func newEngine(t testing.TB, own map[string][]byte) *Engine {
	t.Helper()
	engine, err := New(own)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// An input that says nothing must not pass, and must still have an answer.
func TestEmptyInputFails(t *testing.T) {
	engine := newEngine(t, nil)
	rules, _ := engine.Rules()
	got, err := engine.Judge(t.Context(), verdict.Input{Rules: rules, OPA: engine.OPA()})
	if err != nil {
		t.Fatal(err)
	}
	if got.Result != verdict.Failed {
		t.Errorf("result %s: want FAILED\n%s", got.Result, got.Raw)
	}
}
