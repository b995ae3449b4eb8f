package overlay

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// kind is what kustomize makes of a reference.
type kind int

const (
	resource  kind = iota // a file of manifests, or a directory with a kustomization
	component             // a directory
	manifest              // a file that is read as YAML
	content               // a file whose bytes are used as they are
	plugin                // a file or an inline text that configures a transformer or validator
)

// reference is one path or inline text in a kustomization file.
type reference struct {
	kind   kind
	text   string
	inline bool
	line   int
}

// references lists what a kustomization refers to, field by field as kustomize reads them; unproved lists what no path is behind and
// what must never be run. A field that a later kustomize adds is unknown to the parser that this is built with: such a file does not
// parse, and nothing of it is rendered.
func (d *document) references() (refs []reference, unproved []Finding, err error) {
	k := d.typed
	add := func(kind kind, key string, texts ...string) {
		for _, text := range texts {
			// Some texts kustomize takes for a manifest first, and for a path if that fails; no path has a line end.
			inline := strings.Contains(text, "\n") && (kind == plugin || key == "patchesStrategicMerge")
			refs = append(refs, reference{kind, text, inline, d.lineOf(key, text)})
		}
	}
	add(resource, "resources", k.Resources...)
	add(resource, "bases", k.Bases...)
	add(component, "components", k.Components...)
	add(manifest, "crds", k.Crds...)
	add(manifest, "configurations", k.Configurations...)
	for _, p := range k.PatchesStrategicMerge {
		add(manifest, "patchesStrategicMerge", string(p))
	}
	for i, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		key := "patches"
		if i >= len(k.Patches) {
			key = "patchesJson6902"
		}
		if p.Path != "" {
			add(manifest, key, p.Path)
		}
		if p.Patch != "" {
			refs = append(refs, reference{manifest, p.Patch, true, d.lineOf(key, p.Patch)})
		}
	}
	for _, r := range k.Replacements {
		if r.Path != "" {
			add(manifest, "replacements", r.Path)
		}
	}
	add(plugin, "transformers", k.Transformers...)
	add(plugin, "validators", k.Validators...)
	sources, err := d.sources()
	if err != nil {
		return nil, nil, err
	}
	return append(refs, sources...), d.neverRun(), nil
}

// sources lists the files of generators, written PATH or KEY=PATH. Literals name no file.
func (d *document) sources() ([]reference, error) {
	type generator struct {
		key  string
		args types.GeneratorArgs
	}
	var generators []generator
	for _, g := range d.typed.ConfigMapGenerator {
		generators = append(generators, generator{"configMapGenerator", g.GeneratorArgs})
	}
	for _, g := range d.typed.SecretGenerator {
		generators = append(generators, generator{"secretGenerator", g.GeneratorArgs})
	}
	var refs []reference
	for _, g := range generators {
		for _, text := range g.args.FileSources {
			line := d.lineOf(g.key, text)
			key, file, keyed := strings.Cut(text, "=")
			if !keyed {
				file = text
			}
			if keyed && key == "" || file == "" || strings.Contains(file, "=") {
				return nil, d.fault(CodeRenderFailed, line, fmt.Sprintf("generator file %q: want PATH or KEY=PATH", clip(text)), nil)
			}
			refs = append(refs, reference{kind: content, text: file, line: line})
		}
		for _, text := range slices.Concat(g.args.EnvSources, []string{g.args.EnvSource}) {
			if text != "" {
				refs = append(refs, reference{kind: content, text: text, line: d.lineOf(g.key, text)})
			}
		}
	}
	return refs, nil
}

// neverRun lists what kustomize would fetch or execute, and what would change how later overlays are rendered.
func (d *document) neverRun() []Finding {
	k := d.typed
	var found []Finding
	add := func(there bool, key, what string) {
		if there {
			node, _ := lookUp(d.root, key)
			line := 0
			if node != nil {
				line = node.Line
			}
			found = append(found, Finding{Code: CodeRemote, Path: d.path, Line: line, Message: what})
		}
	}
	add(len(k.HelmCharts) > 0, "helmCharts", "a Helm chart is never inflated")
	add(len(k.HelmChartInflationGenerator) > 0, "helmChartInflationGenerator", "a Helm chart is never inflated")
	add(len(k.Generators) > 0, "generators", "a generator plugin is never run")
	// kustomize keeps an own schema for the rest of the process: one repository's would apply to the next one's overlays.
	add(len(k.OpenAPI) > 0, "openapi", "an own OpenAPI schema is never loaded")
	return found
}

// lineOf returns the line of the scalar under a top-level key, or 0: kustomize's parser keeps no positions.
func (d *document) lineOf(key, text string) int {
	_, value := lookUp(d.root, key)
	if value == nil {
		return 0
	}
	var find func(n *yaml.Node) int
	find = func(n *yaml.Node) int {
		if n.Kind == yaml.ScalarNode && n.Value == text {
			return n.Line
		}
		for _, child := range n.Content {
			if line := find(child); line > 0 {
				return line
			}
		}
		return 0
	}
	return find(value)
}

var userAtHost = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9-]*@`)

// remote reports whether kustomize could take the text for an address: a URL, user@host, or github.com/… without a scheme. It would
// fetch some of those even where a file of that name exists, so syntax decides alone.
func remote(text string) bool { return strings.Contains(text, ":") || address(text) }

// address reports whether a text, however long, begins like something that kustomize would clone or fetch.
func address(text string) bool {
	folded := strings.ToLower(text)
	return userAtHost.MatchString(text) || slices.ContainsFunc(
		[]string{"github.com/", "github.com:", "git::", "ssh://", "http:", "https:", "file://"},
		func(prefix string) bool { return strings.HasPrefix(folded, prefix) })
}

// resolve returns the path in the tree that a local reference of a directory means; outside is true where it leaves the repository.
func resolve(dir, text string) (name string, outside bool, err error) {
	if strings.HasPrefix(text, "/") {
		return "", true, nil
	}
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "" || segment == "." || segment == ".." {
			continue
		}
		reason := unsafeSegment(segment)
		if strings.Contains(segment, `\`) {
			reason = "a backslash"
		}
		if reason != "" {
			return "", false, fmt.Errorf("reference %q has %s", clip(quoted(text)), reason)
		}
	}
	name = path.Join(dir, text)
	if name == ".." || strings.HasPrefix(name, "../") {
		return "", true, nil
	}
	return name, false, CheckPath(name)
}

// below reports whether name is the directory or lies in it: kustomize reads files only there, unless told otherwise by a flag.
func below(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

// harmlessPlugin knows kustomize's own transformers that read nothing but their configuration.
func harmlessPlugin(kind string) bool {
	return slices.Contains([]string{
		"AnnotationsTransformer", "LabelTransformer", "NamespaceTransformer", "PrefixSuffixTransformer", "PrefixTransformer",
		"ReplicaCountTransformer", "SuffixTransformer",
	}, kind)
}
