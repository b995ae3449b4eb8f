package owners

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseLine reads PATTERN [OWNER...] [# comment]. The line is trimmed, not empty and no comment.
// Source: GitHub, "About code owners", section "CODEOWNERS syntax" and its exceptions.
func parseLine(line string) (rule, error) {
	if err := checkText(line); err != nil {
		return rule{}, err
	}
	head, rest := cutPattern(line)
	parsed, err := parsePattern(head)
	if err != nil {
		return rule{}, err
	}
	rest, _, _ = strings.Cut(rest, "#")
	owners := strings.FieldsFunc(rest, isBlank)
	for _, owner := range owners {
		if !isOwner(owner) {
			return rule{}, fmt.Errorf("owner %q: want @user, @org/team or an e-mail address", owner)
		}
	}
	return rule{pattern: parsed, owners: owners}, nil
}

// checkText refuses what cannot be a path that people meant to write: such a line is invisible in every review.
func checkText(line string) error {
	if !utf8.ValidString(line) {
		return errors.New("want UTF-8")
	}
	for _, r := range line {
		if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return fmt.Errorf("want no control or invisible characters, got %U", r)
		}
	}
	return nil
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' }

// cutPattern splits at the first blank that no backslash escapes.
func cutPattern(line string) (head, rest string) {
	escaped := false
	for i, r := range line {
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case isBlank(r):
			return line[:i], line[i:]
		}
	}
	return line, ""
}

// isOwner checks the form only: whether the account exists and may write is the forge's to say.
func isOwner(s string) bool {
	if name, ok := strings.CutPrefix(s, "@"); ok {
		organisation, team, isTeam := strings.Cut(name, "/")
		if isTeam {
			return isWord(organisation, "-") && isWord(team, "-_")
		}
		return isWord(name, "-_") // an underscore: accounts managed by an enterprise
	}
	local, domain, ok := strings.Cut(s, "@")
	dot := strings.LastIndexByte(domain, '.')
	return ok && dot > 0 && isWord(local, "._%+-") && isWord(domain[:dot], ".-") && len(domain[dot+1:]) >= 2 && isLetters(domain[dot+1:])
}

func isWord(s, more string) bool {
	for _, r := range s {
		if !isAlphanumeric(r) && !strings.ContainsRune(more, r) {
			return false
		}
	}
	return s != ""
}

func isLetters(s string) bool { return isWord(s, "") && !strings.ContainsAny(s, "0123456789") }

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
