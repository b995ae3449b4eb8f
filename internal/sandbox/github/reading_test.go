package github_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

func TestListsAreFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	for n := range 5 {
		w.propose(fmt.Sprintf("b%d", n), dev, changed(n, "x"))
	}
	w.check(w.hub.ClosePull("owen", deploy, 2))
	number := must(w.hub.HumanPullRequest(github.HumanPull{Fork: true, Title: "promote b0",
		Push: github.Push{User: "rita", Repository: deploy, Branch: "b0", Message: "imitate", Files: text(dev, "evil\n")}}))(t)
	count := func(o gogithub.PullRequestListOptions) string {
		t.Helper()
		numbers := []string{}
		for {
			list, resp, err := c.PullRequests.List(ctx, "acme", "deploy", &o)
			w.check(err)
			for _, pr := range list {
				numbers = append(numbers, fmt.Sprint(pr.GetNumber()))
			}
			if resp.NextPage == 0 {
				return strings.Join(numbers, " ")
			}
			o.Page = resp.NextPage
		}
	}
	two := gogithub.ListOptions{PerPage: 2}
	for want, o := range map[string]gogithub.PullRequestListOptions{
		"6 5 4 3 1":   {ListOptions: two},
		"2":           {State: "closed"},
		"6 5 4 3 2 1": {State: "all", ListOptions: two},
		"1 3 4 5 6":   {Direction: "asc", ListOptions: two},
		"1":           {Head: "acme:b0"},
		"6":           {Head: "rita:b0"},
		"":            {Base: "other"},
	} {
		if got := count(o); got != want {
			t.Errorf("%+v: wanted %q, got %q", o, want, got)
		}
	}
	// A75: a fork's pull request has the fork as head repository, whatever its title and branch say.
	pr, _, err := c.PullRequests.Get(ctx, "acme", "deploy", number)
	w.check(err)
	if pr.GetHead().GetRepo().GetFullName() != "rita/deploy" || pr.GetHead().GetLabel() != "rita:b0" || !pr.GetHead().GetRepo().GetFork() {
		t.Errorf("got head %+v", pr.GetHead())
	}
	files, _, err := c.PullRequests.ListFiles(ctx, "acme", "deploy", number, nil)
	w.check(err)
	if len(files) != 1 || files[0].GetFilename() != dev || files[0].GetAdditions() != 1 || files[0].GetDeletions() != 40 || !strings.HasPrefix(files[0].GetPatch(), "@@") {
		t.Errorf("got files %v", files)
	}
}

func TestReadingTheRepository(t *testing.T) {
	w := newWorld(t)
	w.protect()
	ctx, c := context.Background(), w.client(nil)
	branch, _, err := c.Repositories.GetBranch(ctx, "acme", "deploy", "main", 0)
	w.check(err)
	if !branch.GetProtected() || branch.GetCommit().GetSHA() != must(w.hub.BranchHead(deploy, "main"))(t) {
		t.Errorf("got branch %v", branch)
	}
	rules, _, err := c.Repositories.GetRulesForBranch(ctx, "acme", "deploy", "main")
	w.check(err)
	if len(rules) != 4 {
		t.Errorf("wanted deletion, non_fast_forward, pull_request, required_status_checks, got %d rules", len(rules))
	}
	if rules, _, err = c.Repositories.GetRulesForBranch(ctx, "acme", "deploy", "liftlock/x"); err != nil || len(rules) != 0 {
		t.Errorf("wanted no rules elsewhere, got %d, %v", len(rules), err)
	}
	sets, _, err := c.Repositories.GetAllRulesets(ctx, "acme", "deploy", false)
	w.check(err)
	set, _, err := c.Repositories.GetRuleset(ctx, "acme", "deploy", sets[0].GetID(), false)
	w.check(err)
	if set.Name != "main" || len(set.Rules) != 4 || set.Conditions.RefName.Include[0] != "refs/heads/main" {
		t.Errorf("got ruleset %+v", set)
	}
	owners, _, err := c.Repositories.GetCodeownersErrors(ctx, "acme", "deploy", nil)
	w.check(err)
	if len(owners.Errors) != 2 || owners.Errors[0].Line != 2 || owners.Errors[1].Line != 1 || owners.Errors[1].Kind != "Unknown owner" {
		t.Errorf("wanted line 2 broken and line 1's owner unknown, got %+v", owners.Errors)
	}
	for login, want := range map[string]string{"olga": "write", "rita": "read"} {
		level, _, err := c.Repositories.GetPermissionLevel(ctx, "acme", "deploy", login)
		w.check(err)
		if level.GetPermission() != want || level.GetUser().GetID() != w.users[login].ID {
			t.Errorf("%s: got %v", login, level)
		}
	}
	members, _, err := c.Teams.ListTeamMembersBySlug(ctx, "acme", "prod", nil)
	w.check(err)
	if len(members) != 2 {
		t.Errorf("got members %v", members)
	}
	file, _, _, err := c.Repositories.GetContents(ctx, "acme", "deploy", dev, nil)
	w.check(err)
	if content := must(file.GetContent())(t); content != lines("dev", 40) {
		t.Error("the content is not the file's")
	}
	_, dir, _, err := c.Repositories.GetContents(ctx, "acme", "deploy", "overlays", nil)
	w.check(err)
	if len(dir) != 2 {
		t.Errorf("got directory %v", dir)
	}
	commit, _, err := c.Repositories.GetCommit(ctx, "acme", "deploy", "main", nil)
	w.check(err)
	if commit.GetCommit().GetMessage() != "Initial commit" {
		t.Errorf("got commit %v", commit)
	}
}

