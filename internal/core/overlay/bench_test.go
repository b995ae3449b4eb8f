package overlay

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// thousand is a repository of 1,000 overlays on 300 bases, 2,600 files.
func thousand() (fstest.MapFS, []string) {
	fsys := fstest.MapFS{}
	put := func(name, text string) { fsys[name] = &fstest.MapFile{Data: []byte(text)} }
	var dirs []string
	for i := range 300 {
		app := fmt.Sprintf("apps/app%03d/", i)
		put(app+"base/kustomization.yaml", "resources:\n- pod.yaml\n- service.yaml\n")
		put(app+"base/pod.yaml", pod(fmt.Sprintf("ghcr.io/acme/app%03d:v1", i), "docker.io/library/busybox:1.36"))
		put(app+"base/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec:\n  ports: [{port: 80}]\n")
	}
	for i := range 1000 {
		dir := fmt.Sprintf("apps/app%03d/overlays/env%d", i%300, i/300)
		put(dir+"/kustomization.yaml", fmt.Sprintf(
			"resources:\n- ../../base\nnamespace: env%d\npatches:\n- path: replicas.yaml\nimages:\n- name: ghcr.io/acme/app%03d\n  newTag: v1.%d.0\n  digest: %s\n", i/300, i%300, i, digest.Of(nil)))
		put(dir+"/replicas.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {replicas: 3}\n")
		dirs = append(dirs, dir)
	}
	return fsys, dirs
}

// BenchmarkReadThousand reads entries, graph, images and lost pins of 1,000 overlays from a cold tree.
func BenchmarkReadThousand(b *testing.B) {
	fsys, dirs := thousand()
	b.ReportAllocs()
	for b.Loop() {
		tr := NewTree(fsys)
		for _, dir := range dirs {
			if _, err := tr.Open(dir); err != nil {
				b.Fatal(err)
			}
			if _, err := tr.Graph(dir); err != nil {
				b.Fatal(err)
			}
			if findings, err := tr.Pins(dir); err != nil || len(findings) > 0 {
				b.Fatal(findings, err)
			}
		}
	}
}

// BenchmarkProve edits and proves one overlay of a warm tree: two renderings.
func BenchmarkProve(b *testing.B) {
	fsys, dirs := thousand()
	tr := NewTree(fsys)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		dir := dirs[i%len(dirs)]
		edit := Edit{Name: fmt.Sprintf("ghcr.io/acme/app%03d", i%len(dirs)%300), Tag: "v2", Digest: digest.Of([]byte("new"))}
		i++
		o, err := tr.Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		result, err := Set(o.Path, o.Data, edit)
		if err != nil {
			b.Fatal(err)
		}
		proof, err := tr.Prove(Proposal{Files: map[string][]byte{o.Path: result.Data}, Targets: []Target{{dir, []Edit{edit}}}, Others: dirs})
		if err != nil || proof.Rendered != RenderedProved {
			b.Fatal(proof, err)
		}
	}
}

// BenchmarkSet edits one file.
func BenchmarkSet(b *testing.B) {
	fsys, dirs := thousand()
	data := fsys[dirs[0]+"/kustomization.yaml"].Data
	edit := Edit{Name: "ghcr.io/acme/app000", Tag: "v2", Digest: digest.Of([]byte("new"))}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Set("kustomization.yaml", data, edit); err != nil {
			b.Fatal(err)
		}
	}
}
