package forge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/promotion"
)

// withGit lets the fake make commits, move branches, open pull requests and keep checks.
func (f *fake) withGit(branch *string) {
	f.answers("GET /repos/acme/deploy/commits/"+headA, 200, map[string]any{"sha": headA, "author": map[string]any{"id": 3, "login": "ada", "type": "User"},
		"commit": map[string]any{"tree": map[string]any{"sha": treeT}, "verification": map[string]any{"verified": false}}})
	f.answers("POST /repos/acme/deploy/git/trees", 201, map[string]any{"sha": treeU})
	f.answers("POST /repos/acme/deploy/git/commits", 201, map[string]any{"sha": headB, "tree": map[string]any{"sha": treeU},
		"verification": map[string]any{"verified": true}})
	f.on("POST /api/graphql", func(_ *http.Request, body []byte) (int, any) {
		var q graphQLRequest
		if err := json.Unmarshal(body, &q); err != nil {
			return 400, ""
		}
		update := q.Variables["input"].RefUpdates[0]
		if update.BeforeOID != *branch {
			return 200, map[string]any{"data": map[string]any{"updateRefs": nil},
				"errors": []any{map[string]any{"type": "UNPROCESSABLE", "message": "secret prose about " + *branch}}}
		}
		*branch = update.AfterOID
		return 200, map[string]any{"data": map[string]any{"updateRefs": map[string]any{"clientMutationId": nil}}}
	})
	f.on("GET /repos/acme/deploy/git/ref/heads/liftlock/dev/shop", func(*http.Request, []byte) (int, any) {
		if *branch == noObject {
			return 404, ""
		}
		return 200, map[string]any{"ref": "refs/heads/liftlock/dev/shop", "object": map[string]any{"sha": *branch}}
	})
	f.answers("POST /repos/acme/deploy/pulls", 201, map[string]any{"number": 12, "state": "open", "head": map[string]any{"sha": headB}})
	f.answers("POST /repos/acme/deploy/check-runs", 201, map[string]any{"id": 50})
	f.answers("PATCH /repos/acme/deploy/check-runs/50", 200, map[string]any{"id": 50})
	f.answers("GET /repos/acme/deploy/pulls", 200, []any{})
}

var edit = []promotion.FileEdit{{Path: "apps/shop/kustomization.yaml", Content: []byte("images:\n- name: a\n")}}

func TestNewProposalIsFiveWrites(t *testing.T) {
	f := newFake(t)
	branch := noObject
	f.withGit(&branch)
	r := f.repository()
	if _, err := r.OpenPullRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit, err := r.CreateCommit(t.Context(), promotion.Commit{ID: headA}, edit, "Promote shop\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := (promotion.Commit{ID: headB, Tree: treeU, Verified: true}); commit != want {
		t.Errorf("got %+v, want %+v", commit, want)
	}
	if err := r.MoveBranch(t.Context(), "liftlock/dev/shop", "", commit.ID); err != nil {
		t.Fatal(err)
	}
	pull, err := r.OpenPullRequest(t.Context(), promotion.NewPullRequest{Title: "T", Body: "B", HeadRef: "liftlock/dev/shop", BaseRef: "main"})
	if err != nil || pull.Number != 12 {
		t.Fatalf("got %+v, %v", pull, err)
	}
	check := promotion.CheckRun{Head: commit.ID, Status: "in_progress", Title: "waiting", Summary: "for review", ExternalID: "v1"}
	if err := r.PutCheck(t.Context(), check); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	total := len(f.requests) // looking for the installation and getting a token included
	bodies := map[string]string{}
	for _, q := range f.requests {
		bodies[strings.TrimPrefix(q.line, "POST /api/v3/repos/acme/deploy/")] = strings.TrimSpace(q.body)
	}
	f.mu.Unlock()
	if total > 9 {
		t.Errorf("%d requests", total)
	}
	lines := f.lines()
	writes := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, "GET ") })
	if len(writes) != 5 || len(lines) > 8 {
		t.Errorf("%d writes of %d requests: %v", len(writes), len(lines), lines)
	}
	if got, want := bodies["git/trees"], `{"base_tree":"`+treeT+`","tree":[{"path":"apps/shop/kustomization.yaml","mode":"100644","type":"blob","content":"images:\n- name: a\n"}]}`; got != want {
		t.Errorf("tree %s\nwant %s", got, want)
	}
	if got, want := bodies["git/commits"], `{"message":"Promote shop\n","tree":"`+treeU+`","parents":["`+headA+`"]}`; got != want {
		t.Errorf("commit %s\nwant   %s", got, want)
	}
}

