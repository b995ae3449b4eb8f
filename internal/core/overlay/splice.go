package overlay

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// splice replaces the bytes [start, end) by text.
type splice struct {
	start, end int
	text       string
}

// apply returns data with the splices applied; those at one place keep their order.
func apply(data []byte, cuts []splice) []byte {
	slices.SortStableFunc(cuts, func(a, b splice) int { return a.start - b.start })
	var out bytes.Buffer
	at := 0
	for _, c := range cuts {
		out.Write(data[at:c.start])
		out.WriteString(c.text)
		at = c.end
	}
	out.Write(data[at:])
	return out.Bytes()
}

// byteOrderMark is not part of the first line's columns.
var byteOrderMark = []byte("\ufeff")

// offset turns a node's position into bytes: its line and column count from one, the column in characters. A wrong answer does no harm:
// span compares the bytes there with the value, and the result of every edit is read again.
func (d *document) offset(n *yaml.Node) (int, error) {
	if n.Line < 1 || n.Line > len(d.lines) {
		return 0, fmt.Errorf("line %d is not in the file", n.Line)
	}
	at := d.lines[n.Line-1]
	if n.Line == 1 && bytes.HasPrefix(d.data, byteOrderMark) {
		at += len(byteOrderMark)
	}
	for range n.Column - 1 {
		if at >= len(d.data) {
			return 0, fmt.Errorf("column %d is not in line %d", n.Column, n.Line)
		}
		_, size := utf8.DecodeRune(d.data[at:])
		at += size
	}
	return at, nil
}

// span returns where a scalar stands, quotes included, and the quote. It accepts only what stands in the file as it is read: one
// line, no escapes, no block, no tag.
func (d *document) span(n *yaml.Node) (start, end int, quote string, err error) {
	if start, err = d.offset(n); err != nil {
		return 0, 0, "", err
	}
	switch n.Style {
	case 0:
	case yaml.DoubleQuotedStyle:
		quote = `"`
	case yaml.SingleQuotedStyle:
		quote = `'`
	default:
		return 0, 0, "", fmt.Errorf("line %d: the value is a block or has a tag; want it plain or in quotes", n.Line)
	}
	text := quote + n.Value + quote
	if n.Value == "" && quote == "" || !bytes.HasPrefix(d.data[start:], []byte(text)) {
		return 0, 0, "", fmt.Errorf("line %d: the value has no place of its own in the file", n.Line)
	}
	return start, start + len(text), quote, nil
}

// editEntry returns the splices that make an entry read as want.
func (d *document) editEntry(r row, want types.Image) ([]splice, error) {
	var cuts []splice
	for _, f := range []struct {
		key      string
		old, new string
		after    []string // name, newName, newTag, digest is the order that people write; the siblings that a missing line follows, best first
	}{
		{"newName", r.image.NewName, want.NewName, []string{"name"}},
		{"newTag", r.image.NewTag, want.NewTag, []string{"newName", "name"}},
		{"digest", r.image.Digest, want.Digest, []string{"newTag", "newName", "name"}},
	} {
		if f.old == f.new {
			continue
		}
		var cut splice
		var err error
		switch here, present := r.fields[f.key]; {
		case present && f.new != "":
			cut, err = d.replace(here.value, f.new)
		case present:
			cut, err = d.remove(r, here)
		default:
			cut, err = d.insert(r, f.key, f.new, f.after)
		}
		if err != nil {
			return nil, d.fault(CodeAmbiguousImage, r.Line, fmt.Sprintf("editing %s of image %q", f.key, clip(r.Name)), err)
		}
		cuts = append(cuts, cut)
	}
	return cuts, nil
}

// replace puts a value in the place of another, in the same quotes.
func (d *document) replace(n *yaml.Node, value string) (splice, error) {
	start, end, quote, err := d.span(n)
	if err != nil {
		return splice{}, err
	}
	return splice{start, end, scalar(value, quote)}, nil
}

