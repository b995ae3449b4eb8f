package forge

import (
	"context"
	"fmt"

	"github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

// checkName is the name that branch rules require, pinned to the App.
const checkName = "liftlock"

// checkState is the run that the App has on a commit; id 0 means that it has none.
type checkState struct {
	id  int64
	run promotion.CheckRun
}

// PutCheck brings the App's check on a head commit to the given state: no request where it is there already, else one write. What
// the forge has is asked for once per commit, and not at all for commits that CreateCommit made.
func (r *Repository) PutCheck(ctx context.Context, check promotion.CheckRun) error {
	doing := fmt.Sprintf("setting the check on commit %q", check.Head)
	if err := checkCheck(doing, check); err != nil {
		return err
	}
	state, err := r.checkState(ctx, doing, check.Head)
	if err != nil {
		return err
	}
	if state.id != 0 && state.run == check {
		return nil
	}
	// A completed run is never reopened: a new one of the same name takes its place in the branch rules, and the old conclusion
	// stays readable.
	if state.id == 0 || state.run.Status == "completed" && check.Status != "completed" {
		state.id, err = r.createCheck(ctx, doing, check)
	} else {
		err = r.updateCheck(ctx, doing, state.id, check)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		delete(r.checks, check.Head) // whether it got through is not known: ask next time
		return err
	}
	remember(r.checks, check.Head, checkState{id: state.id, run: check})
	return nil
}

// checkCheck refuses states that GitHub would let pass as if they were success (neutral, skipped), and what it would answer 422 to.
func checkCheck(doing string, c promotion.CheckRun) error {
	completed := c.Status == "completed" && (c.Conclusion == "success" || c.Conclusion == "failure")
	if !completed && !(c.Status == "in_progress" && c.Conclusion == "") {
		return fmt.Errorf("%s: want in_progress, or completed with success or failure, got %q with %q", doing, c.Status, c.Conclusion)
	}
	if !objectName.MatchString(c.Head) {
		return fmt.Errorf("%s: want 40 lower-case hex digits", doing)
	}
	return checkText(doing, "summary", c.Summary, maxSummary)
}

// checkState remembers, or asks what an earlier process may have left on the commit.
func (r *Repository) checkState(ctx context.Context, doing, head string) (checkState, error) {
	r.mu.Lock()
	state, known := r.checks[head]
	r.mu.Unlock()
	if known {
		return state, nil
	}
	found, resp, err := r.client().Checks.ListCheckRunsForRef(ctx, r.owner, r.name, head, &github.ListCheckRunsOptions{
		CheckName: github.String(checkName), AppID: &r.app.id, Filter: github.String("latest"),
	})
	if err != nil {
		return checkState{}, r.fail(doing, resp, err)
	}
	for _, run := range found.CheckRuns { // the newest of ours; a filter that was not understood lists everybody's
		if run.GetName() == checkName && run.GetApp().GetID() == r.app.id && run.GetHeadSHA() == head && run.GetID() > state.id {
			state = checkState{id: run.GetID(), run: promotion.CheckRun{
				Head: head, Status: run.GetStatus(), Conclusion: run.GetConclusion(), Title: run.GetOutput().GetTitle(),
				Summary: run.GetOutput().GetSummary(), ExternalID: run.GetExternalID(),
			}}
		}
	}
	return state, nil
}

// createCheck adds a run. It never sets times: the forge's own are the ones that reviewers see.
func (r *Repository) createCheck(ctx context.Context, doing string, c promotion.CheckRun) (int64, error) {
	made, resp, err := r.client().Checks.CreateCheckRun(ctx, r.owner, r.name, github.CreateCheckRunOptions{
		Name: checkName, HeadSHA: c.Head, ExternalID: optional(c.ExternalID), Status: &c.Status, Conclusion: optional(c.Conclusion),
		Output: &github.CheckRunOutput{Title: &c.Title, Summary: &c.Summary},
	})
	if err != nil {
		return 0, r.fail(doing, resp, err)
	}
	return made.GetID(), nil
}

// updateCheck replaces state and text of a run; both are always sent, so that none is left from before.
func (r *Repository) updateCheck(ctx context.Context, doing string, id int64, c promotion.CheckRun) error {
	_, resp, err := r.client().Checks.UpdateCheckRun(ctx, r.owner, r.name, id, github.UpdateCheckRunOptions{
		Name: checkName, ExternalID: optional(c.ExternalID), Status: &c.Status, Conclusion: optional(c.Conclusion),
		Output: &github.CheckRunOutput{Title: &c.Title, Summary: &c.Summary},
	})
	return r.fail(doing, resp, err)
}

// optional leaves a field out where there is nothing to say: the forge refuses "" as a conclusion.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
