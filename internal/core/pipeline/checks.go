package pipeline

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a host without time zones must not judge otherwise than one with

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// checkRef refuses what git itself reserves.
func checkRef(s string) error {
	for part := range strings.SplitSeq(s, "/") {
		if strings.HasSuffix(part, ".lock") {
			return errors.New("git reserves .lock")
		}
	}
	return nil
}

// checkTrigger refuses events under which a workflow runs on code that nobody has reviewed.
func checkTrigger(s string) error {
	if strings.HasPrefix(s, "pull_request") {
		return errors.New("anybody who opens a pull request could sign")
	}
	return nil
}

// checkKMS refuses a vault that is not Azure's: whoever runs it would be sent a token for the real one.
func checkKMS(s string) error {
	vault, ok := strings.CutPrefix(s, "azurekms://")
	if !ok {
		return nil
	}
	host, _, _ := strings.Cut(vault, "/")
	if _, domain, _ := strings.Cut(host, "."); !slices.Contains([]string{
		"vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "managedhsm.azure.net",
	}, domain) {
		return fmt.Errorf("%q is no vault of Azure", host)
	}
	return nil
}

// checkGlob refuses paths that leave the tree, that git or a file system would read otherwise, and patterns without end (A60).
func checkGlob(s string) error {
	for part := range strings.SplitSeq(s, "/") {
		if strings.Contains(part, "**") {
			return errors.New("** would walk the whole tree")
		}
		if _, err := path.Match(part, ""); err != nil {
			return fmt.Errorf("reading the pattern: %w", err)
		}
		if err := checkPathPart(part); err != nil {
			return err
		}
	}
	return nil
}

// checkPathPart refuses one element of a path that some file system takes for another one.
func checkPathPart(part string) error {
	lower := strings.ToLower(part)
	switch {
	case part == "." || part == "..":
		return fmt.Errorf("%q is no name", part)
	case lower == ".git" || strings.HasPrefix(lower, "git~"):
		return fmt.Errorf("%q is git's own", part)
	case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
		return fmt.Errorf("%q ends in a dot or space, which some file systems drop", part)
	case strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' && r != ' ' || r >= 0x7f || strings.ContainsRune(`\:"<>|`, r) }):
		return fmt.Errorf("%q has a character that some file systems drop or refuse", part)
	}
	return nil
}

// loadZone reads a time zone. "Local" and "" would depend on the host.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q: depends on the host", name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("reading time zone %q: %w", name, err)
	}
	return location, nil
}

// checkZone needs the zones themselves: which names there are is no matter of form.
func checkZone(s string) error {
	_, err := loadZone(s)
	return err
}

// checkWatchedTag refuses tags under which signatures are kept: they are no candidates.
func checkWatchedTag(s string) error {
	if !evidence.IsCandidateTag(s) {
		return errors.New("signatures are kept under such tags")
	}
	return nil
}

// checkOrderPattern wants one group: with none no tag is newer than another, with two it depends on which is read.
func checkOrderPattern(s string) error {
	expression, err := regexp.Compile(s)
	if err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	named := slices.DeleteFunc(expression.SubexpNames(), func(name string) bool { return name != orderGroup })
	if len(named) != 1 {
		return fmt.Errorf("it has %d groups named %s", len(named), orderGroup)
	}
	return nil
}

// checkSubjectPattern refuses expressions that let everybody in (A13): the literal start must tie the identity to somebody.
// An unescaped dot in the host is no literal, so that githubXcom is caught too (A12). An e-mail address may vary before its
// literal end only where no slash fits: a branch may be named x@acme.com, and stands at the end of a workflow's subject.
func checkSubjectPattern(s string) error {
	if _, err := ParseFullMatch(s); err != nil {
		return err
	}
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return fmt.Errorf("parsing: %w", err)
	}
	parts := flatten(tree)
	start, whole := literal(parts)
	end := ""
	if len(parts) > 0 && isLiteral(parts[len(parts)-1]) {
		end = string(parts[len(parts)-1].Rune)
	}
	switch {
	case whole && strings.ContainsAny(start, ":@"), ownedStart().MatchString(start):
		return nil
	case mailEnd().MatchString(end) && !slices.ContainsFunc(parts, admitsSlash):
		return nil
	}
	return fmt.Errorf("its literal start is %q", start)
}

// admitsSlash reports whether a slash can be in what a part matches.
func admitsSlash(part *syntax.Regexp) bool {
	switch part.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpLiteral:
		return slices.Contains(part.Rune, '/')
	case syntax.OpCharClass:
		for i := 0; i+1 < len(part.Rune); i += 2 {
			if part.Rune[i] <= '/' && '/' <= part.Rune[i+1] {
				return true
			}
		}
		return false
	default:
		return slices.ContainsFunc(part.Sub, admitsSlash)
	}
}

// ownedStart is a literal scheme, host and first path element, closed by a slash: acme must not also mean acme-evil.
func ownedStart() *regexp.Regexp { return regexp.MustCompile(`\A[a-z][a-z0-9+.-]*://[^/]+/[^/]+/`) }

// mailEnd is a literal domain with its at sign: example.com must not also mean evil-example.com.
func mailEnd() *regexp.Regexp { return regexp.MustCompile(`@[^@/:]+\.[^@/:]+\z`) }

// flatten lists the parts of an expression in order, without groups and anchors.
func flatten(tree *syntax.Regexp) []*syntax.Regexp {
	switch tree.Op {
	case syntax.OpConcat, syntax.OpCapture:
		var parts []*syntax.Regexp
		for _, sub := range tree.Sub {
			parts = append(parts, flatten(sub)...)
		}
		return parts
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpEmptyMatch:
		return nil
	default:
		return []*syntax.Regexp{tree}
	}
}

// isLiteral leaves out literals of any case: their runes are not what they match.
func isLiteral(part *syntax.Regexp) bool {
	return part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0
}

// literal joins the literals at the start, and says whether there is nothing else.
func literal(parts []*syntax.Regexp) (string, bool) {
	var start strings.Builder
	for _, part := range parts {
		if !isLiteral(part) {
			return start.String(), false
		}
		start.WriteString(string(part.Rune))
	}
	return start.String(), true
}
