package render

import (
	"fmt"
	"strings"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

// Remediation returns plain text, a line each: what stops the proposal and what to do about it; "" where nothing does.
func Remediation(p Proposal) string {
	most := details()[0]
	var lines []string
	left := 0
	for _, j := range p.Judgements {
		for _, g := range stopping(j.Verdict) {
			for _, f := range toFix(g) {
				if len(lines) == most {
					left++
					continue
				}
				lines = append(lines, word(j.Move.Image.Name)+": "+word(g.Name)+": "+plainFix(f))
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("%d more, listed in the recorded input", left))
	}
	return strings.Join(lines, "\n") + "\n"
}

// toFix returns what must change for a gate to pass: its open findings, or its summary where it has none.
func toFix(g verdict.Gate) []verdict.Finding {
	if findings := open(g); len(findings) > 0 {
		return findings
	}
	return []verdict.Finding{{Message: g.Summary}}
}

func plainFix(f verdict.Finding) string {
	line := visible(f.Message, maxQuote)
	if f.Code != "" {
		line = visible(f.Code, maxName) + ": " + line
	}
	if f.Remedy != "" {
		line += "; fix: " + visible(f.Remedy, maxQuote)
	}
	if f.Owner != "" {
		line += " (" + visible(f.Owner, maxName) + ")"
	}
	return line
}

// fixes is the same as a Markdown list, each fix once even where it concerns several images.
func fixes(p Proposal, most int) string {
	type fix struct{ code, what, owner string }
	lines := list{most: most}
	seen := map[fix]bool{}
	for _, j := range p.Judgements {
		for _, g := range stopping(j.Verdict) {
			for _, f := range open(g) {
				one := fix{f.Code, f.Remedy, f.Owner}
				if one.what == "" {
					one.what = f.Message
				}
				if seen[one] {
					continue
				}
				seen[one] = true
				lines.add(func() string {
					line := code(one.code) + " " + prose(one.what)
					if one.owner != "" {
						line += " · " + prose(one.owner)
					}
					return line
				})
			}
		}
	}
	return lines.under("**What to fix**")
}
