package render

import (
	"fmt"
	"strings"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

// Check returns what the check on a pull request head says about the units that the head moves, in the order given: a title of one line
// of plain text, and Markdown with what to fix. The summary is capped like a pull request body.
func Check(proposals []Proposal) (title, summary string) {
	return checkTitle(proposals), shrink(func(most int) []string { return checkSummary(proposals, most) })
}

func checkTitle(proposals []Proposal) string {
	var all Proposal
	units := make([]string, 0, len(proposals))
	for _, p := range proposals {
		all.Judgements = append(all.Judgements, p.Judgements...)
		units = append(units, word(p.Application)+" to "+word(p.Environment))
	}
	if len(units) == 0 {
		return "No image moves"
	}
	about := fit(strings.Join(units, ", "), plural(len(units), "proposal", "proposals"), maxTitle/2)
	switch all.Result() {
	case verdict.Passed:
		return "May be promoted: " + about
	case verdict.Pending:
		return "Not yet: " + about + stoppedBy(all)
	}
	return "May not be promoted: " + about + stoppedBy(all)
}

// stoppedBy names the gates that stop it, each once.
func stoppedBy(p Proposal) string {
	var names []string
	seen := map[string]bool{}
	for _, j := range p.Judgements {
		for _, g := range stopping(j.Verdict) {
			if name := word(g.Name); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fit(" ("+strings.Join(names, ", ")+")", " ("+plural(len(names), "gate", "gates")+")", maxTitle/2)
}

func checkSummary(proposals []Proposal, most int) []string {
	if len(proposals) == 0 {
		return []string{"This pull request changes no image that an environment pins."}
	}
	var sections []string
	for i, p := range proposals {
		if i == most {
			sections = append(sections, leftOut(len(proposals)-most))
			break
		}
		if len(proposals) > 1 {
			sections = append(sections, "### "+code(p.Application)+" to "+code(p.Environment))
		}
		sections = append(sections, headline(p))
		sections = append(sections, fixes(p, most), moves(p, most), attention(p, most), reviewers(p, most))
		sections = append(sections, foldedGates(p, most)...)
		sections = append(sections, proof(p, most))
	}
	return sections
}

// Problem returns Markdown for a head that cannot be judged: every line of the error, which may quote hostile text. It is capped like a
// pull request body.
func Problem(err error) string {
	lines := strings.Split(strings.TrimRight(err.Error(), "\n"), "\n")
	return shrink(func(most int) []string {
		shown := lines
		rest := ""
		if len(lines) > most {
			shown = lines[:most]
			rest = fmt.Sprintf("%d more: `liftlock lint` lists all of them", len(lines)-most)
		}
		return []string{"**❌ Not judged**, because of " + plural(len(lines), "problem", "problems") + ":", block("text", shown), rest}
	})
}
