package openapi

import (
	"regexp"
	"slices"
	"strings"
)

// path is one path template as an expression.
type path struct {
	template string
	names    []string
	whole    *regexp.Regexp
	literal  int // characters outside parameters
}

// acrossSlashes are the parameters that GitHub lets hold several path segments.
var acrossSlashes = [...]string{"ref", "path", "basehead", "branch"}

var parameter = regexp.MustCompile(`\{([^}]+)\}`)

func newPath(template string) path {
	p := path{template: template}
	var b strings.Builder
	at := 0
	for _, m := range parameter.FindAllStringSubmatchIndex(template, -1) {
		name := template[m[2]:m[3]]
		b.WriteString(regexp.QuoteMeta(template[at:m[0]]))
		p.literal += m[0] - at
		at = m[1]
		p.names = append(p.names, name)
		if slices.Contains(acrossSlashes[:], name) {
			b.WriteString(`(.+)`)
		} else {
			b.WriteString(`([^/]+)`)
		}
	}
	b.WriteString(regexp.QuoteMeta(template[at:]))
	p.literal += len(template) - at
	p.whole = regexp.MustCompile(`\A(?:` + b.String() + `)\z`)
	return p
}

// match finds the template with the most literal characters, so that /git/matching-refs/{ref} wins over /git/{anything}.
func match(paths []path, target string) (template string, values map[string]string, found bool) {
	best := -1
	for _, p := range paths {
		m := p.whole.FindStringSubmatch(target)
		if m == nil || p.literal <= best {
			continue
		}
		best, template = p.literal, p.template
		values = map[string]string{}
		for i, name := range p.names {
			values[name] = m[i+1]
		}
	}
	return template, values, best >= 0
}
