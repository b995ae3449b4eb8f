package overlay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	k8syaml "sigs.k8s.io/yaml"
)

// document is one kustomization file as two parsers see it: kustomize's own, which decides what the file means, and one that knows
// where each scalar stands. Where they could disagree the file, or the entry, is refused.
type document struct {
	path  string
	data  []byte
	lines []int // offset of the first byte of each line
	root  *yaml.Node
	typed *types.Kustomization
	// unread says why kustomize does not accept the file; then typed is nil. Its images can be edited all the same: the file may be for
	// an older kustomize, as those with a list of plain paths under patches are.
	unread error
	rows   []row // the entries of images, then of the deprecated imageTags: kustomize applies them in this order
}

func (d *document) fault(code string, line int, text string, err error) error {
	return &fault{code: code, path: d.path, line: line, text: text, err: err}
}

// parse reads one kustomization file strictly. The order matters: cheap bounds come before every parser, and the parser that does not
// expand aliases before those that do.
func parse(path string, data []byte) (*document, error) {
	d := &document{path: path, data: data}
	if err := d.scan(); err != nil {
		return nil, err
	}
	root, err := parseOne(data)
	if err != nil {
		return nil, d.fault(CodeMalformed, 0, "reading YAML", err)
	}
	d.root = root
	if root.Kind != yaml.MappingNode {
		return nil, d.fault(CodeMalformed, root.Line, "want a mapping, for example \"resources: [deployment.yaml]\"", nil)
	}
	if line, err := checkNodes(root, maxKustomizationNodes); err != nil {
		return nil, d.fault(CodeMalformed, line, "reading YAML", err)
	}
	if err := d.checkKeys(); err != nil {
		return nil, err
	}
	if err := d.checkTopLevel(); err != nil {
		return nil, err
	}
	if _, kind := lookUp(d.root, "kind"); kind != nil && kind.Value != types.KustomizationKind && kind.Value != types.ComponentKind {
		return nil, d.fault(CodeMalformed, kind.Line, fmt.Sprintf("kind %q: want Kustomization or Component", clip(kind.Value)), nil)
	}
	images, err := d.decode()
	if err != nil {
		return nil, d.fault(CodeMalformed, 0, "reading it as kustomize does", errors.New(clip(err.Error())))
	}
	return d, d.readImages(images)
}

// checkKeys refuses a key that is there twice: parsers differ on which one counts. The images list has a code of its own.
func (d *document) checkKeys() error {
	key, first := duplicateKey(d.root)
	if key == nil {
		return nil
	}
	code := CodeMalformed
	for _, name := range []string{"images", "imageTags"} {
		if _, list := lookUp(d.root, name); key.Value == name || list != nil && holds(list, key) {
			code = CodeAmbiguousImage
		}
	}
	return d.fault(code, key.Line, fmt.Sprintf("key %q is already on line %d", clip(key.Value), first), nil)
}

func holds(n, wanted *yaml.Node) bool {
	return n == wanted || slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return holds(child, wanted) })
}

// decode reads the images the way kustomize does: YAML to JSON, JSON to values.
func (d *document) decode() ([]types.Image, error) {
	var k types.Kustomization
	err := k.Unmarshal(d.data)
	if err == nil {
		d.typed = &k
		return slices.Concat(k.Images, k.ImageTags), nil
	}
	d.unread = d.fault(CodeMalformed, 0, "reading it as kustomize does", errors.New(clip(err.Error())))
	var lists struct {
		Images    []types.Image `json:"images"`
		ImageTags []types.Image `json:"imageTags"`
	}
	text, err := k8syaml.YAMLToJSON(d.data)
	if err != nil {
		return nil, err
	}
	// Straight from JSON: the YAML package would turn a number into the text of another, 1.10 into 1.1.
	if err := json.Unmarshal(text, &lists); err != nil {
		return nil, err
	}
	return append(lists.Images, lists.ImageTags...), nil
}

// rest reads everything but the images, for comparison, also of files that only another version of kustomize accepts.
func (d *document) rest() (map[string]any, error) {
	var values map[string]any
	if err := k8syaml.Unmarshal(d.data, &values); err != nil {
		return nil, d.fault(CodeMalformed, 0, "reading it as kustomize does", errors.New(clip(err.Error())))
	}
	delete(values, "images")
	delete(values, "imageTags")
	return values, nil
}

// sameRest reports whether two versions of a file are equal but for their images.
func sameRest(before, after *document) (bool, error) {
	a, err := before.rest()
	if err != nil {
		return false, err
	}
	b, err := after.rest()
	return err == nil && reflect.DeepEqual(a, b), err
}