func TestCommitOnAKnownParentReadsNothing(t *testing.T) {
	f := newFake(t)
	branch := noObject
	f.withGit(&branch)
	r := f.repository()
	for range 2 {
		if _, err := r.CreateCommit(t.Context(), promotion.Commit{ID: headA}, edit, "m"); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"GET /commits/" + headA + "?per_page=1", "POST /git/trees", "POST /git/commits", "POST /git/trees", "POST /git/commits"}
	if diff := cmp.Diff(want, f.lines()); diff != "" {
		t.Error(diff)
	}
}

func TestCommitOfAStranger(t *testing.T) {
	f := newFake(t)
	branch := noObject
	f.withGit(&branch)
	got, err := f.repository().Commit(t.Context(), headA)
	want := promotion.Commit{ID: headA, Tree: treeT, Author: promotion.User{ID: 3, Login: "ada"}}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestEditsThatNoTreeMayHold(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	text := []byte("x")
	for _, edits := range [][]promotion.FileEdit{
		nil,
		{{Path: "../x", Content: text}}, {{Path: "/etc/passwd", Content: text}}, {{Path: "a//b", Content: text}}, {{Path: "a/./b", Content: text}},
		{{Path: "", Content: text}}, {{Path: ".", Content: text}}, {{Path: "a/.GIT/config", Content: text}}, {{Path: `a\b`, Content: text}},
		{{Path: "a\nb", Content: text}}, {{Path: "a\xff", Content: text}}, {{Path: "..", Content: text}},
		{{Path: "a", Content: []byte{0xff, 0xfe}}},
		{{Path: "a", Content: text}, {Path: "a", Content: text}},
		{{Path: "a", Content: make([]byte, maxEditBytes+1)}},
	} {
		if _, err := r.CreateCommit(t.Context(), promotion.Commit{ID: headA}, edits, "m"); err == nil {
			t.Errorf("%.40v: no error", edits)
		}
	}
	if lines := f.lines(); len(lines) > 0 {
		t.Errorf("asked %v", lines)
	}
}

func TestMoveBranch(t *testing.T) {
	for _, c := range []struct {
		name, at, before, after, left string
		conflict                      bool
	}{
		{"create", noObject, "", headA, headA, false},
		{"move", headA, headA, headB, headB, false},
		{"delete", headA, headA, "", noObject, false},
		{"moved under us", headB, headA, treeT, headB, true},
		{"gone under us", noObject, headA, headB, noObject, true},
		{"created under us", headB, "", headA, headB, true},
		{"got through the last time", headB, headA, headB, headB, false},
		{"deleted the last time", noObject, headA, "", noObject, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			branch := c.at
			f.withGit(&branch)
			err := f.repository().MoveBranch(t.Context(), "liftlock/dev/shop", c.before, c.after)
			var e *Error
			if c.conflict != (errors.As(err, &e) && e.Conflict()) || !c.conflict && err != nil {
				t.Errorf("got %v", err)
			}
			if branch != c.left {
				t.Errorf("branch is at %s", branch)
			}
			if err != nil && strings.Contains(err.Error(), "prose") {
				t.Errorf("%q quotes the answer", err)
			}
			input := f.last("POST /api/graphql").body
			for _, want := range []string{`"repositoryId":"R_1"`, `"name":"refs/heads/liftlock/dev/shop"`, `"beforeOid":"` + orNone(c.before), `"afterOid":"` + orNone(c.after)} {
				if !strings.Contains(input, want) {
					t.Errorf("%s lacks %s", input, want)
				}
			}
		})
	}
}

