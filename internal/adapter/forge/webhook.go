package forge

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Kind is what a webhook is about.
type Kind string

// The kinds. The zero Kind is a delivery that changes nothing here.
const (
	KindPush         Kind = "push"
	KindPullRequest  Kind = "pull_request"
	KindReview       Kind = "review"
	KindCheck        Kind = "check"        // somebody asked for a check to be run again
	KindMergeGroup   Kind = "merge_group"  // the required check must report on the group's head
	KindRules        Kind = "rules"        // branch rules changed
	KindInstallation Kind = "installation" // what the App is installed on changed: list everything again
	KindPackage      Kind = "package"      // an image may have been pushed
)

// Hint says where to look. Nothing in it is a fact: the delivery is signed by the forge, but its fields are written by anybody who may
// push or open a pull request, so whatever matters is read again.
type Hint struct {
	Kind         Kind
	Repository   string // owner/name; "" for KindInstallation and KindPackage
	Installation int64  // 0 where the delivery does not say
	Image        digest.Repository
}

// payload is what is read of any event: every field may be missing, and unknown ones are ignored.
type payload struct {
	Action     string `json:"action"`
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
	Installation struct {
		ID int64 `json:"id"`
	} `json:"installation"`
	Package         *packageEvent `json:"package"`
	RegistryPackage *packageEvent `json:"registry_package"`
}

// packageEvent has an own form because go-github v62 can read neither of the two events. Tag and digest are left out on purpose: tags
// in it are often wrong, and both can be chosen by whoever pushes.
type packageEvent struct {
	Name        string `json:"name"`
	Namespace   string `json:"namespace"`
	Ecosystem   string `json:"ecosystem"`
	PackageType string `json:"package_type"`
	Owner       struct {
		Login string `json:"login"`
	} `json:"owner"`
	Version struct {
		PackageURL string `json:"package_url"`
	} `json:"package_version"`
}

// ParseWebhook reads one delivery whose signature was checked; event is its X-GitHub-Event header. Events that nobody asked for give
// the zero Hint and no error. What cannot be read is an error, which quotes nothing of it.
func ParseWebhook(event string, body []byte) (Hint, error) {
	kind := kindOf(event)
	if kind == "" {
		return Hint{}, nil
	}
	if len(body) > maxWebhook {
		return Hint{}, fmt.Errorf("reading webhook: %d bytes, want at most %d", len(body), maxWebhook)
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return Hint{}, fmt.Errorf("reading webhook %q: want a JSON object as GitHub sends it (content type application/json)", event)
	}
	hint := Hint{Kind: kind, Installation: max(0, p.Installation.ID)}
	switch kind {
	case KindInstallation:
		return hint, nil
	case KindPackage:
		return packageHint(hint, p), nil
	case KindCheck:
		if p.Action != "rerequested" && p.Action != "requested_action" { // our own writes come back as created and completed
			return Hint{}, nil
		}
	}
	if !fullName.MatchString(p.Repository.FullName) {
		return Hint{}, fmt.Errorf("reading webhook %q: want repository.full_name, for example acme/deployments", event)
	}
	hint.Repository = p.Repository.FullName
	return hint, nil
}

// kindOf tells the events that are looked at. Comments are not among them: no comment changes anything here.
func kindOf(event string) Kind {
	switch event {
	case "push", "create", "delete", "repository":
		return KindPush
	case "pull_request":
		return KindPullRequest
	case "pull_request_review":
		return KindReview
	case "check_run", "check_suite":
		return KindCheck
	case "merge_group":
		return KindMergeGroup
	case "branch_protection_rule", "branch_protection_configuration", "repository_ruleset":
		return KindRules
	case "installation", "installation_repositories":
		return KindInstallation
	case "package", "registry_package":
		return KindPackage
	}
	return ""
}

// packageHint finds the image repository of a package event. Packages of other ecosystems give the zero Hint, and so does a name that
// is no image repository: there is nothing to look at.
func packageHint(hint Hint, p payload) Hint {
	e := p.Package
	if e == nil {
		e = p.RegistryPackage
	}
	if e == nil || !isContainer(e.Ecosystem) && !isContainer(e.PackageType) {
		return Hint{}
	}
	for _, name := range []string{e.Version.PackageURL, "ghcr.io/" + e.Namespace + "/" + e.Name, "ghcr.io/" + e.Owner.Login + "/" + e.Name} {
		if image, ok := imageOf(name); ok {
			hint.Image = image
			return hint
		}
	}
	return Hint{}
}

// isContainer knows the two names that GitHub has used.
func isContainer(s string) bool {
	s = strings.ToLower(s)
	return s == "container" || s == "docker"
}

// imageOf reads HOST/PATH[:TAG][@DIGEST]. Owners are shown in the case that people chose; image names are lower case.
func imageOf(name string) (digest.Repository, bool) {
	name, _, _ = strings.Cut(strings.ToLower(strings.TrimPrefix(name, "https://")), "@")
	host, rest, ok := strings.Cut(name, "/")
	if !ok || !strings.Contains(host, ".") || rest == "" {
		return digest.Repository{}, false
	}
	rest, _, _ = strings.Cut(rest, ":")
	image, err := digest.ParseRepository(host + "/" + rest)
	return image, err == nil
}
