package overlay

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckPath refuses a path that is not plainly below the root of a tree: absolute, with "..", backslash or control character, or
// with a segment that some file system takes for ".git". "." is the root itself. Whoever writes a path asks again right before.
func CheckPath(path string) error {
	if path == "." {
		return nil
	}
	reason := ""
	switch {
	case path == "":
		reason = "an empty path"
	case len(path) > maxPath:
		reason = "a path of more than 1024 bytes"
	case !utf8.ValidString(path):
		reason = "a path that is not UTF-8"
	case strings.HasPrefix(path, "/"):
		reason = "an absolute path"
	case strings.ContainsRune(path, '\\'):
		reason = "a backslash, which is a separator on some systems"
	default:
		for segment := range strings.SplitSeq(path, "/") {
			if reason = unsafeSegment(segment); reason != "" {
				break
			}
		}
	}
	if reason == "" {
		return nil
	}
	return &fault{code: CodeUnsafePath, path: clip(quoted(path)), text: reason + "; want a path below the repository's root, for example apps/checkout/overlays/production"}
}

// quoted shows a path in a message; a hostile one could otherwise carry control characters to a terminal.
func quoted(path string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, path)
}

// unsafeSegment says what is wrong with one segment, or "".
func unsafeSegment(segment string) string {
	switch segment {
	case "":
		return "an empty segment"
	case ".", "..":
		return "a segment that is " + segment
	}
	if strings.TrimRight(segment, ". ") != segment {
		return "a segment that ends in a dot or a space, which Windows drops"
	}
	for _, r := range segment {
		if unicode.IsControl(r) {
			return "a control character"
		}
		if ignoredByHFS(r) {
			return "an invisible character, which HFS+ drops"
		}
	}
	if gitDirectory(segment) {
		return "a segment that names git's own directory"
	}
	return ""
}

// ignoredByHFS reports whether HFS+ drops the rune when it compares names: ".g\u200cit" is ".git" there.
func ignoredByHFS(r rune) bool {
	return r >= 0x200c && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x206a && r <= 0x206f || r == 0xfeff
}

// gitDirectory knows ".git" in any case, as an NTFS stream (".git::$INDEX_ALLOCATION") and as an 8.3 short name ("git~1").
func gitDirectory(segment string) bool {
	name, _, _ := strings.Cut(strings.ToLower(segment), ":")
	name = strings.TrimRight(name, ". ")
	number, short := strings.CutPrefix(name, "git~")
	return name == ".git" || short && number != "" && strings.Trim(number, "0123456789") == ""
}
