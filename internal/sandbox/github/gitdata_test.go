package github_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// updateRefs posts the mutation as the bot does and gives GitHub's error messages.
func (w *world) updateRefs(c *gogithub.Client, updates ...map[string]any) []string {
	w.Helper()
	repo, _, err := w.client(nil).Repositories.Get(context.Background(), "acme", "deploy")
	w.check(err)
	body := must(json.Marshal(map[string]any{
		"query":     "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }",
		"variables": map[string]any{"input": map[string]any{"repositoryId": repo.GetNodeID(), "refUpdates": updates, "clientMutationId": "m"}}}))(w)
	return w.graphQL(c, body)
}

func (w *world) graphQL(c *gogithub.Client, body []byte) []string {
	w.Helper()
	resp := must(c.Client().Post(w.url+"/api/graphql", "application/json", bytes.NewReader(body)))(w)
	defer func() { w.check(resp.Body.Close()) }()
	var out struct {
		Data struct {
			UpdateRefs *struct{ ClientMutationID string }
		}
		Message string
		Errors  []struct{ Type, Message string }
	}
	w.check(json.NewDecoder(resp.Body).Decode(&out))
	var messages []string
	for _, e := range out.Errors {
		messages = append(messages, strings.TrimSpace(e.Type+" "+e.Message))
	}
	if out.Message != "" {
		messages = append(messages, out.Message)
	}
	if len(messages) == 0 && (resp.StatusCode != http.StatusOK || out.Data.UpdateRefs == nil || out.Data.UpdateRefs.ClientMutationID != "m") {
		w.Fatalf("got %d and neither data nor errors", resp.StatusCode)
	}
	return messages
}

const zero = "0000000000000000000000000000000000000000"

func update(ref, before, after string, force bool) map[string]any {
	return map[string]any{"name": ref, "beforeOid": before, "afterOid": after, "force": force}
}

func TestUpdateRefs(t *testing.T) {
	w := newWorld(t)
	c := w.client(nil)
	first := w.commitBranch(c, "one", dev, lines("dev", 41)).GetSHA()
	second := w.commitBranch(c, "two", dev, lines("dev", 42)).GetSHA()
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	heads := func() string {
		return must(w.hub.BranchHead(deploy, "one"))(t) + " " + must(w.hub.BranchHead(deploy, "new"))(t)
	}
	for name, test := range map[string]struct {
		updates []map[string]any
		want    string
	}{
		"wrong beforeOid":       {[]map[string]any{update("refs/heads/one", second, second, true)}, "but expected"},
		"exists already":        {[]map[string]any{update("refs/heads/one", zero, second, true)}, "but expected"},
		"does not exist":        {[]map[string]any{update("refs/heads/new", main, second, true)}, "but expected"},
		"not fast-forward":      {[]map[string]any{update("refs/heads/one", first, second, false)}, "not a fast forward"},
		"unknown commit":        {[]map[string]any{update("refs/heads/one", first, strings.Repeat("1", 40), true)}, "is not a commit"},
		"unqualified":           {[]map[string]any{update("one", first, second, true)}, "fully qualified"},
		"pull request ref":      {[]map[string]any{update("refs/pull/1/head", zero, second, true)}, "fully qualified"},
		"bad name":              {[]map[string]any{update("refs/heads/a..b", zero, second, true)}, "fully qualified"},
		"all or none":           {[]map[string]any{update("refs/heads/new", zero, second, false), update("refs/heads/one", second, second, true)}, "but expected"},
		"deletion of nothing":   {[]map[string]any{update("refs/heads/new", zero, zero, true)}, "does not exist"},
		"beforeOid of deletion": {[]map[string]any{update("refs/heads/one", second, zero, false)}, "but expected"},
	} {
		t.Run(name, func(t *testing.T) {
			before := heads()
			got := w.updateRefs(c, test.updates...)
			if len(got) != 1 || !strings.Contains(got[0], test.want) {
				t.Errorf("wanted %q, got %q", test.want, got)
			}
			if heads() != before {
				t.Error("a refused mutation moved a ref")
			}
		})
	}
	if got := w.updateRefs(c, update("refs/heads/one", first, second, true), update("refs/heads/new", zero, main, false)); got != nil {
		t.Fatal(got)
	}
	if got := heads(); got != second+" "+main {
		t.Errorf("got heads %q", got)
	}
	if got := w.updateRefs(c, update("refs/heads/new", main, zero, false)); got != nil {
		t.Fatal(got)
	}
	if got := heads(); got != second+" " {
		t.Errorf("got heads %q", got)
	}
}

