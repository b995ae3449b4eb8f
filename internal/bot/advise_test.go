package bot

import (
	"testing"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

func TestGapsOfBranchRules(t *testing.T) {
	whole := func() promotion.BranchRules {
		return promotion.BranchRules{
			PullRequest: true, CodeOwnerReview: true, DismissStale: true, UpToDate: true, Bypass: "never",
			Checks: []promotion.RequiredCheck{{Name: "build"}, {Name: checkName, App: 7}},
		}
	}
	if got := gaps(whole()); got != nil {
		t.Errorf("gaps in whole rules: %q", got)
	}
	for name, open := range map[string]func(*promotion.BranchRules){
		"no check":         func(r *promotion.BranchRules) { r.Checks = r.Checks[:1] },
		"anybody's check":  func(r *promotion.BranchRules) { r.Checks[1].App = 0 },
		"no pull request":  func(r *promotion.BranchRules) { r.PullRequest = false },
		"no owners":        func(r *promotion.BranchRules) { r.CodeOwnerReview = false },
		"stale approvals":  func(r *promotion.BranchRules) { r.DismissStale = false },
		"old heads":        func(r *promotion.BranchRules) { r.UpToDate = false },
		"the bot may pass": func(r *promotion.BranchRules) { r.Bypass = "always" },
	} {
		rules := whole()
		open(&rules)
		if got := gaps(rules); len(got) != 1 {
			t.Errorf("%s: got %q, want one gap", name, got)
		}
	}
}
