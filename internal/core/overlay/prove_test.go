package overlay

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
)

var (
	oldDigest = "sha256:" + strings.Repeat("1", 64)
	newDigest = "sha256:" + strings.Repeat("2", 64)
)

// pod is a deployment with a container for each image.
func pod(images ...string) string {
	out := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n      containers:\n"
	for i, image := range images {
		out += "      - {name: c" + string(rune('a'+i)) + ", image: \"" + image + "\"}\n"
	}
	return out
}

const checkout = "ghcr.io/acme/checkout"

// promote edits the kustomization of each directory and proves it.
func promote(t *testing.T, fsys fstest.MapFS, edit Edit, others []string, dirs ...string) Proof {
	t.Helper()
	edit.Tag, edit.Digest = "v2", mustDigest(t, newDigest)
	p := Proposal{Files: map[string][]byte{}, Others: others}
	tr := NewTree(fsys)
	for _, dir := range dirs {
		o, err := tr.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		result, err := Set(o.Path, o.Data, edit)
		if err != nil {
			t.Fatal(err)
		}
		p.Files[o.Path] = result.Data
		p.Targets = append(p.Targets, Target{Dir: dir, Edits: []Edit{edit}})
	}
	proof, err := tr.Prove(p)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestProve(t *testing.T) {
	base := func(images ...string) []string {
		return []string{"base/kustomization.yaml", "resources: [pod.yaml]\n", "base/pod.yaml", pod(images...)}
	}
	over := func(text string) []string {
		return []string{"over/kustomization.yaml", "resources: [../base]\n" + text}
	}
	entry := "images:\n- name: " + checkout + "\n  newTag: v1\n"
	for _, test := range []struct {
		name     string
		tree     []string
		edit     Edit
		others   []string
		rendered string
		codes    string
	}{
		{name: "tag becomes pinned", tree: slices.Concat(base(checkout+":v0", "nginx:1"), over(entry)), rendered: RenderedProved},
		{name: "pin moves", tree: slices.Concat(base(checkout), over(entry+"  digest: "+oldDigest+"\n")), rendered: RenderedProved},
		{name: "new entry", tree: slices.Concat(base(checkout+":v0"), over("")), rendered: RenderedProved},
		{name: "two containers", tree: slices.Concat(base(checkout+":v0", checkout+"@"+oldDigest), over(entry)), rendered: RenderedProved},
		{name: "placeholder", tree: slices.Concat(base("app"), over("images:\n- name: app\n")), edit: Edit{Name: "app", NewName: checkout}, rendered: RenderedProved},
		{name: "tag in new name", tree: slices.Concat(base("app"), over("images:\n- name: app\n  newName: "+checkout+":v1\n")), edit: Edit{Name: "app"}, rendered: RenderedProved},
		{name: "digest in new tag", tree: slices.Concat(base(checkout), over(entry[:len(entry)-1]+"@"+oldDigest+"\n")), rendered: RenderedProved},
		{
			name: "old tag of the manifest behind a tag in new name", tree: slices.Concat(base("app:latest"), over("images:\n- name: app\n  newName: "+checkout+":v1\n")),
			edit: Edit{Name: "app"}, rendered: RenderedFailed, codes: CodeRenderDiffers + " " + CodeEntryUnused,
		},
		{name: "an annotation takes the image along", tree: slices.Concat(
			[]string{"base/kustomization.yaml", "resources: [pod.yaml]\n", "base/pod.yaml", pod(checkout + ":v0")},
			over(entry+"replacements:\n- source: {kind: Deployment, fieldPath: spec.template.spec.containers.0.image}\n  targets:\n"+
				"  - {select: {kind: Deployment}, fieldPaths: [spec.template.metadata.annotations.image], options: {create: true}}\n")), rendered: RenderedProved, codes: "",
		},
		{name: "nothing runs it", tree: slices.Concat(base("nginx"), over(entry)), rendered: RenderedFailed, codes: CodeEntryUnused},
		{
			name: "one of the containers stays", tree: slices.Concat(base(checkout, "docker.io/x"), over(entry+"patches:\n- patch: '[{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/1/image\",\"value\":\"Ghcr.io/acme/checkout:old\"}]'\n  target: {kind: Deployment}\n")),
			rendered: RenderedProved, // another host name, so another image
		},
		{
			name: "another entry wins", tree: slices.Concat(base(checkout), over(entry+"- name: ghcr.io/acme/.*\n  newName: other\n")),
			rendered: RenderedFailed, codes: CodeRenderDiffers + " " + CodeEntryUnused,
		},
		{
			name: "an entry waits for the new tag", tree: slices.Concat(base(checkout), over(entry+"- name: "+checkout+":v2\n  newName: evil.example/x\n  newTag: v2\n")),
			rendered: RenderedFailed, codes: CodeRenderDiffers + " " + CodeEntryUnused,
		},
		{
			name: "a pattern takes another image along", tree: slices.Concat(base("ghcr.io/acme/checkout", "ghcrxio/acme/checkout"), over(entry)),
			rendered: RenderedFailed, codes: CodeRenderDiffers,
		},
		{
			name: "the same image under another name stays", tree: slices.Concat(base("nginx:1", "docker.io/library/nginx:1"), over("images:\n- name: nginx\n  newTag: \"1\"\n")),
			edit: Edit{Name: "nginx"}, rendered: RenderedFailed, codes: CodeRenderDiffers,
		},
		{name: "remote base", tree: []string{"over/kustomization.yaml", "resources: [\"https://example.com/x\"]\n" + entry}, rendered: RenderedEntries, codes: CodeRemote},
		{name: "build fails", tree: slices.Concat([]string{"base/kustomization.yaml", "resources: [pod.yaml, again.yaml]\n", "base/pod.yaml", pod(checkout), "base/again.yaml", pod(checkout)}, over(entry)), rendered: RenderedFailed, codes: CodeRenderFailed},
		{name: "reference leads nowhere", tree: over(entry), rendered: RenderedFailed, codes: CodeRenderFailed},
		{
			name: "another environment shares it", tree: slices.Concat(base(checkout), over(entry), []string{"prod/kustomization.yaml", "resources: [../over]\n"}),
			others: []string{"prod"}, rendered: RenderedFailed, codes: CodeRenderDiffers,
		},
		{
			name: "another environment sets its own", tree: slices.Concat(base(checkout), over(entry), []string{"prod/kustomization.yaml", "resources: [../over]\nimages:\n- name: " + checkout + "\n  newTag: v0\n"}),
			others: []string{"prod", "base"}, rendered: RenderedProved,
		},
		{
			name: "another environment is remote too", tree: slices.Concat(base(checkout), over(entry), []string{"prod/kustomization.yaml", "resources: [../over, \"https://example.com/x\"]\n"}),
			others: []string{"prod"}, rendered: RenderedFailed, codes: CodeRenderDiffers,
		},
		{name: "file name with a space", tree: slices.Concat([]string{"base/kustomization.yaml", "resources: [\"my pod+1.yaml\"]\n", "base/my pod+1.yaml", pod(checkout)}, over(entry)), rendered: RenderedProved},
		{name: "crash of kustomize", tree: slices.Concat(base(checkout), over(entry+"crds: [crd.yaml]\n"), []string{"over/crd.yaml", ""}), rendered: RenderedFailed, codes: CodeRenderFailed},
		{name: "component", tree: slices.Concat(base(checkout), over("components: [../extra]\n"+entry), []string{"extra/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- name: " + checkout + "\n  newTag: v0\n"}), rendered: RenderedProved},
		{name: "harmless plugin", tree: slices.Concat(base(checkout), over(entry+"transformers:\n- |\n  apiVersion: builtin\n  kind: NamespaceTransformer\n  metadata: {name: x, namespace: shop}\n")), rendered: RenderedProved},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.edit.Name == "" {
				test.edit.Name = checkout
			}
			proof := promote(t, tree(test.tree...), test.edit, test.others, "over")
			var codes []string
			for _, f := range proof.Findings {
				if !slices.Contains(codes, f.Code) {
					codes = append(codes, f.Code)
				}
			}
			if proof.Rendered != test.rendered || strings.Join(codes, " ") != test.codes {
				t.Errorf("want %s %q, got %s %+v", test.rendered, test.codes, proof.Rendered, proof.Findings)
			}
		})
	}
}

