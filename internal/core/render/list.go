package render

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// list is a Markdown list that writes out its first items and counts the rest.
type list struct {
	most, left int
	lines      []string
}

// add takes the item as a function, so that one of ten thousand costs nothing where fifty are shown.
func (l *list) add(item func() string) {
	if len(l.lines) >= l.most {
		l.left++
		return
	}
	l.lines = append(l.lines, "- "+item())
}

// under returns the list below its heading; "" where it is empty.
func (l *list) under(heading string) string {
	if len(l.lines) == 0 {
		return ""
	}
	lines := append([]string{heading}, l.lines...)
	if l.left > 0 {
		lines = append(lines, "- "+leftOut(l.left))
	}
	return strings.Join(lines, "\n")
}

// leftOut stands for the items of a list that were not written out, and says where they are.
func leftOut(n int) string {
	return fmt.Sprintf("%d more, listed in the recorded input (see “Check it yourself”)", n)
}

// shrink joins the sections of the most detailed text that fits. Where even the tersest does not, it leaves out the sections that do not
// fit any more, and says so.
func shrink(write func(most int) []string) string {
	var sections []string
	for _, most := range details() {
		sections = write(most)
		if text := join(sections); fits(text) {
			return text
		}
	}
	const note = "%s of this text left out, because the forge takes no more: the ledger has all of it."
	var kept []string
	dropped := 0
	for _, s := range sections {
		if !fits(join(append(kept, s, note))) {
			dropped++
			continue
		}
		kept = append(kept, s)
	}
	return join(append(kept, fmt.Sprintf(note, plural(dropped, "section is", "sections are"))))
}

func fits(s string) bool { return len(s) <= maxBytes && utf8.RuneCountInString(s) <= maxRunes }

func join(sections []string) string {
	var kept []string
	for _, s := range sections {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "\n\n") + "\n"
}
