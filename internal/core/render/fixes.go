package render

import "cmp"

// fixes lists what must change for the stopping gates to pass, each fix once even where it concerns several images.
func fixes(p Proposal, most int) string {
	type fix struct{ code, remedy, owner string }
	lines := list{most: most}
	seen := map[fix]bool{}
	for _, j := range p.Judgements {
		for _, g := range stopping(j.Verdict) {
			for _, f := range against(g) {
				one := fix{f.Code, cmp.Or(f.Remedy, f.Message), f.Owner}
				if seen[one] {
					continue
				}
				seen[one] = true
				lines.add(func() string {
					what, command := f.Advice()
					line := code(f.Code) + " " + prose(cmp.Or(what, f.Message))
					if asks(f) {
						line += " · " + prose(f.Owner)
					}
					return line + commandLine(command)
				})
			}
		}
	}
	return lines.under("**What to fix**")
}