// scan checks what the position of every scalar rests on: size, encoding and line ends.
func (d *document) scan() error {
	if len(d.data) > maxKustomization {
		return d.fault(CodeMalformed, 0, fmt.Sprintf("the file has %d bytes, at most %d are read", len(d.data), maxKustomization), nil)
	}
	if !utf8.Valid(d.data) {
		return d.fault(CodeMalformed, 0, "the file is not UTF-8", nil)
	}
	d.lines = append(d.lines, 0)
	for i, b := range d.data {
		switch {
		case b == '\n':
			d.lines = append(d.lines, i+1)
		case b == '\r' && (i+1 == len(d.data) || d.data[i+1] != '\n'), b == 0x85 && d.data[i-1] == 0xc2:
			return d.fault(CodeMalformed, len(d.lines), "a line end that is neither LF nor CRLF", nil)
		case (b == 0xa8 || b == 0xa9) && i > 1 && d.data[i-1] == 0x80 && d.data[i-2] == 0xe2:
			return d.fault(CodeMalformed, len(d.lines), "a line end that is neither LF nor CRLF", nil)
		}
	}
	return nil
}

// parseOne decodes exactly one YAML document into nodes; aliases are not expanded.
func parseOne(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, errors.New(clip(err.Error()))
	}
	// A second document is a way to hide: kustomize would read the first document and silently drop the others.
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document in the file")
	}
	return first.Content[0], nil
}

// checkNodes bounds depth and size with aliases expanded, and refuses an alias inside its own anchor. The line is the offender's.
func checkNodes(root *yaml.Node, most int) (line int, err error) {
	sizes := map[*yaml.Node]int{} // of anchored nodes; 0: being measured
	var measure func(n *yaml.Node, depth int) (int, error)
	measure = func(n *yaml.Node, depth int) (int, error) {
		line = n.Line
		if depth > maxDepth {
			return 0, fmt.Errorf("nested more than %d levels deep", maxDepth)
		}
		if n.Kind == yaml.AliasNode {
			size, known := sizes[n.Alias]
			if known && size == 0 {
				return 0, errors.New("an alias inside its own anchor")
			}
			if !known {
				return measure(n.Alias, depth+1)
			}
			return size, nil
		}
		if n.Anchor != "" {
			sizes[n] = 0
		}
		total := 1
		for _, child := range n.Content {
			size, err := measure(child, depth+1)
			if err != nil {
				return 0, err
			}
			if total += size; total > most {
				return 0, fmt.Errorf("more than %d nodes once its aliases are expanded", most)
			}
		}
		if n.Anchor != "" {
			sizes[n] = total
		}
		return total, nil
	}
	_, err = measure(root, 0)
	return line, err
}

// duplicateKey returns the first key that its mapping has twice, and the line of the first one. It looks at the whole file: which of
// two resources lists counts matters as much as which of two images.
func duplicateKey(n *yaml.Node) (key *yaml.Node, first int) {
	if n.Kind == yaml.MappingNode {
		// The tag is part of the name: 1 and "1" are two keys.
		seen := make(map[string]int, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			name := key.Tag + " " + key.Value
			if line, twice := seen[name]; twice && key.Kind == yaml.ScalarNode {
				return key, line
			}
			seen[name] = key.Line
		}
	}
	for _, child := range n.Content {
		if key, first := duplicateKey(child); key != nil {
			return key, first
		}
	}
	return nil, 0
}

// checkTopLevel refuses what would make the images list mean something else to kustomize than to a reader of the text: kustomize
// folds the case of keys, so that "Images" beside "images" replaces it, and a merge key can bring in another list.
func (d *document) checkTopLevel() error {
	seen := make(map[string]int, len(d.root.Content)/2)
	for i := 0; i < len(d.root.Content); i += 2 {
		key := d.root.Content[i]
		folded := strings.ToLower(key.Value)
		switch line, twice := seen[folded]; {
		case key.Tag == "!!merge":
			return d.fault(CodeMalformed, key.Line, "a merge key at the top level", nil)
		case !ascii(key.Value):
			return d.fault(CodeMalformed, key.Line, fmt.Sprintf("key %q is not ASCII", clip(key.Value)), nil)
		case twice:
			return d.fault(CodeMalformed, key.Line, fmt.Sprintf("key %q is already on line %d in other letter case", clip(key.Value), line), nil)
		case folded == "images" && key.Value != "images", folded == "imagetags" && key.Value != "imageTags":
			return d.fault(CodeMalformed, key.Line, fmt.Sprintf("key %q: want \"images\"", clip(key.Value)), nil)
		}
		seen[folded] = key.Line
	}
	return nil
}

func ascii(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lookUp returns key and value of a mapping, or nil.
func lookUp(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}
