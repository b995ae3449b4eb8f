package github_test

import (
	"context"
	"testing"

	gogithub "github.com/google/go-github/v62/github"
)

func TestTheBotsWay(t *testing.T) {
	w := newWorld(t)
	w.protect()
	ctx, c := context.Background(), w.client(&gogithub.InstallationTokenOptions{Repositories: []string{"deploy"},
		Permissions: &gogithub.InstallationPermissions{Contents: gogithub.String("write"), PullRequests: gogithub.String("write"), Checks: gogithub.String("write")}})
	pr := w.propose("liftlock/production/shop", prod, lines("production", 41))
	if pr.GetUser().GetLogin() != "liftlock[bot]" || pr.GetMergeableState() != "blocked" || !pr.GetMergeable() {
		t.Errorf("got author %q, state %q", pr.GetUser().GetLogin(), pr.GetMergeableState())
	}
	if len(pr.RequestedTeams) != 1 || pr.RequestedTeams[0].GetSlug() != "prod" {
		t.Errorf("wanted acme/prod to be asked, got %v", pr.RequestedTeams)
	}
	w.succeed(pr.GetHead().GetSHA())
	w.check(w.hub.Approve("olga", deploy, pr.GetNumber()))
	result, _, err := c.PullRequests.Merge(ctx, "acme", "deploy", pr.GetNumber(), "", &gogithub.PullRequestOptions{SHA: pr.GetHead().GetSHA(), MergeMethod: "squash"})
	w.check(err)
	head := must(w.hub.BranchHead(deploy, "main"))(t)
	if head != result.GetSHA() {
		t.Errorf("main is at %s, merged as %s", head, result.GetSHA())
	}
	content, _, err := w.hub.File(deploy, "main", prod)
	w.check(err)
	if content != lines("production", 41) {
		t.Error("the merged file is not the proposed one")
	}
}
