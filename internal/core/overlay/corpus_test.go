package overlay

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// bump is what a real commit did to kustomization files.
type bump struct {
	Files []struct {
		Path, Before, After string
		Only                bool `json:"value_only_change"`
		Changes             []struct{ Name, Field, Old, New string }
	}
}

func corpus(t testing.TB) string {
	dir := os.Getenv("LIFTLOCK_CORPUS")
	if dir == "" {
		t.Skip("LIFTLOCK_CORPUS is not set")
	}
	return filepath.Join(dir, "kustomize")
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRealBumpsComeOutByteForByte(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "bumps", "*", "*", "meta.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no bumps found: %v", err)
	}
	exact, total, forms := 0, 0, map[Form]int{}
	for _, file := range files {
		var b bump
		text := bytes.ReplaceAll(readFile(t, file), []byte(`"image_changes"`), []byte(`"Changes"`))
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, f := range b.Files {
			if !f.Only {
				continue
			}
			total++
			before := readFile(t, filepath.Join(filepath.Dir(file), f.Before))
			after := readFile(t, filepath.Join(filepath.Dir(file), f.After))
			edits := map[string]*Edit{}
			var order []string
			for _, c := range f.Changes {
				if edits[c.Name] == nil {
					edits[c.Name] = editAsIs(t, f.Path, before, c.Name)
					order = append(order, c.Name)
				}
				fillField(t, edits[c.Name], c.Field, c.New)
			}
			var list []Edit
			for _, name := range order {
				list = append(list, *edits[name])
			}
			got, err := Set(f.Path, before, list...)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if !bytes.Equal(got.Data, after) {
				t.Errorf("%s %s (-want +got):\n%s", file, f.Path, cmp.Diff(string(after), string(got.Data)))
				continue
			}
			again, err := Set(f.Path, got.Data, list...)
			if err != nil || !bytes.Equal(again.Data, got.Data) {
				t.Errorf("%s: applying twice is not applying once: %v", file, err)
			}
			for _, e := range got.Entries {
				forms[e.Form]++
			}
			exact++
		}
	}
	t.Logf("%d of %d value-only changes byte for byte; entries by form: %v", exact, total, forms)
	if total != 103 {
		t.Errorf("found %d value-only changes, want the corpus's 103", total)
	}
}

// editAsIs returns the edit that changes nothing.
func editAsIs(t *testing.T, path string, data []byte, name string) *Edit {
	t.Helper()
	d, err := parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	e := d.rows[d.index(name)]
	return &Edit{Name: name, Tag: e.Tag, Digest: e.Digest}
}

// fillField puts one changed field into an edit, whatever it keeps inside.
func fillField(t *testing.T, e *Edit, key, value string) {
	t.Helper()
	name, tag, hash := "", "", ""
	switch key {
	case "newName":
		name, tag, hash = split(value)
		e.NewName = name
	case "newTag":
		_, tag, hash = split("x:" + value)
	case "digest":
		hash = value
	}
	if tag != "" {
		e.Tag = tag
	}
	if hash != "" {
		d, err := digest.Parse(hash)
		if err != nil {
			t.Fatal(err)
		}
		e.Digest = d
	}
}
