package gitrepo

import (
	"fmt"
	"io/fs"
	"testing"
)

// large is a deployments repository of 4,000 files: 1,000 applications in four environments.
func large(b *testing.B) (*server, *Mirror, string) {
	b.Helper()
	s := newServer(b)
	files := map[string]string{}
	for app := range 1000 {
		for _, environment := range []string{"base", "dev", "staging", "production"} {
			files[fmt.Sprintf("apps/app-%03d/%s/kustomization.yaml", app, environment)] = fmt.Sprintf("images:\n- name: app-%d\n  newTag: v1.%d.0\n", app, len(environment))
		}
	}
	head := s.commit("main", files)
	m := s.open(b.TempDir())
	fetch(b, m, "refs/heads/main")
	return s, m, head
}

func BenchmarkFetchNothingNew(b *testing.B) {
	_, m, _ := large(b)
	b.ReportAllocs()
	for b.Loop() {
		fetch(b, m, "refs/heads/main")
	}
}

func BenchmarkFetchOneChange(b *testing.B) {
	s, m, _ := large(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		b.StopTimer()
		i++
		s.commit("main", map[string]string{"apps/app-001/dev/kustomization.yaml": fmt.Sprint(i)})
		b.StartTimer()
		fetch(b, m, "refs/heads/main")
	}
}

func BenchmarkWalkTree(b *testing.B) {
	_, m, head := large(b)
	for _, c := range []struct {
		name string
		read bool
	}{{"names", false}, {"contents", true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tree, err := m.Tree(head)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				err = fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() {
						return err
					}
					n++
					if c.read {
						_, err = fs.ReadFile(tree, path)
					}
					return err
				})
				if err != nil || n != 4000 {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkReadOneFile(b *testing.B) {
	_, m, head := large(b)
	b.ReportAllocs()
	for b.Loop() {
		tree, err := m.Tree(head)
		if err == nil {
			_, err = fs.ReadFile(tree, "apps/app-500/production/kustomization.yaml")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
