package forge

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestManifestIsGolden(t *testing.T) {
	path := filepath.Join("..", "..", "..", "app.yml")
	if *update {
		if err := os.WriteFile(path, manifest(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(manifest(), want) {
		t.Errorf("app.yml is not what permissions() and events() say; run go test ./internal/adapter/forge -update\n%s", manifest())
	}
}

func TestManifestIsAManifest(t *testing.T) {
	var m struct {
		Name, URL, Description string
		Public                 bool
		Hook                   struct {
			URL    string
			Active bool
		} `yaml:"hook_attributes"`
		Permissions map[string]string `yaml:"default_permissions"`
		Events      []string          `yaml:"default_events"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(manifest()))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if m.Name == "" || m.URL == "" || m.Hook.URL == "" || !m.Hook.Active || m.Public {
		t.Errorf("got %+v", m)
	}
	for _, dangerous := range []string{"administration", "workflows", "actions", "secrets"} {
		if level, ok := m.Permissions[dangerous]; ok {
			t.Errorf("asks for %s: %s", dangerous, level)
		}
	}
	if len(m.Permissions) != len(permissions()) || !slices.IsSorted(m.Events) {
		t.Errorf("got %+v", m)
	}
	for _, name := range m.Events {
		switch name {
		case "status", "deployment_status": // what they would say is read by later gates only; kept for installations made today
			continue
		}
		if kindOf(name) == "" {
			t.Errorf("event %q is asked for and not read", name)
		}
	}
}
