package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Setting is a field and the value that it is to have.
type Setting struct{ Name, Value string }

// Set returns a document's file with fields of the mapping at a place set, in the order given. Only the bytes of the values change,
// or those of a new field are added; comments, quotes, order and line ends stay. What it cannot do safely is an error that says so.
func (p Place) Set(content []byte, settings ...Setting) ([]byte, error) {
	for _, setting := range settings {
		edited, err := p.set(content, setting)
		if err != nil {
			return nil, fmt.Errorf("setting %s at %s:%d: %w; write it by hand: %s: %s", setting.Name, p.File, p.line, err, setting.Name, setting.Value)
		}
		content = edited
	}
	return content, nil
}

func (p Place) set(content []byte, setting Setting) ([]byte, error) {
	before, err := readNodes(content)
	if err != nil {
		return nil, err
	}
	mapping := before.find(p)
	if mapping == nil {
		return nil, errors.New("wanted a mapping there, got none of its own")
	}
	edited, err := before.put(mapping, setting)
	if err != nil {
		return nil, err
	}
	after, err := readNodes(edited)
	if err != nil {
		return nil, err
	}
	// Whatever the arithmetic above did: all else reads as before, and the field reads as it should.
	if !sameNodes(before.documents, after.documents, mapping, setting) {
		return nil, errors.New("it would change more than that")
	}
	return edited, nil
}

// AddRoot returns the file of a pipeline with an entry for a trust root added to spec.trust. The line is what was added, or what a
// person has to add where the error says that it cannot be done safely.
func (p Place) AddRoot(content []byte, root TrustSource) (edited []byte, line string, err error) {
	line = root.line()
	if edited, err = p.addRoot(content, "- "+line); err != nil {
		return nil, line, fmt.Errorf("adding trust root %q at %s:%d: %w", root.Name, p.File, p.line, err)
	}
	return edited, line, nil
}

func (p Place) addRoot(content []byte, item string) ([]byte, error) {
	before, err := readNodes(content)
	if err != nil {
		return nil, err
	}
	key, spec := member(before.find(p), "spec")
	if spec == nil || spec.Kind != yaml.MappingNode || spec.Style&yaml.FlowStyle != 0 || len(spec.Content) == 0 {
		return nil, errors.New("wanted spec in a block of lines")
	}
	var edited []byte
	if _, trust := member(spec, "trust"); trust == nil {
		indent := strings.Repeat(" ", spec.Content[0].Column-1)
		edited = before.insertLine(key.Line, indent+"trust:"+before.lineEnd()+indent+"  "+item)
	} else if trust.Kind == yaml.SequenceNode && trust.Style&yaml.FlowStyle == 0 && len(trust.Content) > 0 {
		edited = before.insertLine(lastLine(trust), strings.Repeat(" ", trust.Column-1)+item)
	} else {
		return nil, errors.New("wanted spec.trust in a block of lines")
	}
	after, err := readNodes(edited)
	if err != nil {
		return nil, err
	}
	_, grown := member(after.find(p), "spec")
	_, trust := member(grown, "trust")
	if trust == nil {
		return nil, errors.New("it would not be read there")
	}
	if trust.Content = trust.Content[:len(trust.Content)-1]; len(trust.Content) == 0 {
		grown.Content = grown.Content[2:]
	}
	if !sameNodes(before.documents, after.documents, nil, Setting{}) {
		return nil, errors.New("it would change more than that")
	}
	return edited, nil
}

// nodes is a file with what stands where in it.
type nodes struct {
	content   []byte
	lines     []int // where each begins
	documents []*yaml.Node
}

func readNodes(content []byte) (nodes, error) {
	n := nodes{content: content, lines: []int{0}}
	for i, b := range content {
		if b == '\n' {
			n.lines = append(n.lines, i+1)
		}
	}
	for stream := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var document yaml.Node
		err := stream.Decode(&document)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return nodes{}, fmt.Errorf("reading YAML: %w", err)
		}
		n.documents = append(n.documents, &document)
	}
}

