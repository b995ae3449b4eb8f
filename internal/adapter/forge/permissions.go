package forge

import (
	"bytes"
	"fmt"

	"github.com/google/go-github/v62/github"
)

// permission is one permission that the App is registered with. Use says when a token carries it.
type permission struct {
	name, level string
	use         use
	reason      string
}

// use says which tokens carry a permission. A token that is stolen can do only what it carries.
type use int

const (
	always    use = iota // in every repository token
	ifGranted            // in every repository token of an installation that grants it
	apart                // in tokens of their own, which carry nothing else, for source repositories
	never                // needed by GitHub itself, to send events or to show something; no token ever carries it
)

// permissions is the whole of what the App may do, sorted by name. app.yml and the tokens come from it.
func permissions() []permission {
	return []permission{
		{"attestations", "read", apart, "evidence that a source repository's workflows left with GitHub, where the App is installed there"},
		{"checks", "write", always, "the check run liftlock on every pull request head: branch rules require it"},
		{"contents", "write", always, "read overlays and .liftlock/, commit promotions, append to the ledger, merge the fast lane"},
		{"deployments", "read", never, "deployment_status events: when something may have become healthy"},
		{"members", "read", ifGranted, "who belongs to a team that CODEOWNERS names; without it team reviews cannot be counted"},
		{"merge_queues", "read", never, "merge_group events: the check has to report on the head of the group"},
		{"metadata", "read", always, "names, default branch and branch rules; GitHub demands it of every App"},
		{"packages", "read", never, "package and registry_package events: when an image may have been pushed to ghcr.io"},
		{"pull_requests", "write", always, "open, rewrite, comment on and close proposals, read reviews"},
		{"statuses", "write", never, "GitHub offers an App as the pinned source of a required check only with it"},
	}
}

// event is one webhook that the App is registered for.
type event struct{ name, reason string }

// events are hints to look now. Installation events are sent to every App and cannot be listed.
func events() []event {
	return []event{
		{"branch_protection_rule", "the rules that make reviews binding changed"},
		{"check_run", "somebody asked for the check to be run again"},
		{"deployment_status", "something may have become healthy"},
		{"merge_group", "a merge queue waits for the check"},
		{"package", "an image may have been pushed to ghcr.io"},
		{"pull_request", "a proposal was opened, changed, closed or merged"},
		{"pull_request_review", "somebody approved or refused"},
		{"push", "overlays, .liftlock/ or CODEOWNERS changed"},
		{"registry_package", "as package; older servers send only this one"},
		{"repository_ruleset", "the rules that make reviews binding changed"},
		{"status", "a commit was found healthy, or not"},
	}
}

// needed is what every repository token carries. Members is asked for only where the installation grants it: without it the
// review gate cannot resolve teams, and says so, but everything else works.
func needed(granted *github.InstallationPermissions) *github.InstallationPermissions {
	p := &github.InstallationPermissions{
		Metadata:     github.String("read"),
		Contents:     github.String("write"),
		PullRequests: github.String("write"),
		Checks:       github.String("write"),
	}
	if granted.GetMembers() != "" {
		p.Members = github.String("read")
	}
	return p
}

// manifest renders app.yml: what GitHub asks when an App is registered, with the reason for each line.
func manifest() []byte {
	var b bytes.Buffer
	b.WriteString("# The GitHub App manifest of Liftlock. Generated; the reasons are why each line is needed, and nothing else is asked for.\n")
	b.WriteString("name: liftlock\n")
	b.WriteString("description: Promotes container images from one environment to the next by pull request, judged by evidence.\n")
	b.WriteString("url: https://github.com/liftlock/liftlock\n")
	b.WriteString("public: false\n")
	b.WriteString("hook_attributes:\n  # Replace the host with the one that runs `liftlock serve`.\n  url: https://liftlock.example.com/webhook\n  active: true\n")
	b.WriteString("default_permissions:\n")
	for _, p := range permissions() {
		fmt.Fprintf(&b, "  # %s%s.\n  %s: %s\n", p.reason, map[use]string{ifGranted: " (optional)", apart: " (optional)"}[p.use], p.name, p.level)
	}
	b.WriteString("default_events:\n")
	for _, e := range events() {
		fmt.Fprintf(&b, "  # %s.\n  - %s\n", e.reason, e.name)
	}
	return b.Bytes()
}
