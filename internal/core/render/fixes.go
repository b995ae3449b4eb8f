package render

// fixes lists what must change for the stopping gates to pass, each fix once even where it concerns several images.
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
