package overlay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Form is where an entry keeps its tag and digest.
type Form string

// The forms. All but FormPlain work in kustomize by accident of string concatenation; edits keep them and lint says so.
const (
	FormPlain       Form = "plain"         // newTag and digest
	FormTagInName   Form = "tag-in-name"   // newName: REPOSITORY:TAG or REPOSITORY:TAG@DIGEST
	FormDigestInTag Form = "digest-in-tag" // newTag: TAG@DIGEST
)

// Entry is one element of a kustomization's images list.
type Entry struct {
	Name       string            // what kustomize looks for in the manifests: an image's name or a placeholder such as "app"
	NewName    string            // as written, without a tag or digest that is kept inside it; "" if absent
	Tag        string            // whichever field it is in; "" if none is shown
	Digest     digest.Digest     // whichever field it is in; zero if the entry pins nothing
	Repository digest.Repository // of NewName, else of Name; zero where that is no image name
	Form       Form
	Line       int
	// Err says why the entry cannot be edited with certainty (anchor, alias, tagSuffix, foreign digest); nil if it can.
	Err error
}

// Matches reports whether the entry is one of the image repository: by its newName, else by its name, or by a placeholder name.
// A placeholder whose newName already names another repository is not: editing it would move that image elsewhere.
func (e Entry) Matches(repository digest.Repository, placeholders []string) bool {
	if repository.IsZero() {
		return false
	}
	return e.Repository == repository || e.NewName == "" && slices.Contains(placeholders, e.Name)
}

// Reference returns the entry's image as kustomize will write it: NAME[:TAG][@DIGEST].
func (e Entry) Reference() string {
	name := e.NewName
	if name == "" {
		name = e.Name
	}
	return join(name, e.Tag, e.Digest.String())
}

func join(name, tag, hash string) string {
	if tag != "" {
		name += ":" + tag
	}
	if hash != "" {
		name += "@" + hash
	}
	return name
}

// split cuts NAME[:TAG][@DIGEST] without judging the parts; a colon before the last slash is a port.
func split(image string) (name, tag, hash string) {
	name, hash, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	return name, tag, hash
}

// row is an Entry with its place in the file.
type row struct {
	Entry
	image  types.Image // as kustomize reads it
	node   *yaml.Node  // the mapping
	fields map[string]field
}

type field struct{ key, value *yaml.Node }

// readImages fills rows and refuses a name that is there twice: kustomize applies both, so that the later one wins.
func (d *document) readImages(images []types.Image) error {
	var nodes []*yaml.Node
	for _, name := range []string{"images", "imageTags"} {
		if _, value := lookUp(d.root, name); value != nil {
			if value.Kind == yaml.AliasNode {
				return d.fault(CodeAmbiguousImage, value.Line, "the images list is an alias", nil)
			}
			nodes = append(nodes, value.Content...)
		}
	}
	if len(nodes) != len(images) {
		return d.fault(CodeMalformed, 0, "the images list does not read the same in two parsers", nil)
	}
	lines := make(map[string]int, len(images))
	for i, image := range images {
		r := readRow(nodes[i], image)
		if line, twice := lines[image.Name]; twice {
			return d.fault(CodeAmbiguousImage, r.Line, fmt.Sprintf("image %q is already on line %d", clip(image.Name), line), nil)
		}
		if len(image.Name) > maxName {
			return d.fault(CodeMalformed, r.Line, fmt.Sprintf("a name of %d bytes, at most %d are read", len(image.Name), maxName), nil)
		}
		lines[image.Name] = r.Line
		if r.Err != nil {
			r.Err = d.fault(CodeAmbiguousImage, r.Line, fmt.Sprintf("image %q", clip(image.Name)), r.Err)
		}
		d.rows = append(d.rows, r)
	}
	return nil
}

func readRow(node *yaml.Node, image types.Image) row {
	r := row{image: image, node: node, fields: map[string]field{}}
	r.Line = node.Line
	r.Name = image.Name
	r.Err = errors.Join(r.readValues(), r.readFields())
	base := r.NewName
	if base == "" {
		base, _, _ = split(r.Name)
	}
	if repository, err := digest.ParseRepository(base); err == nil {
		r.Repository = repository
	}
	return r
}

// readValues finds tag and digest wherever they are kept. Its error is a reason not to edit, not a reason not to read.
func (r *row) readValues() error {
	newName, nameTag, nameHash := split(r.image.NewName)
	newTag, tagHash, inTag := strings.Cut(r.image.NewTag, "@")
	r.NewName, r.Tag, r.Form = newName, newTag, FormPlain
	hash := r.image.Digest
	places := 0
	for _, h := range []string{nameHash, tagHash, r.image.Digest} {
		if h != "" {
			hash = h
			places++
		}
	}
	switch {
	case nameTag != "" || nameHash != "":
		r.Form, r.Tag = FormTagInName, nameTag
	case inTag:
		r.Form = FormDigestInTag
	}
	// Other algorithms are left alone: nothing here can say whether replacing one by sha256 is what its author wants.
	var err error
	if hash != "" {
		r.Digest, err = digest.Parse(hash)
	}
	switch {
	case r.image.Name == "":
		return errors.New("an entry without a name")
	case r.image.TagSuffix != "":
		return errors.New("tagSuffix is not understood; write newTag")
	case places > 1:
		return errors.New("more than one digest in one entry")
	case r.Form == FormTagInName && r.image.NewTag != "":
		return errors.New("a tag inside newName and newTag as well")
	case r.Form == FormDigestInTag && (newTag == "" || tagHash == ""):
		return fmt.Errorf("newTag %q: want TAG@sha256:…", clip(r.image.NewTag))
	}
	return err
}

// readFields finds the scalars, and checks that they are what kustomize read: it folds the case of keys, expands aliases and merges,
// and reads some plain values as numbers. An edit of what one parser saw would then not be an edit of what the other sees.
func (r *row) readFields() error {
	if r.node.Kind != yaml.MappingNode || r.node.Anchor != "" {
		return errors.New("an anchor, an alias or no mapping")
	}
	want := map[string]string{
		"name": r.image.Name, "newName": r.image.NewName, "newTag": r.image.NewTag, "digest": r.image.Digest, "tagSuffix": r.image.TagSuffix,
	}
	for i := 0; i < len(r.node.Content); i += 2 {
		key, value := r.node.Content[i], r.node.Content[i+1]
		text, known := want[key.Value]
		switch {
		case key.Anchor != "" || value.Anchor != "" || value.Kind == yaml.AliasNode || key.Tag == "!!merge":
			return fmt.Errorf("%q has an anchor, an alias or a merge key", clip(key.Value))
		case !known:
			return fmt.Errorf("key %q: want name, newName, newTag or digest, in this letter case", clip(key.Value))
		case value.Kind != yaml.ScalarNode || value.Value != text:
			return fmt.Errorf("%q does not read the same in two parsers", key.Value)
		}
		r.fields[key.Value] = field{key, value}
		delete(want, key.Value)
	}
	for key, text := range want {
		if text != "" {
			return fmt.Errorf("%q does not read the same in two parsers", key)
		}
	}
	return nil
}
