package overlay

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// difference is one place where two renderings are not the same. Structural ones have no values.
type difference struct {
	at         string // for example Deployment/checkout spec.template.spec.containers[0].image
	old, new   string
	structural bool
}

// compare walks two renderings in step. It knows nothing of images: whatever differs is listed, and judged elsewhere.
func compare(before, after []*kyaml.RNode) []difference {
	if len(before) != len(after) {
		return []difference{{at: fmt.Sprintf("%d resources become %d", len(before), len(after)), structural: true}}
	}
	var found []difference
	for i := range before {
		for _, d := range compareNodes(before[i].YNode(), after[i].YNode()) {
			d.at = after[i].GetKind() + "/" + after[i].GetName() + " " + strings.TrimPrefix(d.at, ".")
			found = append(found, d)
		}
	}
	return found
}

// compareNodes names places relative to the two nodes; a path is only put together where something differs.
func compareNodes(a, b *yaml.Node) []difference {
	a, b = dereference(a), dereference(b)
	if a.Kind != b.Kind || len(a.Content) != len(b.Content) || a.ShortTag() != b.ShortTag() {
		return []difference{{structural: true}}
	}
	var found []difference
	step := func(a, b *yaml.Node, name func() string) {
		for _, d := range compareNodes(a, b) {
			d.at = name() + d.at
			found = append(found, d)
		}
	}
	switch a.Kind {
	case yaml.ScalarNode:
		if a.Value != b.Value {
			return []difference{{old: a.Value, new: b.Value}}
		}
	case yaml.MappingNode:
		// Both sides come from the same files through the same program: the order of keys is part of what must be equal.
		for i := 0; i+1 < len(a.Content); i += 2 {
			if a.Content[i].Value != b.Content[i].Value {
				return []difference{{structural: true}}
			}
			step(a.Content[i+1], b.Content[i+1], func() string { return "." + clip(quoted(a.Content[i].Value)) })
		}
	default:
		for i := range a.Content {
			step(a.Content[i], b.Content[i], func() string { return fmt.Sprintf("[%d]", i) })
		}
	}
	return found
}

func dereference(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// scalars calls visit for every scalar value of a rendering.
func scalars(out []*kyaml.RNode, visit func(value string)) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		n = dereference(n)
		if n.Kind == yaml.ScalarNode {
			visit(n.Value)
		}
		for i, child := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				walk(child)
			}
		}
	}
	for _, node := range out {
		walk(node.YNode())
	}
}
