package github

import (
	"fmt"
	"slices"
	"strings"
)

// Ruleset is a set of branch rules with one bypass list, as GitHub's rulesets are: who bypasses one rule of it bypasses all.
// A branch that only an App may append to therefore needs two: Update with the App on the bypass list, NonFastForward and Deletion without.
type Ruleset struct {
	Name           string
	Branches       []string // exact names
	Bypass         []string // user logins, org/team, or App slugs
	PullRequest    *PullRequestRule
	Checks         []RequiredCheck
	StrictChecks   bool // the head must contain the base
	NonFastForward bool // no force push
	Deletion       bool // no deletion
	Creation       bool // restricted creation
	Update         bool // restricted updates
}

// PullRequestRule demands a pull request with reviews.
type PullRequestRule struct {
	Approvals        int
	CodeOwners       bool
	DismissStale     bool
	LastPushApproval bool
}

// RequiredCheck is a check or status that must have succeeded. App pins its source; 0 takes anybody's.
type RequiredCheck struct {
	Context string
	App     int64
}

// ruleset is a Ruleset with its number.
type ruleset struct {
	ID int64
	Ruleset
}

// SetRulesets replaces a repository's rulesets.
func (s *Server) SetRulesets(repository string, sets ...Ruleset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return err
	}
	r.rulesets = nil
	for _, set := range sets {
		if set.Name == "" || len(set.Branches) == 0 {
			return fmt.Errorf("setting the rules of %q: wanted a name and branches, got %q with %d branches", repository, set.Name, len(set.Branches))
		}
		r.rulesets = append(r.rulesets, &ruleset{ID: s.newID(), Ruleset: set})
	}
	return nil
}

// rulesFor are the rulesets of a branch.
func (r *repository) rulesFor(branch string) []*ruleset {
	var found []*ruleset
	for _, set := range r.rulesets {
		if slices.Contains(set.Branches, branch) {
			found = append(found, set)
		}
	}
	return found
}

// bindingFor leaves out the rulesets that the caller bypasses.
func (s *Server) bindingFor(r *repository, branch string, who caller) []*ruleset {
	return slices.DeleteFunc(r.rulesFor(branch), func(set *ruleset) bool { return s.bypasses(set, who) })
}

// bypasses compares an App by its slug and a person by login or team.
func (s *Server) bypasses(set *ruleset, who caller) bool {
	return slices.ContainsFunc(set.Bypass, func(actor string) bool {
		if who.app != nil {
			return strings.EqualFold(actor, who.app.Slug)
		}
		if t := s.team(actor); t != nil {
			return t.has(who.account)
		}
		return strings.EqualFold(actor, who.account.Login)
	})
}

// refChange moves one ref; zeroOID stands for "not there".
type refChange struct {
	Ref, Old, New string
}

func (c refChange) creates() bool { return c.Old == zeroOID }
func (c refChange) deletes() bool { return c.New == zeroOID }
func (c refChange) updates() bool { return !c.creates() && !c.deletes() }

// branch is the change's branch name, "" for other refs.
func (c refChange) branch() string {
	name, isBranch := strings.CutPrefix(c.Ref, "refs/heads/")
	if !isBranch {
		return ""
	}
	return name
}

// violations are the broken rules that can be told without the new objects; needsFastForward says that ancestry remains to be looked at.
func (s *Server) violations(r *repository, who caller, c refChange) (broken []string, needsFastForward bool) {
	for _, set := range s.bindingFor(r, c.branch(), who) {
		switch {
		case set.Deletion && c.deletes():
			broken = append(broken, "Cannot delete this branch")
		case set.Creation && c.creates():
			broken = append(broken, "Cannot create ref due to creations being restricted.")
		case set.Update && c.updates():
			broken = append(broken, "Cannot update this protected ref.")
		}
		if c.deletes() {
			continue
		}
		needsFastForward = needsFastForward || set.NonFastForward && c.updates()
		if set.PullRequest != nil && c.updates() {
			broken = append(broken, "Changes must be made through a pull request.")
		}
		broken = append(broken, s.missingChecks(r, set, c.New)...)
	}
	return broken, needsFastForward
}

const forcePushRefused = "Cannot force-push to this branch"

// checkRules refuses a ref change that the branch rules forbid. The new commit must be in the repository.
func (s *Server) checkRules(r *repository, who caller, c refChange) error {
	broken, needsFastForward := s.violations(r, who, c)
	if needsFastForward {
		forward, err := r.isAncestor(c.Old, c.New)
		if err != nil {
			return err
		}
		if !forward {
			broken = append(broken, forcePushRefused)
		}
	}
	return ruleError(broken)
}

// ruleError is the refusal of an API ref change.
func ruleError(broken []string) error {
	if len(broken) == 0 {
		return nil
	}
	return refuse(422, "Repository rule violations found\n\n%s\n\n", strings.Join(broken, "\n\n"))
}

// missingChecks words the required checks of a ruleset that a commit has not passed.
func (s *Server) missingChecks(r *repository, set *ruleset, commit string) []string {
	var missing []string
	for _, required := range set.Checks {
		switch s.checkState(r, commit, required) {
		case checkPassed:
		case checkFailed:
			missing = append(missing, fmt.Sprintf("Required status check %q is failing.", required.Context))
		case checkRunning:
			missing = append(missing, fmt.Sprintf("Required status check %q is in progress.", required.Context))
		default:
			missing = append(missing, fmt.Sprintf("Required status check %q is expected.", required.Context))
		}
	}
	return missing
}