// find returns the mapping at a place; nil where there is none, as behind an alias.
func (n nodes) find(p Place) *yaml.Node {
	var within func(*yaml.Node) *yaml.Node
	within = func(node *yaml.Node) *yaml.Node {
		if node.Kind == yaml.MappingNode && node.Line == p.line && node.Column == p.column {
			return node
		}
		for _, child := range node.Content {
			if found := within(child); found != nil {
				return found
			}
		}
		return nil
	}
	for _, document := range n.documents {
		if found := within(document); found != nil {
			return found
		}
	}
	return nil
}

// member returns a field of a mapping with its key.
func member(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	if mapping == nil {
		return nil, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// put replaces a value, or adds a field after the last one.
func (n nodes) put(mapping *yaml.Node, setting Setting) ([]byte, error) {
	if _, value := member(mapping, setting.Name); value != nil {
		start, end, quote, err := n.span(value)
		if err != nil {
			return nil, err
		}
		return slices.Concat(n.content[:start], []byte(quote+setting.Value+quote), n.content[end:]), nil
	}
	if len(mapping.Content) == 0 {
		return nil, errors.New("wanted fields, got none")
	}
	key, value := mapping.Content[len(mapping.Content)-2], mapping.Content[len(mapping.Content)-1]
	_, end, _, err := n.span(value)
	if err != nil {
		return nil, err
	}
	text := setting.Name + ": " + setting.Value
	if mapping.Style&yaml.FlowStyle != 0 {
		return slices.Concat(n.content[:end], []byte(", "+text), n.content[end:]), nil
	}
	return n.insertLine(value.Line, strings.Repeat(" ", key.Column-1)+text), nil
}

// span returns where a scalar stands, quotes included, and its quote. It takes only what stands in the file as it is read.
func (n nodes) span(value *yaml.Node) (start, end int, quote string, err error) {
	switch {
	case value.Kind == yaml.ScalarNode && value.Style == 0:
	case value.Kind == yaml.ScalarNode && value.Style == yaml.DoubleQuotedStyle:
		quote = `"`
	case value.Kind == yaml.ScalarNode && value.Style == yaml.SingleQuotedStyle:
		quote = `'`
	default:
		return 0, 0, "", fmt.Errorf("wanted a plain or quoted value on line %d, got %s", value.Line, describe(value))
	}
	text := quote + value.Value + quote
	// Columns count characters. Where one before is longer than a byte, the comparison fails.
	start = n.lines[value.Line-1] + value.Column - 1
	if value.Value == "" || start > len(n.content) || !bytes.HasPrefix(n.content[start:], []byte(text)) {
		return 0, 0, "", fmt.Errorf("the value on line %d does not stand there as it is read", value.Line)
	}
	return start, start + len(text), quote, nil
}

// lineEnd is that of the file.
func (n nodes) lineEnd() string {
	if bytes.Contains(n.content, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// insertLine adds text after a line, which counts from one.
func (n nodes) insertLine(line int, text string) []byte {
	if line < len(n.lines) {
		at := n.lines[line]
		return slices.Concat(n.content[:at], []byte(text+n.lineEnd()), n.content[at:])
	}
	return slices.Concat(n.content, []byte(n.lineEnd()+text))
}

// lastLine is the line on which the last node within one begins.
func lastLine(node *yaml.Node) int {
	line := node.Line
	for _, child := range node.Content {
		line = max(line, lastLine(child))
	}
	return line
}

// sameNodes compares what two lists of nodes say. Of the mapping that was edited, all but the field that was set, which must read as
// it was set.
func sameNodes(before, after []*yaml.Node, edited *yaml.Node, setting Setting) bool {
	return slices.EqualFunc(before, after, func(a, b *yaml.Node) bool {
		if a.Kind != b.Kind || a.Value != b.Value || a.ShortTag() != b.ShortTag() || a.Anchor != b.Anchor {
			return false
		}
		if a != edited || edited == nil {
			return sameNodes(a.Content, b.Content, edited, setting)
		}
		_, value := member(b, setting.Name)
		return value != nil && value.Value == setting.Value && sameNodes(without(a, setting.Name), without(b, setting.Name), nil, Setting{})
	})
}

// without lists keys and values of a mapping but for one field.
func without(mapping *yaml.Node, name string) []*yaml.Node {
	var rest []*yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value != name {
			rest = append(rest, mapping.Content[i], mapping.Content[i+1])
		}
	}
	return rest
}
