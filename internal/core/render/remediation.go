package render

import (
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

// Remediation returns plain text, a line each: what stops the proposal and what to do about it; "" where nothing does.
func Remediation(p Proposal) string {
	var lines []string
	for _, j := range p.Judgements {
		for _, g := range stopping(j.Verdict) {
			for _, line := range remedies(g) {
				lines = append(lines, word(j.Move.Image.Name)+": "+word(g.Name)+": "+line)
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	most := details()[0]
	if len(lines) > most {
		lines = append(lines[:most:most], leftOut(len(lines)-most))
	}
	return strings.Join(lines, "\n") + "\n"
}

// remedies are the open findings of a gate as plain text; its summary where it has none.
func remedies(g verdict.Gate) []string {
	findings := open(g)
	if len(findings) == 0 {
		return []string{visible(g.Summary, maxQuote)}
	}
	lines := make([]string, 0, len(findings))
	for _, f := range findings {
		line := visible(f.Code, maxName) + ": " + visible(f.Message, maxQuote)
		if f.Remedy != "" {
			line += "; fix: " + visible(f.Remedy, maxQuote)
		}
		if f.Owner != "" {
			line += " (" + visible(f.Owner, maxName) + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// fixes is the same as a Markdown list, each fix once even where it concerns several images.
func fixes(p Proposal, most int) string {
	var lines []string
	for _, j := range p.Judgements {
		for _, g := range stopping(j.Verdict) {
			for _, f := range open(g) {
				what := f.Remedy
				if what == "" {
					what = f.Message
				}
				line := "- " + code(f.Code) + " " + prose(what)
				if f.Owner != "" {
					line += " · " + code(f.Owner)
				}
				if !slices.Contains(lines, line) {
					lines = append(lines, line)
				}
			}
		}
	}
	return strings.Join(cut(lines, most, "- "), "\n")
}