func TestGraphQLRefusals(t *testing.T) {
	w := newWorld(t)
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	if got := w.updateRefs(w.client(readOnly()), update("refs/heads/x", zero, main, false)); len(got) != 1 || got[0] != "FORBIDDEN Resource not accessible by integration" {
		t.Errorf("wanted FORBIDDEN, got %q", got)
	}
	for query, want := range map[string]string{
		`{"query":"mutation { mergePullRequest(input: {}) { clientMutationId } }"}`:                                                           "mergePullRequest",
		`{"query":"mutation { updateRefs(input: {repositoryId: \"x\", refUpdates: []}) { clientMutationId } }"}`:                              "NOT_FOUND",
		`{"query":"mutation { updateRefs(input: {refUpdates: []}) { clientMutationId } }"}`:                                                   "repositoryId",
		`{"query":"mutation { updateRefs(input: {repositoryId: \"x\", refUpdates: [{name: \"a\"}]}) { clientMutationId } }"}`:                 "afterOid",
		`{"query":"mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }","variables":{"input":{"extra":1}}}`: "input",
		`{`: "Problems parsing JSON",
	} {
		if got := w.graphQL(w.client(nil), []byte(query)); len(got) == 0 || !strings.Contains(got[0], want) {
			t.Errorf("%s: wanted %q, got %q", query, want, got)
		}
	}
	if got := w.graphQL(gogithub.NewClient(nil), []byte(`{}`)); len(got) != 1 || !strings.Contains(got[0], "authenticated") {
		t.Errorf("anonymous: got %q", got)
	}
}

// GitHub signs an App's commit only when authorship is left to it.
func TestCommitWithAnAuthorIsUnverified(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	base, _, err := c.Git.GetCommit(ctx, "acme", "deploy", main)
	w.check(err)
	someone := &gogithub.CommitAuthor{Name: gogithub.String("Olga"), Email: gogithub.String("olga@example.com"), Date: &gogithub.Timestamp{Time: time.Unix(1e9, 0)}}
	for name, test := range map[string]struct {
		client            *gogithub.Client
		author, committer *gogithub.CommitAuthor
		want              bool
	}{
		"App alone":      {c, nil, nil, true},
		"App, author":    {c, someone, nil, false},
		"App, committer": {c, nil, someone, false},
		"a person":       {w.userClient("olga"), nil, nil, false},
	} {
		made, _, err := test.client.Git.CreateCommit(ctx, "acme", "deploy", &gogithub.Commit{Message: gogithub.String("Message of " + name), Tree: base.Tree,
			Parents: []*gogithub.Commit{{SHA: &main}}, Author: test.author, Committer: test.committer}, nil)
		w.check(err)
		again, _, err := c.Git.GetCommit(ctx, "acme", "deploy", made.GetSHA())
		w.check(err)
		for _, v := range []*gogithub.SignatureVerification{made.Verification, again.Verification} {
			if v.GetVerified() != test.want || (v.GetReason() == "valid") != test.want {
				t.Errorf("%s: wanted verified %v, got %v %q", name, test.want, v.GetVerified(), v.GetReason())
			}
		}
		if again.GetMessage() != "Message of "+name {
			t.Errorf("got message %q", again.GetMessage())
		}
	}
}

func TestTreesThatGitHubDoesNotMake(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	entry := func(path, mode, sha, content string) *gogithub.TreeEntry {
		e := &gogithub.TreeEntry{Path: &path, Mode: &mode, Type: gogithub.String("blob")}
		if sha != "" {
			e.SHA = &sha
		}
		if content != "" {
			e.Content = &content
		}
		return e
	}
	for path, want := range map[string]string{"../x": "malformed", "/x": "malformed", "a/.git/x": "malformed", "a//b": "malformed", ".GIT/config": "malformed", "": "malformed"} {
		_, resp, err := c.Git.CreateTree(ctx, "acme", "deploy", main, []*gogithub.TreeEntry{entry(path, "100644", "", "x")})
		w.wantStatus(resp, err, 422, want)
	}
	_, resp, err := c.Git.CreateTree(ctx, "acme", "deploy", strings.Repeat("1", 40), []*gogithub.TreeEntry{entry("a", "100644", "", "x")})
	w.wantStatus(resp, err, 404, "base_tree")
	_, resp, err = c.Git.CreateTree(ctx, "acme", "deploy", main, []*gogithub.TreeEntry{entry("a", "100600", "", "x")})
	w.wantStatus(resp, err, 422, "tree.mode")
	_, resp, err = c.Git.CreateTree(ctx, "acme", "deploy", main, []*gogithub.TreeEntry{entry("a", "100644", main, "")})
	w.wantStatus(resp, err, 422, "not a valid blob")
	_, resp, err = c.Git.CreateTree(ctx, "acme", "deploy", main, nil)
	w.wantStatus(resp, err, 422, "Invalid tree info")
}

