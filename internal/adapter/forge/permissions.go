package forge

import "github.com/google/go-github/v62/github"

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
