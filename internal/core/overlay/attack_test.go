package overlay

import (
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// tree makes a file system from path, content pairs; a content of "->" is a symbolic link, of "@" a submodule.
func tree(pairs ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		file := &fstest.MapFile{Data: []byte(pairs[i+1])}
		switch pairs[i+1] {
		case "->":
			file.Mode = fs.ModeSymlink
		case "@":
			file.Mode = fs.ModeIrregular
		}
		out[pairs[i]] = file
	}
	return out
}

func TestOverlayPathThatLeavesTheTree(t *testing.T) { // A60
	fsys := tree("apps/kustomization.yaml", "resources: []\n", "kustomization.yaml", "resources: [apps]\n")
	for _, path := range []string{
		"", "/apps", "../apps", "apps/..", "apps/../apps", "./apps", "apps/", "apps//x", `apps\x`, ".git", "apps/.git/hooks", ".GIT", ".Git/x",
		"git~1", "GIT~23/x", ".git.", ".git ", ".git::$INDEX_ALLOCATION", ".git:x", ".g\u200cit", "\u200e.git", "apps\u200f", "\ufeffapps",
		"apps.", "apps ", "apps\x00", "apps\n", "apps\x7f", "apps\xff", strings.Repeat("a/", 600) + "a",
	} {
		if _, err := Open(fsys, path); codeOf(err) != CodeUnsafePath {
			t.Errorf("%q: want %s, got %v", path, CodeUnsafePath, err)
		} else if strings.ContainsAny(err.Error(), "\n\x00\x7f") {
			t.Errorf("%q: the message carries a control character: %q", path, err)
		}
	}
	for _, path := range []string{".", "apps"} {
		if _, err := Open(fsys, path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, path := range []string{"a b/c", "gitops", ".github/x", "x.git", "git~x", "..a/b", "Zürich"} {
		if err := CheckPath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestSymlinkOrSubmoduleOnTheWay(t *testing.T) { // A61
	for name, fsys := range map[string]fstest.MapFS{
		"the file":       tree("apps/shop/kustomization.yaml", "->"),
		"the directory":  tree("apps/shop", "->"),
		"a parent":       tree("apps", "->"),
		"a submodule":    tree("apps", "@"),
		"deep submodule": tree("apps/shop", "@"),
		"a device":       {"apps/shop/kustomization.yaml": {Mode: fs.ModeDevice}},
	} {
		if _, err := Open(fsys, "apps/shop"); codeOf(err) != CodeUnsafeEntry {
			t.Errorf("%s: want %s, got %v", name, CodeUnsafeEntry, err)
		}
	}
	for name, fsys := range map[string]fstest.MapFS{
		"manifest": tree("a/kustomization.yaml", "resources: [x.yaml]\n", "a/x.yaml", "->"),
		"base":     tree("a/kustomization.yaml", "resources: [../b]\n", "b", "->"),
		"base's":   tree("a/kustomization.yaml", "resources: [../b]\n", "b/kustomization.yaml", "->"),
		"env file": tree("a/kustomization.yaml", "configMapGenerator: [{name: x, envs: [x.env]}]\n", "a/x.env", "->"),
		"patch":    tree("a/kustomization.yaml", "patches: [{path: sub/x.yaml}]\n", "a/sub", "->"),
	} {
		if _, err := NewTree(fsys).Graph("a"); codeOf(err) != CodeUnsafeEntry {
			t.Errorf("%s: want %s, got %v", name, CodeUnsafeEntry, err)
		}
	}
}

func TestSeveralKustomizationFiles(t *testing.T) { // A62
	for _, names := range [][]string{
		{"kustomization.yaml", "kustomization.yml"}, {"kustomization.yaml", "Kustomization"}, {"kustomization.yaml", "Kustomization.yaml"},
		{"Kustomization", "kustomization"},
	} {
		_, err := Open(tree("a/"+names[0], "resources: []\n", "a/"+names[1], "resources: []\n"), "a")
		if codeOf(err) != CodeAmbiguousFile {
			t.Errorf("%v: want %s, got %v", names, CodeAmbiguousFile, err)
		}
	}
	for _, name := range []string{"Kustomization.yaml", "kustomization", "KUSTOMIZATION.YML"} {
		if _, err := Open(tree("a/"+name, "resources: []\n"), "a"); codeOf(err) != CodeMissing {
			t.Errorf("%s: kustomize does not read it; want %s, got %v", name, CodeMissing, err)
		}
	}
}

func TestAliasBombAndHugeFile(t *testing.T) { // A38
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	for name, data := range map[string]string{
		"alias bomb":    bomb,
		"20 MB":         "resources: []\n# " + strings.Repeat("x", 20<<20),
		"deep flow":     "resources: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"deeper flow":   "resources: " + strings.Repeat("[", 500_000),
		"deep mappings": deepMapping(3000),
		"many keys":     manyKeys(),
		"own anchor":    "resources: &a [*a]\n",
		"quotes":        "resources: \"" + strings.Repeat("\\x41", 250_000),
		"colons":        strings.Repeat("a: ", 300_000),
		"question":      strings.Repeat("? ", 500_000),
		"dashes":        strings.Repeat("- ", 500_000),
	} {
		for _, below := range []bool{false, true} {
			fsys := tree("a/kustomization.yaml", data)
			if below {
				fsys = tree("a/kustomization.yaml", "resources: [x.yaml]\n", "a/x.yaml", data)
			}
			if below && (name == "many keys") {
				continue // a long manifest is none of kustomize's business
			}
			_, err := NewTree(fsys).Graph("a") // without bounds most of these take minutes and all of the memory
			if code := codeOf(err); code != CodeMalformed && code != CodeRenderFailed {
				t.Errorf("%s (below: %v): want %s, got %v", name, below, CodeMalformed, err)
			} else if len(err.Error()) > 1000 {
				t.Errorf("%s: the message has %d bytes", name, len(err.Error()))
			}
		}
	}
}

func deepMapping(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
		if b.Len() > maxKustomization/2 {
			break
		}
	}
	return b.String()
}

func manyKeys() string {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func TestBasesThatMultiply(t *testing.T) {
	pairs := []string{}
	for i := range 30 {
		pairs = append(pairs, fmt.Sprintf("d%d/kustomization.yaml", i), fmt.Sprintf("resources: [../d%d, ../d%d, ../d%d]\n", i+1, i+1, i+1))
	}
	pairs = append(pairs, "d30/kustomization.yaml", "namePrefix: x\n")
	_, err := NewTree(tree(pairs...)).Graph("d0") // 3^30 walks without a memory
	if codeOf(err) != CodeMalformed {
		t.Errorf("want %s, got %v", CodeMalformed, err)
	}
}

func TestChainThatIsTooLong(t *testing.T) {
	pairs := []string{}
	for i := range 200 {
		pairs = append(pairs, fmt.Sprintf("d%d/kustomization.yaml", i), fmt.Sprintf("resources: [../d%d]\n", i+1))
	}
	pairs = append(pairs, "d200/kustomization.yaml", "namePrefix: x\n")
	tr := NewTree(tree(pairs...))
	for _, dir := range []string{"d0", "d150", "d0", "d168", "d160", "d167"} {
		_, err := tr.Graph(dir)
		if long := dir < "d168"; long != (codeOf(err) == CodeMalformed) {
			t.Errorf("%s: a long chain: %v, got %v", dir, long, err)
		}
	}
}

func TestCycles(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"itself":    tree("a/kustomization.yaml", "resources: [.]\n"),
		"its own":   tree("a/kustomization.yaml", "resources: [../a]\n"),
		"parent":    tree("a/kustomization.yaml", "resources: [..]\n", "kustomization.yaml", "resources: [a]\n"),
		"above":     tree("a/kustomization.yaml", "resources: [..]\n", "kustomization.yaml", "namePrefix: x\n"),
		"two":       tree("a/kustomization.yaml", "resources: [../b]\n", "b/kustomization.yaml", "resources: [../a]\n"),
		"component": tree("a/kustomization.yaml", "components: [../b]\n", "b/kustomization.yaml", "kind: Component\ncomponents: [../c]\n", "c/kustomization.yaml", "kind: Component\nresources: [../a]\n"),
	} {
		tr := NewTree(fsys)
		for range 2 {
			if _, err := tr.Graph("a"); codeOf(err) != CodeMalformed {
				t.Errorf("%s: want %s, got %v", name, CodeMalformed, err)
			}
		}
	}
}

// hostile lists kustomizations that kustomize would fetch for, execute for, or read outside for.
func hostile(address string) map[string]string {
	remote := map[string]string{
		"http":      "http://" + address + "/x.yaml",
		"https":     "HTTPS://" + address + "/x.yaml",
		"git":       "git::http://" + address + "/org/repo//base",
		"scp":       "git@" + strings.Replace(address, ":", "/", 1) + ":org/repo.git",
		"ssh":       "ssh://git@" + address + "/org/repo",
		"file":      "file:///etc",
		"github":    "github.com/org/repo//base?ref=v1",
		"GitHub":    "GitHub.com/org/repo",
		"user":      "user@host/org/repo/base",
		"opaque":    "http:" + address,
		"newline":   "git@host:org/repo\nx",
		"absolute":  "/etc/passwd",
		"above":     "../../../etc",
		"traversal": "x/../../../etc/passwd",
	}
	out := map[string]string{}
	for name, text := range remote {
		for _, key := range []string{"resources", "bases", "components", "crds", "configurations", "transformers", "generators", "validators", "patchesStrategicMerge"} {
			out[key+" "+name] = fmt.Sprintf("%s: [%q]\n", key, text)
		}
		out["patch "+name] = fmt.Sprintf("patches: [{path: %q}]\n", text)
		out["json patch "+name] = fmt.Sprintf("patchesJson6902: [{path: %q, target: {kind: Pod, name: x, version: v1}}]\n", text)
		out["replacement "+name] = fmt.Sprintf("replacements: [{path: %q}]\n", text)
		out["files "+name] = fmt.Sprintf("configMapGenerator: [{name: x, files: [%q]}]\n", "k="+text)
		out["envs "+name] = fmt.Sprintf("secretGenerator: [{name: x, envs: [%q]}]\n", text)
		out["env "+name] = fmt.Sprintf("secretGenerator: [{name: x, env: %q}]\n", text)
		out["openapi "+name] = fmt.Sprintf("openapi: {path: %q}\n", text)
		out["inline plugin "+name] = fmt.Sprintf("transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: %q\n", text)
		out["plugin with two kinds "+name] = fmt.Sprintf("transformers:\n- |\n  apiVersion: builtin\n  kind: LabelTransformer\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: %q\n", text)
		out["plugin behind an address "+name] = fmt.Sprintf("transformers: [%q]\n", text+"\napiVersion: builtin\nkind: LabelTransformer\n")
		out["plugin as address"+name] = "transformers:\n- |\n  github.com/org/repo/x: y\n  apiVersion: builtin\n  kind: LabelTransformer\n"
		out["chart "+name] = fmt.Sprintf("helmCharts: [{name: x, repo: %q}]\n", text)
		out["old chart "+name] = fmt.Sprintf("helmChartInflationGenerator: [{chartName: x, chartRepoUrl: %q}]\n", text)
	}
	out["executable"] = "transformers:\n- |\n  apiVersion: example.com/v1\n  kind: Run\n  metadata:\n    name: x\n    annotations:\n      config.kubernetes.io/function: |\n        exec: {path: ./evil.sh}\n"
	out["plugin file"] = "transformers: [plugin.yaml]\n"
	out["plugin directory"] = "transformers: [plugins]\n"
	out["file beside"] = "resources: [../other/pod.yaml]\n"
	out["generator beside"] = "configMapGenerator: [{name: x, files: [../other/pod.yaml]}]\n"
	return out
}

func TestRemoteAndExecutableIsNeverRun(t *testing.T) { // A66
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if c, err := listener.Accept(); err == nil {
			t.Errorf("somebody connected from %v", c.RemoteAddr())
			c.Close()
		}
	}()
	t.Setenv("PATH", "")
	d := digest.Of(nil)
	for name, text := range hostile(listener.Addr().String()) {
		fsys := tree(
			"a/b/base/kustomization.yaml", text, "a/b/base/evil.sh", "#!/bin/sh\n", "a/b/base/plugin.yaml", "apiVersion: example.com/v1\nkind: Run\n",
			"a/b/base/plugins/kustomization.yaml", "resources: []\n", "a/b/other/pod.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: x}\n",
			"a/b/over/kustomization.yaml", "resources: [../base]\nimages:\n- name: app\n  newTag: v1\n",
		)
		tr := NewTree(fsys)
		edit := Edit{Name: "app", Tag: "v2", Digest: d}
		after, err := Set("a/b/over/kustomization.yaml", fsys["a/b/over/kustomization.yaml"].Data, edit)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := tr.Prove(Proposal{
			Files: map[string][]byte{"a/b/over/kustomization.yaml": after.Data}, Targets: []Target{{Dir: "a/b/over", Edits: []Edit{edit}}}, Others: []string{"a/b/base"},
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rendered := slices.ContainsFunc(proof.Findings, func(f Finding) bool { return strings.Contains(f.Message, "building the overlay") })
		if proof.Rendered == RenderedProved || rendered {
			t.Errorf("%s: kustomize was called: %+v\n%s", name, proof, text)
		}
		if len(proof.Findings) == 0 || proof.Findings[0].Code != CodeRemote && proof.Rendered == RenderedEntries {
			t.Errorf("%s: want a finding %s, got %+v", name, CodeRemote, proof)
		}
	}
}

// TestRemoteThroughTheChangeItself: the edited file says more than intended; it must not reach kustomize on the "after" side.
func TestRemoteThroughTheChangeItself(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if c, err := listener.Accept(); err == nil {
			t.Errorf("somebody connected from %v", c.RemoteAddr())
			c.Close()
		}
	}()
	d := digest.Of(nil)
	edit := Edit{Name: "app", Tag: "v2", Digest: d}
	evil := fmt.Sprintf("resources: [\"http://%s/x.yaml\"]\n", listener.Addr())
	fsys := tree("base/kustomization.yaml", "namePrefix: x\n", "over/kustomization.yaml", "resources: [../base]\nimages:\n- name: app\n  newTag: v1\n")
	good, err := Set("", fsys["over/kustomization.yaml"].Data, edit)
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]map[string][]byte{
		"in the target":     {"over/kustomization.yaml": append([]byte(strings.TrimSuffix(evil, "\n")+"\n"), good.Data[len("resources: [../base]\n"):]...)},
		"in the base":       {"over/kustomization.yaml": good.Data, "base/kustomization.yaml": []byte(evil)},
		"beside the target": {"over/kustomization.yaml": good.Data, "over/other.yaml": []byte("kind: Pod\n")},
	} {
		proof, err := NewTree(fsys).Prove(Proposal{Files: files, Targets: []Target{{"over", []Edit{edit}}}, Others: []string{"base"}})
		if err != nil || proof.Rendered != RenderedFailed || proof.Findings[0].Code != CodeRenderDiffers {
			t.Errorf("%s: want failed with %s, got %+v, %v", name, CodeRenderDiffers, proof, err)
		}
	}
}