// A tree can hold links, executables and whole directories, and lose files: overlays in attacks do.
func TestTreeModesAndRemoval(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	main := must(w.hub.BranchHead(deploy, "main"))(t)
	overlays, _, err := c.Git.GetTree(ctx, "acme", "deploy", main+":overlays", false)
	if err != nil {
		t.Fatal(err)
	}
	str := gogithub.String
	blob, _, err := c.Git.CreateBlob(ctx, "acme", "deploy", &gogithub.Blob{Content: str("aGk="), Encoding: str("base64")})
	w.check(err)
	tree, _, err := c.Git.CreateTree(ctx, "acme", "deploy", main, []*gogithub.TreeEntry{
		{Path: str("link"), Mode: str("120000"), Type: str("blob"), Content: str("README.md")},
		{Path: str("run"), Mode: str("100755"), Type: str("blob"), SHA: blob.SHA},
		{Path: str("copy"), Mode: str("040000"), Type: str("tree"), SHA: overlays.SHA},
		{Path: str("README.md"), Mode: str("100644"), Type: str("blob")},
	})
	w.check(err)
	all, _, err := c.Git.GetTree(ctx, "acme", "deploy", tree.GetSHA(), true)
	w.check(err)
	got := map[string]string{}
	for _, e := range all.Entries {
		got[e.GetPath()] = e.GetMode()
	}
	for path, mode := range map[string]string{"link": "120000", "run": "100755", "copy/dev/kustomization.yaml": "100644", dev: "100644", "README.md": ""} {
		if got[path] != mode {
			t.Errorf("%s: wanted mode %q, got %q", path, mode, got[path])
		}
	}
	raw, _, err := c.Git.GetBlobRaw(ctx, "acme", "deploy", blob.GetSHA())
	w.check(err)
	if !strings.Contains(string(raw), "aGk=") {
		t.Errorf("got blob %q", raw)
	}
}

func TestRESTRefs(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	one := w.commitBranch(c, "one", dev, lines("dev", 41)).GetSHA()
	two := w.commitBranch(c, "two", dev, lines("dev", 42)).GetSHA()
	ref := func(name, sha string) *gogithub.Reference {
		return &gogithub.Reference{Ref: gogithub.String("refs/" + name), Object: &gogithub.GitObject{SHA: &sha}}
	}
	_, resp, err := c.Git.CreateRef(ctx, "acme", "deploy", ref("heads/one", two))
	w.wantStatus(resp, err, 422, "Reference already exists")
	_, resp, err = c.Git.CreateRef(ctx, "acme", "deploy", ref("heads/x", strings.Repeat("1", 40)))
	w.wantStatus(resp, err, 422, "Object does not exist")
	_, resp, err = c.Git.UpdateRef(ctx, "acme", "deploy", ref("heads/one", two), false)
	w.wantStatus(resp, err, 422, "not a fast forward")
	_, _, err = c.Git.UpdateRef(ctx, "acme", "deploy", ref("heads/one", two), true)
	w.check(err)
	_, resp, err = c.Git.UpdateRef(ctx, "acme", "deploy", ref("heads/none", one), true)
	w.wantStatus(resp, err, 422, "Reference does not exist")
	found, _, err := c.Git.ListMatchingRefs(ctx, "acme", "deploy", &gogithub.ReferenceListOptions{Ref: "heads/"})
	w.check(err)
	if len(found) != 3 {
		t.Errorf("wanted 3 branches, got %v", found)
	}
	_, err = c.Git.DeleteRef(ctx, "acme", "deploy", "heads/one")
	w.check(err)
	_, resp, err = c.Git.GetRef(ctx, "acme", "deploy", "heads/one")
	w.wantStatus(resp, err, 404, "Not Found")
	resp, err = c.Git.DeleteRef(ctx, "acme", "deploy", "heads/main")
	w.wantStatus(resp, err, 422, "default branch")
	w.protect()
	_, resp, err = c.Git.UpdateRef(ctx, "acme", "deploy", ref("heads/main", two), false)
	w.wantStatus(resp, err, 422, "Changes must be made through a pull request.")
	if got := w.updateRefs(c, map[string]any{"name": "refs/heads/main", "afterOid": two}); len(got) != 1 || !strings.Contains(got[0], "pull request") {
		t.Errorf("got %q", got)
	}
	if _, err := w.hub.Push(github.Push{User: "mallory", Repository: deploy, Branch: "main", Message: "x", Files: text("x", "y")}); err == nil {
		t.Error("a push to the protected branch went through")
	}
}
