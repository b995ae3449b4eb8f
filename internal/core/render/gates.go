package render

import (
	"fmt"
	"strings"

	"github.com/liftlock/liftlock/internal/core/pipeline"
	"github.com/liftlock/liftlock/internal/core/verdict"
)

// state is the one word for a gate: its outcome, unless something was accepted or is only warned of.
func state(g verdict.Gate) string {
	switch {
	case g.Enforce == pipeline.EnforceOff:
		return "off"
	case g.Outcome == verdict.Off: // not at this stage
		return "later"
	case g.Outcome == verdict.Pass && len(waived(g)) > 0:
		return "waived"
	case g.Outcome != verdict.Pass && g.Enforce == pipeline.EnforceWarn:
		return "warn"
	}
	switch g.Outcome {
	case verdict.Pass, verdict.Wait, verdict.Fail:
		return string(g.Outcome)
	}
	return string(verdict.Unknown)
}

func waived(g verdict.Gate) []verdict.Finding {
	var found []verdict.Finding
	for _, f := range g.Findings {
		if f.Waiver != nil {
			found = append(found, f)
		}
	}
	return found
}

// open returns the findings that no waiver accepts.
func open(g verdict.Gate) []verdict.Finding {
	var found []verdict.Finding
	for _, f := range g.Findings {
		if f.Waiver == nil {
			found = append(found, f)
		}
	}
	return found
}

// stops reports whether the gate keeps the verdict from being PASSED.
func stops(g verdict.Gate) bool {
	s := state(g)
	return s != "off" && s != "later" && s != "warn" && g.Outcome != verdict.Pass
}

// stopping returns the gates that stop a verdict, those that fail first.
func stopping(v verdict.Verdict) []verdict.Gate {
	var failing, others []verdict.Gate
	for _, g := range v.Gates {
		switch {
		case !stops(g):
		case g.Outcome == verdict.Fail:
			failing = append(failing, g)
		default:
			others = append(others, g)
		}
	}
	return append(failing, others...)
}

// tally counts gates by state: "9 passed, 1 waived, 3 off".
func tally(gates []verdict.Gate) string {
	counts := map[string]int{}
	for _, g := range gates {
		counts[state(g)]++
	}
	var parts []string
	for _, s := range []struct{ state, one, many string }{
		{"fail", "failed", "failed"},
		{"unknown", "unknown", "unknown"},
		{"wait", "waits", "wait"},
		{"warn", "warning", "warnings"},
		{"waived", "waived", "waived"},
		{"pass", "passed", "passed"},
		{"later", "is asked at merge", "are asked at merge"}, {"off", "off", "off"},
	} {
		if n := counts[s.state]; n > 0 {
			parts = append(parts, plural(n, s.one, s.many))
		}
	}
	return strings.Join(parts, ", ")
}

// gateTable lists the gates that were asked, and names the others below.
func gateTable(v verdict.Verdict, most int) string {
	rows := []string{"| gate | outcome | why |", "|---|---|---|"}
	var off, later []string
	for _, g := range v.Gates {
		s := state(g)
		switch s {
		case "off":
			off = append(off, code(g.Name))
			continue
		case "later":
			later = append(later, code(g.Name))
			continue
		}
		if s != "pass" {
			s = "**" + s + "**"
		}
		why := findingLines(g, most)
		if len(open(g)) < 2 { // of several findings the summary is only a list of their codes
			why = append([]string{prose(g.Summary)}, why...)
		}
		rows = append(rows, "| "+code(g.Name)+" | "+s+" | "+strings.Join(why, "<br>")+" |")
	}
	table := strings.Join(rows, "\n")
	if len(later) > 0 {
		table += "\n\nAsked at merge: " + strings.Join(later, ", ")
	}
	if len(off) > 0 {
		table += "\n\nNot asked here: " + strings.Join(off, ", ")
	}
	return table
}

// findingLines says what is wrong and what to do about it, a line each. A message that its gate's summary said is not said twice, nor
// are waivers, which stand unfolded under "Please look at".
func findingLines(g verdict.Gate, most int) []string {
	findings := open(g)
	var lines []string
	for i, f := range findings {
		if i == most {
			lines = append(lines, leftOut(len(findings)-most))
			break
		}
		line := code(f.Code)
		if f.Message != g.Summary || len(findings) > 1 {
			line += " " + prose(f.Message)
		}
		lines = append(lines, line+consequence(f))
	}
	return lines
}

func consequence(f verdict.Finding) string {
	var s string
	if f.Remedy != "" {
		s += " → " + prose(f.Remedy)
	}
	if f.Owner != "" {
		s += " · " + prose(f.Owner)
	}
	if f.Deadline > 0 {
		s += " · fails at " + instant(f.Deadline)
	}
	return s
}

func waiverText(w verdict.Waiver) string {
	return fmt.Sprintf("until %s by %s: %s", instant(w.Expires), code(w.Owner), prose(w.Justification))
}
