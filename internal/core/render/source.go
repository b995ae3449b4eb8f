package render

import (
	"fmt"
	"regexp"
	"strings"
)

// These are the only links that are ever written: their shape is fixed, and every part is matched whole (A58).
var (
	githubRepository = regexp.MustCompile(`\Ahttps://github\.com/[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}\z`)
	objectName       = regexp.MustCompile(`\A[0-9a-f]{40}(?:[0-9a-f]{24})?\z`)
)

// commit shows where an image was built from; "" where the source is not known.
func commit(s Source) string {
	if !objectName.MatchString(s.Commit) {
		return ""
	}
	short := code(s.Commit[:7])
	if !linkable(s) {
		return short + " of " + code(s.Repository)
	}
	return fmt.Sprintf("[%s](%s/commit/%s)", short, s.Repository, s.Commit)
}

// comparison links what lies between two commits of one repository.
func comparison(from, to Source) string {
	if !linkable(from) || !linkable(to) || from.Repository != to.Repository || from.Commit == to.Commit {
		return ""
	}
	return fmt.Sprintf(" ([changes](%s/compare/%s...%s))", to.Repository, from.Commit, to.Commit)
}

func linkable(s Source) bool {
	name := s.Repository[strings.LastIndexByte(s.Repository, '/')+1:]
	return objectName.MatchString(s.Commit) && githubRepository.MatchString(s.Repository) && strings.Trim(name, ".") != ""
}
