package github

import (
	"fmt"
	"maps"
	"slices"
)

// send queues an event for every App that reaches the repository and listens to it.
func (s *Server) send(r *repository, who caller, event, action string, fields object) {
	for _, inst := range s.installations {
		if !s.reaches(inst, r) || !slices.Contains(inst.app.events, event) {
			continue
		}
		payload := object{"repository": s.repositoryJSON(r), "sender": s.accountJSON(who.account),
			"installation": object{"id": inst.ID, "node_id": nodeID("Installation", inst.ID)}}
		if action != "" {
			payload["action"] = action
		}
		if r.Owner.Type == typeOrganisation {
			payload["organization"] = s.organisationJSON(r.Owner)
		}
		maps.Copy(payload, fields)
		s.enqueue(inst, event, action, r.ID, payload)
	}
}

func (s *Server) organisationJSON(a *account) object {
	u := s.api("/orgs/" + a.Login)
	return object{"login": a.Login, "id": a.ID, "node_id": nodeID("Organization", a.ID), "url": u, "repos_url": u + "/repos", "events_url": u + "/events",
		"hooks_url": u + "/hooks", "issues_url": u + "/issues", "members_url": u + "/members{/member}", "public_members_url": u + "/public_members{/member}",
		"avatar_url": s.html("/avatars/" + a.Login), "description": nil}
}

// sendIssue sends the event of a pull request or of an issue, whichever it is.
func (s *Server) sendIssue(r *repository, who caller, i *issue, action string, more object) {
	if i.pull != nil {
		s.sendPull(r, who, i, action, more)
		return
	}
	fields := object{"issue": s.issueJSON(r, i)}
	maps.Copy(fields, more)
	s.send(r, who, "issues", action, fields)
}

// sendPull sends the long form of a pull request, as GitHub does.
func (s *Server) sendPull(r *repository, who caller, i *issue, action string, more object) {
	o, err := s.fullPullJSON(r, i)
	if err != nil {
		// The event matters more than its counts: receivers must read the truth from the API anyway.
		o = s.pullJSON(r, i)
	}
	fields := object{"number": i.Number, "pull_request": o}
	maps.Copy(fields, more)
	s.send(r, who, "pull_request", action, fields)
}

// sendReview sends a review with the short form of its pull request, as GitHub does.
func (s *Server) sendReview(r *repository, who caller, i *issue, v *review, action string) {
	o := s.reviewJSON(r, i, v)
	// Webhooks write the state in lower case, REST in upper case.
	o["state"] = map[reviewState]string{reviewApproved: "approved", reviewChanges: "changes_requested", reviewCommented: "commented",
		reviewDismissed: "dismissed"}[v.State]
	s.send(r, who, "pull_request_review", action, object{"review": o, "pull_request": s.pullJSON(r, i)})
}

// sendCheck tells the App that made the run; GitHub sends "rerequested" to nobody else.
func (s *Server) sendCheck(r *repository, who caller, k *checkRun, action string) {
	o := s.checkJSON(r, k)
	o["check_suite"] = object{"id": k.suite.ID, "node_id": nodeID("CheckSuite", k.suite.ID), "head_branch": s.branchOf(r, k.suite.head), "head_sha": k.suite.head,
		"status": k.status, "conclusion": emptyAsNull(k.conclusion), "url": s.repoAPI(r, fmt.Sprintf("/check-suites/%d", k.suite.ID)), "before": nil,
		"after": k.suite.head, "pull_requests": s.checkPulls(r, k.suite.head), "app": s.appJSON(k.suite.app), "created_at": stamp(k.suite.at),
		"updated_at": stamp(s.now())}
	fields := object{"check_run": o}
	if action != "rerequested" {
		s.send(r, who, "check_run", action, fields)
		return
	}
	for _, inst := range s.installations {
		if inst.app == k.suite.app && s.reaches(inst, r) {
			fields["repository"], fields["sender"], fields["action"] = s.repositoryJSON(r), s.accountJSON(who.account), action
			fields["installation"] = object{"id": inst.ID, "node_id": nodeID("Installation", inst.ID)}
			s.enqueue(inst, "check_run", action, r.ID, fields)
		}
	}
}

func (s *Server) branchOf(r *repository, head string) any {
	for _, i := range r.issues {
		if i.pull != nil && i.pull.head == head {
			return i.pull.headRef
		}
	}
	return nil
}

// sendPush describes a moved ref. Like GitHub's, the list of commits is cut; the ref's two values are what counts.
func (s *Server) sendPush(r *repository, who caller, c refChange) error {
	fields := object{"ref": c.Ref, "before": c.Old, "after": c.New, "created": c.creates(), "deleted": c.deletes(), "forced": false, "base_ref": nil,
		"compare": s.repoHTML(r, "/compare/"+c.Old+"..."+c.New), "commits": []object{}, "head_commit": nil,
		"pusher": object{"name": who.account.Login, "email": who.account.email()}}
	if !c.deletes() {
		kind, err := r.objectType(c.New)
		if err != nil {
			return err
		}
		if kind == "commit" {
			if err := s.describePush(r, c, fields); err != nil {
				return err
			}
		}
	}
	s.send(r, who, "push", "", fields)
	return nil
}

