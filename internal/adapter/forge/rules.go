package forge

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

// branchRule is one rule as listed. go-github's own type refuses the whole list as soon as one rule is of a type that it does not
// know, and GitHub adds types.
type branchRule struct {
	Type       string          `json:"type"`
	Source     int64           `json:"ruleset_id"`
	Parameters json.RawMessage `json:"parameters"`
}

// pullRequestRule is the part of the parameters that the oversight gate looks at.
type pullRequestRule struct {
	Approvals       int  `json:"required_approving_review_count"`
	CodeOwnerReview bool `json:"require_code_owner_review"`
	DismissStale    bool `json:"dismiss_stale_reviews_on_push"`
	LastPush        bool `json:"require_last_push_approval"`
}

// statusChecksRule has a pointer where null and absence mean "whoever reports under that name".
type statusChecksRule struct {
	Strict bool `json:"strict_required_status_checks_policy"`
	Checks []struct {
		Context     string `json:"context"`
		Integration *int64 `json:"integration_id"`
	} `json:"required_status_checks"`
}

// Rules returns the active rules for a branch, those of the organisation included, and how far this App may bypass them. It needs
// metadata:read only. Classic branch protection is not in it: reading that needs administration rights, which the App does not ask for.
func (r *Repository) Rules(ctx context.Context, branch string) (promotion.BranchRules, error) {
	doing := fmt.Sprintf("reading the rules of branch %q", branch)
	if err := checkBranch(branch); err != nil {
		return promotion.BranchRules{}, err
	}
	client := r.client()
	list, err := pages(r.fail, doing, func(o github.ListOptions) ([]branchRule, *github.Response, error) {
		address := fmt.Sprintf("repos/%s/%s/rules/branches/%s?per_page=%d&page=%d", r.owner, r.name, url.PathEscape(branch), o.PerPage, max(1, o.Page))
		var page []branchRule
		resp, err := get(ctx, client, address, &page)
		return page, resp, err
	})
	if err != nil {
		return promotion.BranchRules{}, err
	}
	rules, err := readRules(doing, list)
	if err != nil {
		return promotion.BranchRules{}, err
	}
	rules.Bypass, err = r.bypass(ctx, client, doing, list)
	return rules, err
}

// get is a raw request, for answers that the library has no tolerant type for.
func get(ctx context.Context, client *github.Client, address string, into any) (*github.Response, error) {
	req, err := client.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(ctx, req, into)
}

// readRules adds the rules up: where two say different things, GitHub applies the stricter.
func readRules(doing string, list []branchRule) (promotion.BranchRules, error) {
	var rules promotion.BranchRules
	for _, rule := range list {
		var err error
		switch rule.Type {
		case "pull_request":
			err = addPullRequest(&rules, rule.Parameters)
		case "required_status_checks":
			err = addChecks(&rules, rule.Parameters)
		case "non_fast_forward":
			rules.NoForce = true
		case "deletion":
			rules.NoDeletion = true
		case "merge_queue":
			rules.MergeQueue = true
		default:
			rules.Other = append(rules.Other, rule.Type)
		}
		if err != nil { // a rule that was read wrongly must not look like one that is missing
			return promotion.BranchRules{}, &Error{doing: doing, reason: "a rule of type " + redact(rule.Type) + " cannot be read"}
		}
	}
	slices.Sort(rules.Other)
	rules.Other = slices.Compact(rules.Other)
	slices.SortFunc(rules.Checks, func(a, b promotion.RequiredCheck) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.App, b.App))
	})
	rules.Checks = slices.Compact(rules.Checks)
	return rules, nil
}

// addPullRequest adds the demands of one ruleset to those of the others.
func addPullRequest(rules *promotion.BranchRules, parameters json.RawMessage) error {
	var p pullRequestRule
	if err := json.Unmarshal(parameters, &p); err != nil {
		return err
	}
	rules.PullRequest = true
	rules.Approvals = max(rules.Approvals, p.Approvals)
	rules.CodeOwnerReview = rules.CodeOwnerReview || p.CodeOwnerReview
	rules.DismissStale = rules.DismissStale || p.DismissStale
	rules.LastPush = rules.LastPush || p.LastPush
	return nil
}

// addChecks keeps a check that is demanded of two Apps as two.
func addChecks(rules *promotion.BranchRules, parameters json.RawMessage) error {
	var p statusChecksRule
	if err := json.Unmarshal(parameters, &p); err != nil {
		return err
	}
	rules.UpToDate = rules.UpToDate || p.Strict
	for _, check := range p.Checks {
		required := promotion.RequiredCheck{Name: check.Context}
		if check.Integration != nil {
			required.App = *check.Integration
		}
		rules.Checks = append(rules.Checks, required)
	}
	return nil
}

// bypass asks each ruleset how far the App may go around it, and returns the most. "" means that one did not say: rulesets of an
// organisation, for example, are not shown to everybody, and what cannot be seen is not "never".
func (r *Repository) bypass(ctx context.Context, client *github.Client, doing string, list []branchRule) (string, error) {
	rank := []string{"never", "pull_requests_only", "always"}
	asked := map[int64]bool{}
	most := 0
	for _, rule := range list {
		if rule.Source == 0 || asked[rule.Source] {
			continue
		}
		asked[rule.Source] = true
		if len(asked) > maxRulesets {
			return "", &Error{doing: doing, reason: fmt.Sprintf("more than %d rulesets", maxRulesets)}
		}
		var set struct {
			Bypass string `json:"current_user_can_bypass"`
		}
		resp, err := get(ctx, client, fmt.Sprintf("repos/%s/%s/rulesets/%d?includes_parents=true", r.owner, r.name, rule.Source), &set)
		if resp != nil && (resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusForbidden && !limited(resp.Response, err)) {
			return "", nil
		}
		if err != nil {
			return "", r.fail(doing, resp, err)
		}
		if set.Bypass == "exempt" { // as always, and without a trace
			set.Bypass = "always"
		}
		i := slices.Index(rank, set.Bypass)
		if i < 0 {
			return "", nil
		}
		most = max(most, i)
	}
	return rank[most], nil
}
