package github_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v62/github"
)

// browse gives status and text of a page; a form posts its fields.
func (w *world) browse(path string, form url.Values, header ...string) (int, string) {
	w.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req := must(http.NewRequest(method, w.url+path, strings.NewReader(body)))(w)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp := must(http.DefaultClient.Do(req))(w)
	defer func() { w.check(resp.Body.Close()) }()
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		w.Error("the page has no content security policy")
	}
	return resp.StatusCode, string(must(io.ReadAll(resp.Body))(w))
}

func TestApproveAndMergeByHand(t *testing.T) {
	w := newWorld(t)
	w.protect()
	pr := w.propose("liftlock/production/shop", prod, lines("production", 41))
	w.succeed(pr.GetHead().GetSHA())
	at := "/acme/deploy/pull/1"
	as := func(user string) url.Values { return url.Values{"user": {user}} }
	for _, step := range []struct {
		path, user string
		status     int
		want       string
	}{
		{at + "/merge", "olga", 405, "Waiting on code owner review from acme/prod."},
		{at + "/approve", "rita", 200, "Waiting on code owner review from acme/prod."},
		{at + "/merge", "rita", 403, "Must have write rights"},
		{at + "/approve", "olga", 200, "Every rule is met."},
		{at + "/close", "owen", 200, "Closed"},
		{at + "/reopen", "owen", 200, "Every rule is met."},
		{at + "/dance", "olga", 404, "Not Found"},
		{at + "/approve", "nobody", 404, "does not exist"},
		{at + "/merge", "mallory", 200, "Merged as"},
	} {
		status, page := w.browse(step.path, as(step.user))
		if status != step.status || !strings.Contains(page, step.want) {
			t.Errorf("%s as %s: wanted %d %q, got %d", step.path, step.user, step.status, step.want, status)
		}
	}
	if _, page := w.browse("/", nil); !strings.Contains(page, "promote liftlock/production/shop") || !strings.Contains(page, "Merged") {
		t.Error("the list does not show the merged pull request")
	}
	merged := must(w.hub.PullRequests(deploy))(t)[0]
	if _, page := w.browse("/acme/deploy/commit/"+merged.MergeCommit, nil); !strings.Contains(page, "Verified") {
		t.Error("the merge commit's page does not say that it is verified")
	}
	if status, page := w.browse("/acme/deploy/blob/main/"+prod, nil); status != 200 || page != lines("production", 41) {
		t.Error("the file's page is not the file")
	}
	for _, path := range []string{"/acme/nothing", "/acme/deploy/pull/9", "/acme/deploy/pull/x", "/acme/deploy/commit/1234"} {
		if status, _ := w.browse(path, nil); status != 404 {
			t.Errorf("%s: wanted 404, got %d", path, status)
		}
	}
}

// A58: nothing in a body runs, and <details> stays.
func TestBodiesAreRenderedHarmlessly(t *testing.T) {
	w := newWorld(t)
	w.propose("work", dev, lines("dev", 41))
	body := "| a | b |\n|---|---|\n| 1 | 2 |\n\n<details><summary>Gates</summary>\n\n**bold**\n</details>\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1))\n"
	_, _, err := w.client(nil).PullRequests.Edit(context.Background(), "acme", "deploy", 1, &gogithub.PullRequest{Body: &body})
	w.check(err)
	w.check(w.hub.Comment("rita", deploy, 1, "<b onclick=x>hi</b>"))
	_, page := w.browse("/acme/deploy/pull/1", nil)
	for _, want := range []string{"<details><summary>Gates</summary>", "<strong>bold</strong>", "<td>1</td>", "<b>hi</b>", "dev line oxxx"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", "onerror", "onclick", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestOtherSitesCannotSendForms(t *testing.T) {
	w := newWorld(t)
	w.propose("work", dev, lines("dev", 41))
	status, _ := w.browse("/acme/deploy/pull/1/merge", url.Values{"user": {"olga"}}, "Origin", "http://evil.example")
	if status != 403 || must(w.hub.PullRequests(deploy))(t)[0].Merged {
		t.Errorf("another site's form was taken: %d", status)
	}
}

// TestWideTablesStayReadable: a gate table holds digests and addresses of any length. Neither it nor a narrow window may push a page's
// text out of sight, where no scroll bar reaches it.
func TestWideTablesStayReadable(t *testing.T) {
	w := newWorld(t)
	_, style := w.browse("/-/style.css", nil)
	for _, rule := range []string{
		`\.markdown table \{[^}]*overflow-x: auto`,
		`\.markdown details td:last-child \{[^}]*overflow-wrap: anywhere`,
		`max-width: 900px\) \{ \.columns[^{]*\{ grid-template-columns: minmax\(0, 1fr\)`,
	} {
		if !regexp.MustCompile(rule).MatchString(style) {
			t.Errorf("the style has no rule %s", rule)
		}
	}
}