// describePush adds the head commit, the list of commits, and whether history was rewritten.
func (s *Server) describePush(r *repository, c refChange, fields object) error {
	head, err := r.readCommit(c.New)
	if err != nil {
		return err
	}
	described, err := s.pushCommitJSON(r, head)
	if err != nil {
		return err
	}
	fields["head_commit"] = described
	if !c.updates() {
		return nil
	}
	forward, err := r.isAncestor(c.Old, c.New)
	if err != nil {
		return err
	}
	fields["forced"] = !forward
	own, err := r.commits(c.Old, c.New)
	if err != nil {
		return err
	}
	list := []object{}
	for _, m := range own[max(0, len(own)-maxPushCommits):] {
		described, err := s.pushCommitJSON(r, m)
		if err != nil {
			return err
		}
		list = append(list, described)
	}
	fields["commits"] = list
	return nil
}

// pushCommitJSON lists the paths that a commit touched. A first commit lists none here.
func (s *Server) pushCommitJSON(r *repository, c commit) (object, error) {
	lists := map[string][]string{"added": {}, "removed": {}, "modified": {}}
	if len(c.Parents) > 0 {
		raw, err := r.git("diff", "--raw", "-z", "--no-abbrev", "--no-renames", c.Parents[0], c.ID)
		if err != nil {
			return nil, err
		}
		files, err := parseRawDiff(splitNUL(raw))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			name := f.Status
			if name == "changed" {
				name = "modified"
			}
			lists[name] = append(lists[name], f.Path)
		}
	}
	side := func(p person) object {
		o := object{"name": p.Name, "email": p.Email}
		if a := s.accountOf(p); a != nil {
			o["username"] = a.Login
		}
		return o
	}
	return object{"id": c.ID, "tree_id": c.Tree, "distinct": true, "message": c.Message, "timestamp": stamp(c.Committer.When),
		"url": s.repoHTML(r, "/commit/"+c.ID), "author": side(c.Author), "committer": side(c.Committer), "added": lists["added"],
		"removed": lists["removed"], "modified": lists["modified"]}, nil
}

// sendInstallation tells an App where it was installed; GitHub sends this event to every App, subscribed or not.
func (s *Server) sendInstallation(inst *installation) {
	list := []object{}
	for _, r := range s.reachable(inst) {
		list = append(list, object{"id": r.ID, "node_id": r.nodeID(), "name": r.Name, "full_name": r.fullName(), "private": true})
	}
	s.enqueue(inst, "installation", "created", 0, object{"action": "created", "installation": s.installationJSON(inst), "repositories": list,
		"requester": nil, "sender": s.accountJSON(inst.account)})
}

// Package is a pushed container image as GitHub's package registry announces it.
type Package struct {
	Repository string // owner/name of the repository that the package is linked to
	Name       string // package name, without the owner
	Tag        string // "" where the push named none
	Digest     string // sha256:<64 hex>
	MediaType  string
	URL        string // such as ghcr.io/acme/checkout:1.2
}

// PackagePublished sends the registry_package event.
func (s *Server) PackagePublished(p Package) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(p.Repository)
	if err != nil {
		return err
	}
	id := s.newID()
	html := s.repoHTML(r, "/pkgs/container/"+p.Name)
	version := object{"id": id, "version": p.Digest, "name": p.Digest, "description": "", "summary": "", "manifest": "", "html_url": html, "body": "",
		"target_commitish": r.defaultBranch, "target_oid": "", "created_at": stamp(s.now()), "updated_at": stamp(s.now()), "metadata": []object{},
		"package_files": []object{}, "package_url": p.URL, "author": s.accountJSON(r.Owner), "installation_command": "docker pull " + p.URL,
		"container_metadata": object{"tag": object{"name": p.Tag, "digest": p.Digest}, "labels": object{}, "manifest": object{"digest": p.Digest,
			"media_type": p.MediaType, "uri": "repositories/" + r.Owner.Login + "/" + p.Name + "/manifests/" + p.Digest}}}
	pkg := object{"id": id, "name": p.Name, "namespace": r.Owner.Login, "description": nil, "ecosystem": "CONTAINER", "package_type": "CONTAINER",
		"html_url": html, "created_at": stamp(s.now()), "updated_at": stamp(s.now()), "owner": s.accountJSON(r.Owner), "package_version": version,
		"registry": object{"about_url": html, "name": "GitHub container registry", "type": "container", "url": html, "vendor": "GitHub Inc"}}
	s.send(r, s.asUser(r.Owner), "registry_package", "published", object{"registry_package": pkg})
	return nil
}
