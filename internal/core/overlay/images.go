package overlay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Use is one image that an overlay's containers may run, as far as it can be told without rendering: what a patch names counts beside
// what it replaces, and JSON patches and replacements are not seen.
type Use struct {
	Image string // NAME[:TAG][@DIGEST] as kustomize would write it
	Path  string // the manifest that names the container
	Line  int
	lost  *Finding // where it lost its digest; nil if it has one or never had
}

// file is what is known of one file that a kustomization refers to.
type file struct {
	size     int
	data     []byte // nil where remembering it would cost too much
	uses     []Use
	checked  bool // read as YAML, within the bounds
	harmless bool // every document configures a harmless plugin
}

// imageSet is what a directory's images come to.
type imageSet struct{ uses []Use }

// Images lists the images of an overlay after its images lists were applied, in kustomize's order. It costs no rendering.
func (t *Tree) Images(dir string) ([]Use, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.node(dir, 0)
	if err != nil {
		return nil, err
	}
	return slices.Clone(t.images(n)), nil
}

// Pins lists the images that a base or manifest pins by digest and that an images list above sets to a tag only, so that kustomize drops
// the digest. Findings have CodePinLost and stand at the entry that does it.
func (t *Tree) Pins(dir string) ([]Finding, error) {
	uses, err := t.Images(dir)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, use := range uses {
		if use.lost != nil && !slices.Contains(found, *use.lost) {
			found = append(found, *use.lost)
		}
	}
	return found, nil
}

// EntryName returns the name and newName that a new entry for an image needs in an overlay: the name under which its manifests know
// the image, else a placeholder that they use, else the image's own name. An entry under any other name would change nothing:
// kustomize compares the text of names, so that "nginx" is not "docker.io/library/nginx".
func (t *Tree) EntryName(dir string, repository digest.Repository, placeholders []string) (name, newName string, err error) {
	uses, err := t.Images(dir)
	if err != nil {
		return "", "", err
	}
	placeholder := ""
	for _, use := range uses {
		name, _, _ := split(use.Image)
		if known, err := digest.ParseRepository(name); err == nil && known == repository && checkName(name) == nil {
			return name, "", nil
		}
		if placeholder == "" && slices.Contains(placeholders, name) {
			placeholder = name
		}
	}
	if placeholder != "" {
		return placeholder, repository.String(), nil
	}
	return repository.String(), "", nil
}

// images applies the images lists from the deepest base up, the way kustomize does.
func (t *Tree) images(n *node) []Use {
	if n.images == nil {
		n.images = &imageSet{t.apply(n, nil)}
	}
	return n.images.uses
}

// apply returns the images of a directory. A component's list also applies to what its user had before: below.
func (t *Tree) apply(n *node, below []Use) []Use {
	all := slices.Clone(below)
	for _, c := range n.resources {
		if c.base != nil {
			all = append(all, t.images(c.base)...)
		} else {
			all = append(all, t.memo.files[c.file].uses...)
		}
	}
	for _, c := range n.components {
		all = t.apply(c, all)
	}
	all = append(all, n.patched...)
	for _, r := range n.document.rows {
		pattern := t.pattern(r.Name)
		for i, use := range all {
			if pattern != nil && pattern.MatchString(use.Image) {
				all[i] = r.onto(use, n.document.path)
			}
		}
	}
	return all
}

// pattern is the regular expression that kustomize makes of an entry's name; nil where it makes none and matches nothing.
func (t *Tree) pattern(name string) *regexp.Regexp {
	known, ok := t.memo.patterns[name]
	if !ok {
		// An error is no error there either: such a name matches nothing.
		known, _ = regexp.Compile("^" + name + `(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?$`)
		t.memo.patterns[name] = known
	}
	return known
}

// onto applies an entry to an image: newTag alone drops a digest, digest alone drops a tag.
func (r row) onto(use Use, path string) Use {
	name, tag, hash := split(use.Image)
	had := hash != ""
	if r.image.NewName != "" {
		name = r.image.NewName
	}
	switch {
	case r.image.NewTag != "":
		tag, hash = r.image.NewTag, r.image.Digest
	case r.image.Digest != "":
		tag, hash = "", r.image.Digest
	case r.image.TagSuffix != "":
		tag, hash = tag+r.image.TagSuffix, ""
	}
	after := Use{Image: join(name, tag, hash), Path: use.Path, Line: use.Line, lost: use.lost}
	if _, _, has := split(after.Image); has != "" {
		after.lost = nil
	} else if had {
		after.lost = &Finding{CodePinLost, path, r.Line, fmt.Sprintf(
			"%q is pinned by digest below, and this entry sets it to %q: kustomize drops the digest. Write the digest here too", clip(use.Image), clip(after.Image))}
	}
	return after
}

// readManifests reads a stream of YAML documents within the bounds.
func readManifests(path string, data []byte) (file, error) {
	f := file{size: len(data), checked: true, harmless: true}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for documents := 0; ; documents++ {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			f.harmless = f.harmless && documents > 0
			return f, nil
		}
		if err != nil {
			return file{}, &fault{CodeRenderFailed, path, 0, "reading YAML", errors.New(clip(err.Error()))}
		}
		if line, err := checkNodes(&document, maxNodes); err != nil {
			return file{}, &fault{CodeMalformed, path, line, "reading YAML", err}
		}
		root := document.Content[0]
		apiVersion, kind := text(root, "apiVersion"), text(root, "kind")
		// Readers differ on which of two equal keys counts.
		twice, _ := duplicateKey(root)
		f.harmless = f.harmless && twice == nil && apiVersion == "builtin" && harmlessPlugin(kind)
		if kind != "CustomResourceDefinition" {
			collectUses(root, path, &f.uses)
		}
	}
}

// text returns the scalar of a mapping's key, or "".
func text(mapping *yaml.Node, key string) string {
	if mapping.Kind == yaml.MappingNode {
		if _, value := lookUp(mapping, key); value != nil {
			return value.Value
		}
	}
	return ""
}

// collectUses finds the images where kustomize looks for them: in any list named containers or initContainers, and in volumes. What
// kustomize does not change, such as ephemeral containers, no entry can pin.
func collectUses(n *yaml.Node, path string, into *[]Use) {
	switch n.Kind {
	case yaml.AliasNode:
		collectUses(n.Alias, path, into)
	case yaml.SequenceNode:
		for _, element := range n.Content {
			collectUses(element, path, into)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i].Value, n.Content[i+1]
			collectUses(value, path, into)
			if value.Kind != yaml.SequenceNode {
				continue
			}
			for _, element := range value.Content {
				image := element
				switch key {
				case "containers", "initContainers":
				case "volumes":
					if element.Kind == yaml.MappingNode {
						_, image = lookUp(element, "image")
					}
				default:
					continue
				}
				if image = imageScalar(image, key); image != nil {
					*into = append(*into, Use{Image: image.Value, Path: path, Line: image.Line})
				}
			}
		}
	}
}

// imageScalar returns the image of a container, or the reference of an image volume; nil if there is none.
func imageScalar(mapping *yaml.Node, list string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	key := "image"
	if list == "volumes" {
		key = "reference"
	}
	if _, value := lookUp(mapping, key); value != nil && value.Kind == yaml.ScalarNode {
		return value
	}
	return nil
}