func TestProofSaysWhichPinIsLost(t *testing.T) {
	// The intended entry comes first; a later one, with a pattern for a name, strips the digest of another image.
	fsys := tree(
		"over/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: app\n  newName: ghcr.io/acme/a\n- name: ghcr.io/acme/a\n  newTag: v9\n",
		"over/pod.yaml", pod("app@"+oldDigest),
	)
	edit := Edit{Name: "app", Tag: "v2", Digest: mustDigest(t, newDigest)}
	after := strings.Replace(string(fsys["over/kustomization.yaml"].Data), "newName: ghcr.io/acme/a\n", "newName: ghcr.io/acme/a\n  newTag: v2\n  digest: "+newDigest+"\n", 1)
	proof, err := NewTree(fsys).Prove(Proposal{Files: map[string][]byte{"over/kustomization.yaml": []byte(after)}, Targets: []Target{{"over", []Edit{edit}}}})
	if err != nil || proof.Rendered != RenderedFailed || proof.Findings[0].Code != CodeEntryUnused {
		t.Errorf("want failed with %s, got %+v, %v", CodeEntryUnused, proof, err)
	}
	pins, err := NewTree(fsys).Pins("over")
	if err != nil || len(pins) != 1 || pins[0].Line != 5 {
		t.Errorf("want the pin lost on line 5, got %+v, %v", pins, err)
	}
}

