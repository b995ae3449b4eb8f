package promotion

import (
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// BranchPrefix starts every branch that the bot writes proposals to.
const BranchPrefix = "liftlock/"

// maxSlug keeps a branch name far below what file systems and forges allow.
const maxSlug = 60

// Branch returns the proposal branch of a unit: liftlock/<environment>/<application>. A name that git could read as something
// else (A63) becomes a slug, with eight hex digits of its hash so that two such names stay apart.
func Branch(environment, application string) string {
	return BranchPrefix + slug(environment) + "/" + slug(application)
}

func slug(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, name)
	if plain == name && len(name) <= maxSlug && !strings.HasPrefix(name, "-") && name != "" {
		return name
	}
	if len(plain) > maxSlug {
		plain = plain[:maxSlug]
	}
	return strings.TrimLeft(strings.Trim(plain, "-")+"-"+digest.Of([]byte(name)).Hex()[:8], "-")
}
