package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible returns s with everything that cannot be seen, or that changes how its neighbours are seen, spelled out as \u{202E}
// (bytes that are no UTF-8 as \x{FF}), cut where it gets longer than most bytes. It holds no line break and no terminal sequence (A55).
func visible(s string, most int) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if out.Len() >= most {
			fmt.Fprintf(&out, "… (%d more bytes)", len(s)-i)
			break
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x{%02X}`, s[i])
		case plain(r):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, `\u{%04X}`, r)
		}
		i += size
	}
	return out.String()
}

// plain reports whether a rune shows as itself. Letters that render as nothing are the classic way around a list of controls.
func plain(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= ' ' && r <= '~'
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), r == '\u2800':
		return false
	}
	// Not Mn and Me: a mark sits on top of its neighbour, and text in composed form needs none.
	return unicode.In(r, unicode.L, unicode.Mc, unicode.N, unicode.P, unicode.S)
}

// word returns s as one word for places that take no quoting: titles, trailers, HTML. Whatever is not of a plain name's alphabet is
// spelled out, so that no foreign text can end a line, start a trailer, ask to skip a check or mention anybody (A64).
func word(s string) string {
	var out strings.Builder
	for _, r := range s {
		if out.Len() >= maxName {
			out.WriteString("...")
			break
		}
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-/+", r)) {
			out.WriteRune(r)
			continue
		}
		fmt.Fprintf(&out, `\u{%04X}`, r)
	}
	if out.Len() == 0 {
		return "none"
	}
	return out.String()
}
