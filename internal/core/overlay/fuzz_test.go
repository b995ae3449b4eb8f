package overlay

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// FuzzSet: whatever is edited, kustomize's own parser sees exactly the intended change, only lines of the entry change, line ends stay,
// and applying twice is applying once.
func FuzzSet(f *testing.F) {
	files, err := filepath.Glob("testdata/set/*/original.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(readFile(f, file), "ghcr.io/acme/checkout", "v1.4.0", true)
		f.Add(readFile(f, file), "app", "1.10", false)
	}
	d := digest.Of([]byte("fuzz"))
	f.Fuzz(func(t *testing.T, data []byte, name, tag string, show bool) {
		edit := Edit{Name: name, Tag: tag, Digest: d, ShowTag: show}
		got, err := Set("kustomization.yaml", data, edit)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		again, err := Set("kustomization.yaml", got.Data, edit)
		if err != nil || !bytes.Equal(again.Data, got.Data) {
			t.Fatalf("applying twice is not applying once: %v\n%s\n%s", err, got.Data, again.Data)
		}
		if e := got.Entries[0]; e.Name != name || e.Digest != d || e.Err != nil {
			t.Fatalf("the entry is %+v", e)
		}
		checkLines(t, data, got.Data)
		checkKustomize(t, data, got.Data, name)
	})
}

// checkLines holds the edit to one run of at most six lines for an added list, fewer for an entry.
func checkLines(t *testing.T, before, after []byte) {
	t.Helper()
	a, b := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[0], b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if added, span := len(b)-len(a), len(a); added > 5 || added < -1 || span > maxSpan(before) {
		t.Fatalf("%d lines become %d:\n%s", len(a), len(b), cmp.Diff(string(before), string(after)))
	}
	if crlf := bytes.Count(after, []byte("\r\n")); crlf > 0 && bytes.Count(before, []byte("\r\n")) == 0 {
		t.Fatalf("a line end of another kind appeared in\n%s", after)
	}
}

// maxSpan is how far apart the lines of one entry may be: comments and blank lines can stand between them.
func maxSpan(data []byte) int {
	d, err := parse("", data)
	if err != nil {
		return 0
	}
	span := 1
	for _, r := range d.rows {
		span = max(span, lastLine(r.node)-r.node.Line+2)
	}
	return span
}

// checkKustomize compares with kustomize's own parser; it may not accept a file for an older kustomize at all.
func checkKustomize(t *testing.T, before, after []byte, name string) {
	t.Helper()
	var a, b types.Kustomization
	if errA, errB := a.Unmarshal(before), b.Unmarshal(after); errA != nil || errB != nil {
		if (errA == nil) != (errB == nil) {
			t.Fatalf("kustomize reads only one side: %v, %v", errA, errB)
		}
		return
	}
	others := func(images []types.Image) []types.Image {
		return slices.DeleteFunc(append([]types.Image{}, images...), func(i types.Image) bool { return i.Name == name })
	}
	if diff := cmp.Diff(others(append(a.Images, a.ImageTags...)), others(append(b.Images, b.ImageTags...))); diff != "" {
		t.Fatalf("another image changed:\n%s", diff)
	}
	a.Images, a.ImageTags, b.Images, b.ImageTags = nil, nil, nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("more than the images changed: %+v becomes %+v", a, b)
	}
}

// FuzzArgument: an argument that is accepted makes an edit that is accepted, on an empty list.
func FuzzArgument(f *testing.F) {
	for _, text := range []string{"app:v1", "app@sha256:" + digest.Of(nil).Hex(), "app=ghcr.io/acme/app:v1", "localhost:5000/a=*:v2", "=:@*", "app=b:*@*", "A::0", "1:2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseArgument(text)
		if err != nil {
			return
		}
		result, err := SetArguments("kustomization.yaml", []byte("images: []\n"), []Argument{a}, false)
		if a.keepTag || a.keepDigest {
			return // there is nothing to keep
		}
		if err != nil || !strings.Contains(string(result.Data), a.edit.Name) {
			t.Fatalf("%q: %v\n%s", text, err, result.Data)
		}
	})
}

// FuzzCheckPath: what is accepted is a path below the root on every system.
func FuzzCheckPath(f *testing.F) {
	for _, path := range []string{"a/b", ".", "..", "/a", `a\b`, ".git", "GIT~1", ".g\u200cit", "a/./b", "a "} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if CheckPath(path) != nil {
			return
		}
		folded := strings.ToLower(path)
		if !fs.ValidPath(path) || filepath.Clean(path) != path || slices.Contains(strings.Split(folded, "/"), ".git") || strings.Contains(path, "\\") {
			t.Fatalf("accepted %q", path)
		}
	})
}

// FuzzGraph: a kustomization that may be rendered refers to nothing with an address, and every file of its graph is in the tree.
func FuzzGraph(f *testing.F) {
	for _, text := range hostile("127.0.0.1:1") {
		f.Add([]byte(text), []byte("kind: Pod"))
	}
	f.Add([]byte("resources: [../b, x.yaml]\npatches: [{path: x.yaml}]\n"), []byte(pod("app")))
	f.Fuzz(func(t *testing.T, kustomization, manifest []byte) {
		fsys := tree("a/kustomization.yaml", string(kustomization), "a/x.yaml", string(manifest), "b/kustomization.yaml", "namePrefix: x\n", "c/x.yaml", "kind: Pod\n")
		tr := NewTree(fsys)
		g, err := tr.Graph("a")
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for _, name := range g.Files {
			if fsys[name] == nil || name == "c/x.yaml" {
				t.Fatalf("the graph has %q, which is not for it to read", name)
			}
		}
		if _, err := tr.Images("a"); err != nil {
			t.Fatal(err)
		}
	})
}