func TestReadingAsTheApp(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.appClient()
	app, _, err := c.Apps.Get(ctx, "")
	w.check(err)
	if app.GetSlug() != "liftlock" || app.GetID() != w.app.ID {
		t.Errorf("got app %v", app)
	}
	list, _, err := c.Apps.ListInstallations(ctx, nil)
	w.check(err)
	one, _, err := c.Apps.GetInstallation(ctx, w.app.InstallationID)
	w.check(err)
	byRepo, _, err := c.Apps.FindRepositoryInstallation(ctx, "acme", "deploy")
	w.check(err)
	if len(list) != 1 || one.GetID() != list[0].GetID() || byRepo.GetID() != one.GetID() {
		t.Errorf("got installations %v %v %v", list, one, byRepo)
	}
	_, resp, err := c.Apps.FindRepositoryInstallation(ctx, "acme", "other")
	w.wantStatus(resp, err, 404, "Not Found")
	repos, _, err := w.client(nil).Apps.ListRepos(ctx, nil)
	w.check(err)
	if repos.GetTotalCount() != 2 {
		t.Errorf("got %d repositories", repos.GetTotalCount())
	}
	bot, _, err := w.client(nil).Users.Get(ctx, "liftlock[bot]")
	w.check(err)
	if bot.GetID() != w.app.BotID || bot.GetType() != "Bot" {
		t.Errorf("got bot %v", bot)
	}
	limits, _, err := w.client(nil).RateLimit.Get(ctx)
	w.check(err)
	if limits.Core.Limit != 5000 {
		t.Errorf("got limits %v", limits)
	}
	me, _, err := w.userClient("olga").Users.Get(ctx, "")
	w.check(err)
	if me.GetLogin() != "olga" {
		t.Errorf("got %v", me)
	}
	revoked := w.client(nil)
	if _, err := revoked.Apps.RevokeInstallationToken(ctx); err != nil {
		t.Fatal(err)
	}
	_, resp, err = revoked.Repositories.Get(ctx, "acme", "deploy")
	w.wantStatus(resp, err, 401, "Bad credentials")
	_, resp, err = c.Repositories.Get(ctx, "acme", "deploy")
	w.wantStatus(resp, err, 403, "installation access token")
}

func TestCheckRuns(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	head := must(w.hub.BranchHead(deploy, "main"))(t)
	_, resp, err := w.userClient("mallory").Checks.CreateCheckRun(ctx, "acme", "deploy", gogithub.CreateCheckRunOptions{Name: "liftlock", HeadSHA: head})
	w.wantStatus(resp, err, 403, "You must authenticate via a GitHub App.")
	for want, o := range map[string]gogithub.CreateCheckRunOptions{
		"No commit found":        {Name: "x", HeadSHA: strings.Repeat("1", 40)},
		"missing_field":          {HeadSHA: head},
		"conclusion":             {Name: "x", HeadSHA: head, Status: gogithub.String("completed")},
		"status":                 {Name: "x", HeadSHA: head, Status: gogithub.String("done")},
		"Only 65535 characters ": {Name: "x", HeadSHA: head, Output: &gogithub.CheckRunOutput{Title: gogithub.String("t"), Summary: gogithub.String(strings.Repeat("é", 65536))}},
	} {
		_, resp, err := c.Checks.CreateCheckRun(ctx, "acme", "deploy", o)
		w.wantStatus(resp, err, 422, want)
	}
	w.succeed(head)
	w.succeed(head)
	latest, _, err := c.Checks.ListCheckRunsForRef(ctx, "acme", "deploy", "main", &gogithub.ListCheckRunsOptions{CheckName: gogithub.String("liftlock"), AppID: &w.app.ID})
	w.check(err)
	all, _, err := c.Checks.ListCheckRunsForRef(ctx, "acme", "deploy", head, &gogithub.ListCheckRunsOptions{Filter: gogithub.String("all")})
	w.check(err)
	if latest.GetTotal() != 1 || all.GetTotal() != 2 || latest.CheckRuns[0].GetID() != all.CheckRuns[0].GetID() {
		t.Errorf("wanted the newest of two, got %d of %d", latest.GetTotal(), all.GetTotal())
	}
	run, _, err := c.Checks.GetCheckRun(ctx, "acme", "deploy", latest.CheckRuns[0].GetID())
	w.check(err)
	if run.GetConclusion() != "success" || run.GetOutput().GetTitle() != "May be promoted" || run.GetCompletedAt().IsZero() {
		t.Errorf("got run %v", run)
	}
	_, err = w.userClient("mallory").Checks.ReRequestCheckRun(ctx, "acme", "deploy", run.GetID())
	w.check(err)
	snapshot := must(w.hub.CheckRuns(deploy, head))(t)
	if len(snapshot) != 1 || snapshot[0].Title != "May be promoted" || snapshot[0].App != w.app.ID {
		t.Errorf("got snapshot %+v", snapshot)
	}
	combined, _, err := c.Repositories.GetCombinedStatus(ctx, "acme", "deploy", head, nil)
	w.check(err)
	if combined.GetState() != "pending" || combined.GetTotalCount() != 0 {
		t.Errorf("got status %v", combined)
	}
	// Another App may not touch the run.
	key := testKey(t)
	second := must(w.hub.InstallApp(github.AppOptions{Slug: "rival", Owner: "acme", Key: key, Permissions: map[string]string{"checks": "write"}}))(t)
	w.app = second
	_, resp, err = w.client(nil).Checks.UpdateCheckRun(ctx, "acme", "deploy", run.GetID(), gogithub.UpdateCheckRunOptions{Name: "liftlock"})
	w.wantStatus(resp, err, 403, "can only be modified by the GitHub App that created it")
}