func TestMoveBranchRefused(t *testing.T) {
	f := newFake(t)
	branch := headA
	f.withGit(&branch)
	r := f.repository()
	for _, kind := range []string{"FORBIDDEN", "UNPROCESSABLE"} { // by permission, by branch rules
		f.answers("POST /api/graphql", 200, map[string]any{"data": nil, "errors": []any{map[string]any{"type": kind}}})
		err := r.MoveBranch(t.Context(), "liftlock/dev/shop", headA, headB)
		var e *Error
		if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &e) || e.Conflict() {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	f.answers("POST /api/graphql", 200, map[string]any{"errors": []any{map[string]any{"type": "RATE_LIMITED"}}})
	wantRetry(t, r.MoveBranch(t.Context(), "liftlock/dev/shop", headA, headB), pauseLimited)
	f.answers("POST /api/graphql", 200, "{}") // neither data nor errors: not a success
	if err := r.MoveBranch(t.Context(), "liftlock/dev/shop", headA, headB); err == nil {
		t.Error("an empty answer counts as moved")
	}
	for _, name := range []string{"", "a..b", "-x", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", `a\b`, "a@{1}", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.", "@", "a\x01"} {
		if err := r.MoveBranch(t.Context(), name, headA, headB); err == nil {
			t.Errorf("%q is taken for a branch", name)
		}
	}
	for _, pair := range [][2]string{{"", ""}, {headA, headA}, {"main", headB}, {headA, "HEAD"}, {headA, strings.ToUpper(headB)}} {
		if err := r.MoveBranch(t.Context(), "x", pair[0], pair[1]); err == nil {
			t.Errorf("%v is taken", pair)
		}
	}
}

func TestMergeExpectsTheHead(t *testing.T) { // A89
	f := newFake(t)
	r := f.repository()
	f.on("PUT /repos/acme/deploy/pulls/12/merge", func(_ *http.Request, body []byte) (int, any) {
		if !strings.Contains(string(body), `"sha":"`+headB+`"`) {
			return 409, map[string]string{"message": "Head branch was modified. Review and try the merge again."}
		}
		return 200, map[string]any{"merged": true, "sha": treeU}
	})
	if commit, err := r.Merge(t.Context(), 12, headB, "Title", "Body"); err != nil || commit != treeU {
		t.Errorf("got %q, %v", commit, err)
	}
	if got, want := strings.TrimSpace(f.last("PUT ").body), `{"commit_message":"Body","commit_title":"Title","merge_method":"merge","sha":"`+headB+`"}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	var e *Error
	if _, err := r.Merge(t.Context(), 12, headA, "", ""); !errors.As(err, &e) || !e.Conflict() {
		t.Errorf("moved head: got %v, want a conflict", err)
	}
	f.lines()
	if _, err := r.Merge(t.Context(), 12, "", "", ""); err == nil || len(f.lines()) > 0 {
		t.Errorf("no expected head: got %v, want a refusal before anything is sent", err)
	}
	f.answers("PUT /repos/acme/deploy/pulls/12/merge", 405, "")
	_, err := r.Merge(t.Context(), 12, headB, "", "")
	wantRetry(t, err, pauseBlocked)
	f.answers("PUT /repos/acme/deploy/pulls/12/merge", 200, map[string]any{"merged": false})
	if _, err := r.Merge(t.Context(), 12, headB, "", ""); err == nil {
		t.Error("an answer that says nothing counts as merged")
	}
}

func TestClosingSaysWhyFirst(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	f.answers("POST /repos/acme/deploy/issues/12/comments", 201, map[string]any{"id": 1})
	f.answers("PATCH /repos/acme/deploy/pulls/12", 200, map[string]any{"number": 12})
	if err := r.ClosePullRequest(t.Context(), 12, "superseded"); err != nil {
		t.Fatal(err)
	}
	if err := r.ClosePullRequest(t.Context(), 12, ""); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /issues/12/comments", "PATCH /pulls/12", "PATCH /pulls/12"}
	if diff := cmp.Diff(want, f.lines()); diff != "" {
		t.Error(diff)
	}
	f.answers("POST /repos/acme/deploy/issues/12/comments", 500, "")
	if err := r.ClosePullRequest(t.Context(), 12, "why"); err == nil || len(f.lines()) != 1 {
		t.Errorf("got %v, want it left open without its reason", err)
	}
}

func TestTextsBeyondTheForgesLimit(t *testing.T) {
	f := newFake(t)
	r := f.repository()
	long := strings.Repeat("é", maxBody+1)
	if err := r.EditPullRequest(t.Context(), 1, "t", long); err == nil {
		t.Error("body")
	}
	if _, err := r.OpenPullRequest(t.Context(), promotion.NewPullRequest{Body: long}); err == nil {
		t.Error("new body")
	}
	if err := r.ClosePullRequest(t.Context(), 1, long); err == nil {
		t.Error("comment")
	}
	if err := r.PutCheck(t.Context(), promotion.CheckRun{Head: headA, Status: "in_progress", Summary: long}); err == nil {
		t.Error("summary")
	}
	if lines := f.lines(); len(lines) > 0 {
		t.Errorf("asked %v", lines)
	}
}

func TestPutCheck(t *testing.T) {
	f := newFake(t)
	branch := noObject
	f.withGit(&branch)
	running := promotion.CheckRun{Head: headA, Status: "in_progress", Title: "t", Summary: "s", ExternalID: "v1"}
	passed := promotion.CheckRun{Head: headA, Status: "completed", Conclusion: "success", Title: "t", Summary: "s", ExternalID: "v2"}
	found := []any{}
	f.on("GET /repos/acme/deploy/commits/"+headA+"/check-runs", func(*http.Request, []byte) (int, any) {
		return 200, map[string]any{"total_count": len(found), "check_runs": found}
	})
	list := "GET /commits/" + headA + "/check-runs?app_id=99&check_name=liftlock&filter=latest"
	put := func(r *Repository, c promotion.CheckRun, want ...string) {
		t.Helper()
		if err := r.PutCheck(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, f.lines(), cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Error(diff)
		}
	}
	r := f.repository()
	put(r, running, list, "POST /check-runs")
	put(r, running)
	put(r, passed, "PATCH /check-runs/50")
	put(r, passed)
	put(r, running, "POST /check-runs") // a completed run is not reopened

	run := func(id int, app int64, name string, c promotion.CheckRun) map[string]any {
		return map[string]any{"id": id, "name": name, "head_sha": c.Head, "status": c.Status, "conclusion": c.Conclusion, "external_id": c.ExternalID,
			"app": map[string]any{"id": app}, "output": map[string]any{"title": c.Title, "summary": c.Summary}}
	}
	found = []any{run(50, 99, "liftlock", passed), run(49, 99, "liftlock", running), run(60, 5, "liftlock", running), run(61, 99, "other", running)}
	put(f.repository(), passed, list) // after a restart: as it should be, so nothing is written
	failed := passed
	failed.Conclusion = "failure"
	put(f.repository(), failed, list, "PATCH /check-runs/50")

	f.answers("POST /repos/acme/deploy/check-runs", 502, "")
	other := f.repository()
	if err := other.PutCheck(t.Context(), running); err == nil {
		t.Fatal("no error")
	}
	f.lines()
	f.answers("POST /repos/acme/deploy/check-runs", 201, map[string]any{"id": 51})
	put(other, running, list, "POST /check-runs") // what became of the failed write is not known

	fresh := running
	fresh.Head = headB
	f.answers("GET /repos/acme/deploy/commits/"+headB+"/check-runs", 200, map[string]any{"check_runs": []any{run(70, 99, "liftlock", fresh)}})
	commit, err := other.CreateCommit(t.Context(), promotion.Commit{ID: headA}, edit, "m")
	if err != nil || commit.ID != headB {
		t.Fatalf("got %+v, %v", commit, err)
	}
	f.answers("POST /repos/acme/deploy/check-runs", 502, "")
	if err := other.PutCheck(t.Context(), fresh); err == nil {
		t.Fatal("no error")
	}
	f.lines()
	put(other, fresh, strings.ReplaceAll(list, headA, headB)) // it had got through
}

func TestChecksThatWouldPassAreNeverWritten(t *testing.T) { // A80
	f := newFake(t)
	r := f.repository()
	for _, c := range []promotion.CheckRun{
		{Head: headA, Status: "completed", Conclusion: "neutral"}, {Head: headA, Status: "completed", Conclusion: "skipped"},
		{Head: headA, Status: "completed"}, {Head: headA, Status: "in_progress", Conclusion: "success"}, {Head: headA}, {Head: "main", Status: "in_progress"},
	} {
		if err := r.PutCheck(t.Context(), c); err == nil {
			t.Errorf("%+v is written", c)
		}
	}
	if lines := f.lines(); len(lines) > 0 {
		t.Errorf("asked %v", lines)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	memory := map[string]int{}
	for i := range 3 * maxRemembered {
		remember(memory, fmt.Sprint(i), i)
		if len(memory) > maxRemembered {
			t.Fatalf("%d entries", len(memory))
		}
	}
	if memory[fmt.Sprint(3*maxRemembered-1)] == 0 {
		t.Error("the newest is forgotten")
	}
}