func TestProofNeedsADigest(t *testing.T) {
	fsys := tree("over/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: app\n  newTag: v1\n", "over/pod.yaml", pod("app"))
	proof, err := NewTree(fsys).Prove(Proposal{Targets: []Target{{"over", []Edit{{Name: "app", Tag: "v2"}}}}})
	if err != nil || proof.Rendered != RenderedFailed || proof.Findings[0].Code != CodePinLost {
		t.Errorf("want failed with %s, got %+v, %v", CodePinLost, proof, err)
	}
}

func TestPins(t *testing.T) {
	pinned := checkout + "@" + oldDigest
	for _, test := range []struct {
		name string
		tree []string
		want []string // CODE path:line
	}{
		{"base pins, overlay sets a tag", []string{
			"base/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: " + checkout + "\n  digest: " + oldDigest + "\n", "base/pod.yaml", pod(checkout),
			"over/kustomization.yaml", "resources: [../base]\nimages:\n- name: " + checkout + "\n  newTag: v1\n",
		}, []string{"PIN_LOST over/kustomization.yaml:3"}},
		{"manifest pins, overlay sets a tag", []string{"over/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: " + checkout + "\n  newTag: v1\n", "over/pod.yaml", pod(pinned)}, []string{"PIN_LOST over/kustomization.yaml:3"}},
		{"overlay pins again", []string{
			"base/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: " + checkout + "\n  newTag: v1\n", "base/pod.yaml", pod(pinned),
			"over/kustomization.yaml", "resources: [../base]\nimages:\n- name: " + checkout + "\n  newTag: v1\n  digest: " + oldDigest + "\n",
		}, nil},
		{"under its new name", []string{
			"base/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: app\n  newName: " + checkout + "\n  digest: " + oldDigest + "\n", "base/pod.yaml", pod("app:x"),
			"over/kustomization.yaml", "resources: [../base]\nimages:\n- name: app\n  newTag: v1\n- name: " + checkout + "\n  newTag: v1\n",
		}, []string{"PIN_LOST over/kustomization.yaml:5"}},
		{"component strips", []string{
			"over/kustomization.yaml", "resources: [pod.yaml]\ncomponents: [../extra]\n", "over/pod.yaml", pod(pinned),
			"extra/kustomization.yaml", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nimages:\n- name: " + checkout + "\n  newTag: v1\n",
		}, []string{"PIN_LOST extra/kustomization.yaml:4"}},
		{"rename keeps", []string{"over/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: " + checkout + "\n  newName: mirror/checkout\n", "over/pod.yaml", pod(pinned)}, nil},
		{"custom resource definition", []string{"over/kustomization.yaml", "resources: [crd.yaml]\nimages:\n- name: " + checkout + "\n  newTag: v1\n", "over/crd.yaml", strings.Replace(pod(pinned), "Deployment", "CustomResourceDefinition", 1)}, nil},
	} {
		findings, err := NewTree(tree(test.tree...)).Pins("over")
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		var got []string
		for _, f := range findings {
			got = append(got, strings.Join([]string{f.Code, position(f)}, " "))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func position(f Finding) string { return (&fault{path: f.Path, line: f.Line}).Error()[:len(f.Path)+2] }

func TestEntryName(t *testing.T) {
	tr := NewTree(tree(
		"a/kustomization.yaml", "resources: [pod.yaml]\n", "a/pod.yaml", pod("nginx:1", "app", checkout+":v1"),
		"b/kustomization.yaml", "resources: [../a]\nimages:\n- name: app\n  newName: ghcr.io/acme/cart\n",
	))
	for _, test := range []struct{ dir, repository, name, newName string }{
		{"a", checkout, checkout, ""},
		{"a", "docker.io/library/nginx", "nginx", ""},
		{"a", "ghcr.io/acme/cart", "app", "ghcr.io/acme/cart"},
		{"b", "ghcr.io/acme/cart", "ghcr.io/acme/cart", ""},
		{"b", "ghcr.io/acme/none", "ghcr.io/acme/none", ""},
	} {
		name, newName, err := tr.EntryName(test.dir, mustRepository(t, test.repository), []string{"app"})
		if err != nil || name != test.name || newName != test.newName {
			t.Errorf("%s in %s: want %q %q, got %q %q, %v", test.repository, test.dir, test.name, test.newName, name, newName, err)
		}
	}
}

func TestGraph(t *testing.T) {
	g, err := NewTree(tree(
		"a/over/kustomization.yaml", "resources: [../base, own.yaml]\ncomponents: [../extra]\npatches: [{path: p/x.yaml}]\nconfigMapGenerator: [{name: x, files: [k=f.txt], env: e.env}]\ncrds: [crd.yaml]\n",
		"a/over/own.yaml", pod("x"), "a/over/p/x.yaml", pod("x"), "a/over/f.txt", "{", "a/over/e.env", "A=B", "a/over/crd.yaml", "{}", "a/over/unused.yaml", "",
		"a/base/Kustomization", "resources: [.//sub/../pod.yaml]\n", "a/base/pod.yaml", pod("x"),
		"a/extra/kustomization.yml", "kind: Component\n",
	)).Graph("a/over")
	want := &Graph{
		Dir: "a/over", Dirs: []string{"a/base", "a/extra", "a/over"},
		Files: []string{
			"a/base/Kustomization", "a/base/pod.yaml", "a/extra/kustomization.yml", "a/over/crd.yaml", "a/over/e.env", "a/over/f.txt",
			"a/over/kustomization.yaml", "a/over/own.yaml", "a/over/p/x.yaml",
		},
	}
	if diff := cmp.Diff(want, g); diff != "" || err != nil {
		t.Errorf("graph (-want +got):\n%s%v", diff, err)
	}
}

// faulty fails to read every file until it is healed.
type faulty struct {
	fs.FS
	broken bool
}

var errStore = errors.New("the object store hiccups")

func (f *faulty) Open(name string) (fs.File, error) {
	if f.broken {
		return nil, errStore
	}
	return f.FS.Open(name)
}

func TestErrorsOfTheStoreAreNotRemembered(t *testing.T) {
	store := &faulty{tree("a/kustomization.yaml", "resources: [../b]\n", "b/kustomization.yaml", "namePrefix: x\n"), true}
	tr := NewTree(store)
	proposal := Proposal{Targets: []Target{{"a", nil}}}
	if _, err := tr.Prove(proposal); !errors.Is(err, errStore) {
		t.Errorf("want the store's error, got %v", err)
	}
	if _, err := tr.Graph("a"); !errors.Is(err, errStore) || codeOf(err) != "" {
		t.Errorf("want the store's error without a code, got %v", err)
	}
	store.broken = false
	if _, err := tr.Graph("a"); err != nil {
		t.Errorf("want it to heal, got %v", err)
	}
}

func TestProveConcurrently(t *testing.T) {
	fsys := tree("base/kustomization.yaml", "resources: [pod.yaml]\n", "base/pod.yaml", pod(checkout))
	for _, dir := range []string{"dev", "staging", "production"} {
		fsys[dir+"/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: [../base]\nnamespace: " + dir + "\nimages:\n- name: " + checkout + "\n  newTag: v1\n")}
	}
	tr := NewTree(fsys)
	edit := Edit{Name: checkout, Tag: "v2", Digest: digest.Of(nil)}
	var group sync.WaitGroup
	for range 4 {
		for _, dir := range []string{"dev", "staging", "production"} {
			group.Go(func() {
				o, err := tr.Open(dir)
				if err != nil {
					t.Error(err)
					return
				}
				result, err := Set(o.Path, o.Data, edit)
				if err != nil {
					t.Error(err)
					return
				}
				proof, err := tr.Prove(Proposal{Files: map[string][]byte{o.Path: result.Data}, Targets: []Target{{dir, []Edit{edit}}}, Others: []string{"dev", "staging", "production"}[:0]})
				if err != nil || proof.Rendered != RenderedProved {
					t.Errorf("%s: %+v, %v", dir, proof, err)
				}
			})
		}
	}
	group.Wait()
}
