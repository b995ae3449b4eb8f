package overlay

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestCompare(t *testing.T) {
	const base = "kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: {b: [x, y]}\n  n: 1\n"
	for _, test := range []struct {
		name  string
		after []string
		want  []difference
	}{
		{"nothing", []string{base}, nil},
		{"a value", []string{"kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: {b: [x, z]}\n  n: 1\n"}, []difference{{at: "Deployment/shop spec.a.b[1]", old: "y", new: "z"}}},
		{"a type", []string{"kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: {b: [x, y]}\n  n: \"1\"\n"}, []difference{{at: "Deployment/shop spec.n", structural: true}}},
		{"a key", []string{"kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: {c: [x, y]}\n  n: 1\n"}, []difference{{at: "Deployment/shop spec.a", structural: true}}},
		{"one more", []string{"kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: {b: [x, y, z]}\n  n: 1\n"}, []difference{{at: "Deployment/shop spec.a.b", structural: true}}},
		{"another kind of node", []string{"kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: []\n  n: 1\n"}, []difference{{at: "Deployment/shop spec.a", structural: true}}},
		{"one more resource", []string{base, base}, []difference{{at: "1 resources become 2", structural: true}}},
		{"an alias is what it stands for", []string{"kind: Deployment\nmetadata: {name: shop}\nspec:\n  a: {b: [&x x, y]}\n  n: 1\n"}, nil},
	} {
		var after []*kyaml.RNode
		for _, text := range test.after {
			after = append(after, kyaml.MustParse(text))
		}
		got := compare([]*kyaml.RNode{kyaml.MustParse(base)}, after)
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(difference{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