// insert adds a key to an entry right behind the first of the siblings that is there.
func (d *document) insert(r row, key, value string, after []string) (splice, error) {
	i := slices.IndexFunc(after, func(name string) bool { _, present := r.fields[name]; return present })
	if i < 0 {
		return splice{}, fmt.Errorf("no line to write it behind")
	}
	sibling := r.fields[after[i]]
	_, end, quote, err := d.span(sibling.value)
	if err != nil {
		return splice{}, err
	}
	_, _, keyQuote, err := d.span(sibling.key)
	if err != nil {
		return splice{}, err
	}
	text := keyQuote + key + keyQuote + ": " + scalar(value, d.quoteOf(key, quote))
	if r.node.Style&yaml.FlowStyle != 0 {
		return splice{end, end, ", " + text}, nil // {name: app, newTag: v1, digest: …}
	}
	return d.lineAfter(sibling.value.Line, strings.Repeat(" ", sibling.key.Column-1)+text), nil
}

// quoteOf returns the quote that the file's other values of that key have, or the given one.
func (d *document) quoteOf(key, otherwise string) string {
	for _, r := range d.rows {
		if f, present := r.fields[key]; present {
			if _, _, quote, err := d.span(f.value); err == nil {
				return quote
			}
		}
	}
	return otherwise
}

// lineAfter adds a line behind a line. A last line without line end stays one.
func (d *document) lineAfter(line int, text string) splice {
	if line < len(d.lines) {
		at := d.lines[line]
		return splice{at, at, text + d.lineEnd()}
	}
	return splice{len(d.data), len(d.data), d.lineEnd() + text}
}

// lineEnd returns the file's own line end, by its first line. A file that mixes both keeps its lines; only an added one follows the first.
func (d *document) lineEnd() string {
	if len(d.lines) > 1 && d.lines[1] > 1 && d.data[d.lines[1]-2] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// remove takes the line of a field out of a block entry. Where it shares its line with the dash, the key below moves up there. What else
// shares the line would go with it: refused.
func (d *document) remove(r row, f field) (splice, error) {
	keyAt, _, _, err := d.span(f.key)
	if err != nil {
		return splice{}, err
	}
	_, end, _, err := d.span(f.value)
	if err != nil {
		return splice{}, err
	}
	start := d.lines[f.key.Line-1]
	if next, ok := r.after(f); ok && r.node.Style&yaml.FlowStyle == 0 && f.key.Line == r.node.Line && next.Line == f.key.Line+1 {
		nextAt, _, _, err := d.span(next)
		return splice{keyAt, nextAt, ""}, err
	}
	if r.node.Style&yaml.FlowStyle != 0 || f.key.Line != f.value.Line || strings.Trim(string(d.data[start:keyAt]), " ") != "" {
		return splice{}, fmt.Errorf("line %d: want the value on a line of its own to take it out", f.key.Line)
	}
	if f.key.Line < len(d.lines) {
		return splice{start, d.lines[f.key.Line], ""}, nil
	}
	// The last line, without line end: the line before it becomes that.
	return splice{start - len(d.lineEnd()), max(end, len(d.data)), ""}, nil
}

// after returns the key that follows a field in its entry.
func (r row) after(f field) (*yaml.Node, bool) {
	for n := 0; n+2 < len(r.node.Content); n += 2 {
		if r.node.Content[n] == f.key {
			return r.node.Content[n+2], true
		}
	}
	return nil, false
}

// scalar writes a value in the wanted quotes, and in double quotes where a plain one would be a number or a truth value.
func scalar(value, quote string) string {
	if quote == "" && !plainSafe(value) {
		quote = `"`
	}
	return quote + value + quote
}

// plainSafe reports whether both parsers read the plain value as that string. Tags such as 1.10, 0123, 1e3 and on are not.
func plainSafe(value string) bool {
	// YAML 1.1 has more truth values than 1.2, and readers of both kinds will read the file.
	switch strings.ToLower(value) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	}
	if c := value[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return true
	}
	text := []byte("images:\n- newTag: " + value + "\n")
	var k types.Kustomization
	if err := k.Unmarshal(text); err != nil || k.Images[0].NewTag != value {
		return false
	}
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(value), &n); err != nil || len(n.Content) != 1 {
		return false
	}
	return n.Content[0].Tag == "!!str"
}
