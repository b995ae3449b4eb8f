package bot

import (
	"context"
	"slices"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

// checkName is what branch rules must require, and pin to the App.
const checkName = "liftlock"

// advise says once what the rules of the default branch leave open: without them the check and the reviews bind nobody. Nothing is
// decided by it.
func (b *Bot) advise(ctx context.Context, r *repository) {
	rules, err := r.remote.Protection.Rules(ctx, r.remote.DefaultBranch)
	if err != nil {
		b.Log.WarnContext(ctx, "branch rules could not be read", "repository", r.name, "branch", r.remote.DefaultBranch, "error", err)
		return
	}
	for _, gap := range gaps(rules) {
		b.Log.WarnContext(ctx, "branch rules leave a gap", "repository", r.name, "branch", r.remote.DefaultBranch, "gap", gap)
	}
}

// gaps lists what branch rules must demand for a merge to mean what the record says.
func gaps(rules promotion.BranchRules) []string {
	var found []string
	at := slices.IndexFunc(rules.Checks, func(c promotion.RequiredCheck) bool { return c.Name == checkName })
	switch {
	case at < 0:
		found = append(found, "the check liftlock is not required: a pull request may be merged against it")
	case rules.Checks[at].App == 0:
		found = append(found, "the check liftlock is required from anybody: pin it to the App")
	}
	if !rules.PullRequest {
		found = append(found, "changes need no pull request: anybody who may push may promote")
	}
	if !rules.CodeOwnerReview {
		found = append(found, "reviews by code owners are not required")
	}
	if !rules.DismissStale {
		found = append(found, "a push does not take approvals back")
	}
	if !rules.UpToDate {
		found = append(found, "heads need not contain the newest base: two pull requests that look harmless apart may not be together")
	}
	if rules.Bypass == "always" || rules.Bypass == "pull_requests_only" {
		found = append(found, "the App may bypass the rules: "+rules.Bypass)
	}
	return found
}