func TestIssues(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	made, _, err := c.Issues.Create(ctx, "acme", "deploy", &gogithub.IssueRequest{Title: gogithub.String("no SBOM"), Body: gogithub.String("b"), Labels: &[]string{"liftlock"}})
	w.check(err)
	w.propose("liftlock/dev/shop", dev, lines("dev", 41))
	labels, _, err := c.Issues.AddLabelsToIssue(ctx, "acme", "deploy", 2, []string{"risk", "risk"})
	w.check(err)
	if len(labels) != 1 {
		t.Errorf("got labels %v", labels)
	}
	list, _, err := c.Issues.ListByRepo(ctx, "acme", "deploy", &gogithub.IssueListByRepoOptions{Labels: []string{"liftlock"}, Creator: "liftlock[bot]"})
	w.check(err)
	if len(list) != 1 || list[0].GetNumber() != made.GetNumber() || list[0].IsPullRequest() {
		t.Errorf("got issues %v", list)
	}
	_, _, err = c.Issues.CreateComment(ctx, "acme", "deploy", 2, &gogithub.IssueComment{Body: gogithub.String("hi")})
	w.check(err)
	_, resp, err := c.Issues.CreateComment(ctx, "acme", "deploy", 2, &gogithub.IssueComment{Body: gogithub.String(strings.Repeat("x", 65537))})
	w.wantStatus(resp, err, 422, "body is too long")
	comments, _, err := c.Issues.ListComments(ctx, "acme", "deploy", 2, nil)
	w.check(err)
	if len(comments) != 1 || comments[0].GetUser().GetLogin() != "liftlock[bot]" {
		t.Errorf("got comments %v", comments)
	}
	closed, _, err := c.Issues.Edit(ctx, "acme", "deploy", 1, &gogithub.IssueRequest{State: gogithub.String("closed")})
	w.check(err)
	again, _, err := c.Issues.Get(ctx, "acme", "deploy", 1)
	w.check(err)
	if closed.GetState() != "closed" || again.GetClosedBy().GetLogin() != "liftlock[bot]" {
		t.Errorf("got issue %v", again)
	}
	prs := must(w.hub.PullRequests(deploy))(t)
	if len(prs) != 1 || prs[0].Comments[0] != "hi" || prs[0].Labels[0] != "risk" || prs[0].Head != "liftlock/dev/shop" {
		t.Errorf("got snapshot %+v", prs)
	}
}

func TestFaultsAndUnknownPaths(t *testing.T) {
	w := newWorld(t)
	ctx, c := context.Background(), w.client(nil)
	_, resp, err := c.Organizations.Get(ctx, "acme")
	w.wantStatus(resp, err, 404, "Not Found")
	w.hub.SetFault(func(r *http.Request) *github.Fault {
		if strings.HasSuffix(r.URL.Path, "/pulls") {
			return &github.Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}}, Body: `{"message":"down"}`}
		}
		return nil
	})
	_, resp, err = c.PullRequests.List(ctx, "acme", "deploy", nil)
	w.wantStatus(resp, err, 503, "down")
	if resp.Header.Get("Retry-After") != "7" {
		t.Error("the fault's header is missing")
	}
	_, _, err = c.Repositories.Get(ctx, "acme", "deploy")
	w.check(err)
	w.hub.SetFault(nil)
	_, _, err = c.PullRequests.List(ctx, "acme", "deploy", nil)
	w.check(err)
}
