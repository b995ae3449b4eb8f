package overlay

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// style is how a list of entries is written.
type style struct {
	dash string // before the dash
	gap  string // between dash and first key
}

// addEntry returns the splices that add a new entry behind the last one, or a new images list.
func (d *document) addEntry(want types.Image) ([]splice, error) {
	if d.root.Style&yaml.FlowStyle != 0 {
		return nil, d.fault(CodeAmbiguousImage, 1, "the file is in flow style: want a block images list to add to", nil)
	}
	key, list := lookUp(d.root, "images")
	switch {
	case list == nil:
		return d.addList(want), nil
	case list.Anchor != "" || list.Kind == yaml.AliasNode:
		return nil, d.fault(CodeAmbiguousImage, list.Line, "the images list has an anchor", nil)
	case len(list.Content) == 0:
		return d.fillList(key, list, want)
	}
	last := list.Content[len(list.Content)-1]
	own, err := d.styleOf(list.Content[0])
	if err == nil && list.Style&yaml.FlowStyle == 0 && last.Style&yaml.FlowStyle == 0 {
		return []splice{d.lineAfter(lastLine(last), d.entryText(own, want))}, nil
	}
	return nil, d.fault(CodeAmbiguousImage, list.Line, "adding an entry: want a block list with one \"- name:\" line an entry", err)
}

// addList writes a new images list at the end of the file, indented like the file's other lists, and set off by a blank line where the
// last key is. The end is the one place that belongs to no other key; text blocks that end there are caught when the result is read.
func (d *document) addList(want types.Image) []splice {
	indent := strings.Repeat(" ", d.root.Content[0].Column-1)
	own := style{dash: indent, gap: " "}
	blank := ""
	for i := 1; i < len(d.root.Content); i += 2 {
		value := d.root.Content[i]
		if value.Kind == yaml.SequenceNode && value.Style&yaml.FlowStyle == 0 && len(value.Content) > 0 {
			if other, err := d.styleOf(value.Content[0]); err == nil {
				own = other
				break
			}
		}
	}
	if i := len(d.root.Content) - 2; i > 0 && d.blankBefore(d.root.Content[i].Line) {
		blank = d.lineEnd()
	}
	text := blank + indent + "images:" + d.lineEnd() + d.entryText(own, want)
	if len(d.data) == d.lines[len(d.lines)-1] {
		return []splice{{len(d.data), len(d.data), text + d.lineEnd()}}
	}
	return []splice{{len(d.data), len(d.data), d.lineEnd() + text}}
}

// blankBefore reports whether the line before, comments skipped, is empty.
func (d *document) blankBefore(line int) bool {
	for line--; line >= 1; line-- {
		text := strings.TrimSpace(string(d.data[d.lines[line-1]:d.lines[line]]))
		if !strings.HasPrefix(text, "#") {
			return text == ""
		}
	}
	return false
}

// fillList writes the first entry of a list that is there but empty: "images: []" or "images:". Comments behind it stay.
func (d *document) fillList(key, list *yaml.Node, want types.Image) ([]splice, error) {
	_, keyEnd, _, err := d.span(key)
	if err != nil {
		return nil, d.fault(CodeAmbiguousImage, key.Line, "adding an entry", err)
	}
	own := style{dash: strings.Repeat(" ", key.Column-1), gap: " "}
	add := d.lineAfter(key.Line, d.entryText(own, want))
	if list.Kind == yaml.ScalarNode && list.Value == "" {
		return []splice{add}, nil
	}
	rest := string(d.data[keyEnd:])
	i := strings.Index(rest, "[]")
	if list.Line != key.Line || i < 0 || strings.Trim(rest[:i], " :") != "" {
		return nil, d.fault(CodeAmbiguousImage, key.Line, "adding an entry: want \"images:\" or \"images: []\"", nil)
	}
	return []splice{{keyEnd, keyEnd + i + 2, ":"}, add}, nil
}

// styleOf reads the style from a list's element: its line up to its first key or value. "-   name" keeps its gap, since some formatters
// align keys at four spaces.
func (d *document) styleOf(element *yaml.Node) (style, error) {
	at, err := d.offset(element)
	if err != nil {
		return style{}, err
	}
	head := string(d.data[d.lines[element.Line-1]:at])
	dash, gap, found := strings.Cut(head, "-")
	if !found || strings.Trim(dash, " ") != "" || strings.Trim(gap, " ") != "" || gap == "" {
		return style{}, fmt.Errorf("line %d does not begin with a dash", element.Line)
	}
	return style{dash, gap}, nil
}

// lastLine returns the last line that a block mapping of single-line scalars has.
func lastLine(n *yaml.Node) int {
	line := n.Line
	for _, child := range n.Content {
		line = max(line, lastLine(child))
	}
	return line
}

// entryText writes an entry, without the last line end, in the order of keys and with the quotes that the file's entries have.
func (d *document) entryText(own style, want types.Image) string {
	pairs := [][2]string{{"name", want.Name}, {"newName", want.NewName}, {"newTag", want.NewTag}, {"digest", want.Digest}}
	if n := len(d.rows); n > 0 && len(d.rows[n-1].node.Content) > 0 && d.rows[n-1].node.Content[0].Value == "digest" {
		// kustomize itself writes keys in alphabetical order.
		pairs = [][2]string{pairs[3], pairs[0], pairs[1], pairs[2]}
	}
	var lines []string
	head := own.dash + "-" + own.gap
	for _, pair := range pairs {
		if pair[1] != "" {
			lines = append(lines, head+pair[0]+": "+scalar(pair[1], d.quoteOf(pair[0], "")))
			head = own.dash + " " + strings.Repeat(" ", len(own.gap))
		}
	}
	return strings.Join(lines, d.lineEnd())
}
