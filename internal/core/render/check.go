package render

import (
	"strings"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

// Check is what the check on a pull request head says: the units that the head moves, and what is wrong beyond their verdicts.
type Check struct {
	Proposals []Proposal // in the order of promotion.SortUnits
	Problem   string     // optional: why the head could not be judged, or is refused without judging; may quote hostile text
}

// CheckTitle returns one line of plain text that answers may I.
func CheckTitle(c Check) string {
	if c.Problem != "" {
		return visible("Not judged: "+c.Problem, maxTitle)
	}
	if len(c.Proposals) == 0 {
		return "Nothing guarded is touched"
	}
	units := make([]string, 0, len(c.Proposals))
	for _, p := range c.Proposals {
		units = append(units, word(p.Application)+" to "+word(p.Environment))
	}
	about := fit(strings.Join(units, ", "), plural(len(units), "application", "applications"), maxTitle/2)
	switch c.result() {
	case verdict.Passed:
		return "May be promoted: " + about
	case verdict.Pending:
		return "Not yet: " + about + c.missing()
	}
	return "May not be promoted: " + about + c.missing()
}

func (c Check) result() verdict.Result {
	var all Proposal
	for _, p := range c.Proposals {
		all.Judgements = append(all.Judgements, p.Judgements...)
	}
	return all.Result()
}

// missing names the gates that stop it, without repeating one.
func (c Check) missing() string {
	var names []string
	seen := map[string]bool{}
	for _, p := range c.Proposals {
		for _, j := range p.Judgements {
			for _, g := range stopping(j.Verdict) {
				if name := word(g.Name); !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fit(" ("+strings.Join(names, ", ")+")", " ("+plural(len(names), "gate", "gates")+")", maxTitle/2)
}

// CheckSummary returns Markdown: what stops each unit and how to fix it, then all gates. It is capped like a pull request body.
func CheckSummary(c Check) string {
	return shrink(func(most int) string { return c.summary(most) })
}

func (c Check) summary(most int) string {
	var sections []string
	if c.Problem != "" {
		sections = append(sections, "**❌ Not judged** · "+prose(c.Problem))
	}
	if c.Problem == "" && len(c.Proposals) == 0 {
		sections = append(sections, "No overlay of any environment changes.")
	}
	for i, p := range c.Proposals {
		if i == most {
			sections = append(sections, leftOut(len(c.Proposals)-most))
			break
		}
		sections = append(sections, "### "+code(p.Application)+" to "+code(p.Environment), headline(p), moves(p, most))
		if fix := fixes(p, most); fix != "" {
			sections = append(sections, "**What to fix**\n"+fix)
		}
		sections = append(sections, attention(p, most), reviewers(p, most))
		for k, j := range p.Judgements {
			if k == most {
				sections = append(sections, leftOut(len(p.Judgements)-most))
				break
			}
			sections = append(sections, folded(gatesSummary(p, j), gateTable(j.Verdict, most)))
		}
		sections = append(sections, proof(p, most))
	}
	return join(sections)
}
