package github

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// moveRefs carries out API ref changes, all or none, and everything that follows from them.
func (s *Server) moveRefs(r *repository, who caller, changes []refChange) error {
	var script strings.Builder
	script.WriteString("start\n")
	for _, c := range changes {
		if err := s.checkRules(r, who, c); err != nil {
			return err
		}
		fmt.Fprintf(&script, "update %s %s %s\n", c.Ref, c.New, c.Old)
	}
	script.WriteString("prepare\ncommit\n")
	if _, err := r.gitWith([]byte(script.String()), nil, "update-ref", "--stdin"); err != nil {
		var failed *gitError
		if errors.As(err, &failed) {
			return refuse(http.StatusUnprocessableEntity, "Reference update failed")
		}
		return err
	}
	for _, c := range changes {
		if err := s.afterMove(r, who, c); err != nil {
			return err
		}
	}
	return nil
}

// afterMove does what GitHub does once a ref has moved: the push event, then the pull requests it touches.
func (s *Server) afterMove(r *repository, who caller, c refChange) error {
	r.pushedAt = s.now()
	if err := s.sendPush(r, who, c); err != nil {
		return err
	}
	if c.branch() == "" {
		return nil
	}
	for _, owner := range s.repositories {
		for _, i := range slices.Clone(owner.issues) {
			if err := s.followMove(owner, i, r, who, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// followMove brings one pull request up to date with a moved branch.
func (s *Server) followMove(owner *repository, i *issue, moved *repository, who caller, c refChange) error {
	p := i.pull
	if p == nil || !i.open() {
		return nil
	}
	switch {
	case p.headRepo == moved && p.headRef == c.branch() && c.deletes():
		return s.closeIssue(owner, who, i)
	case p.headRepo == moved && p.headRef == c.branch():
		return s.synchronize(owner, who, i, c)
	case owner == moved && p.baseRef == c.branch() && !c.deletes():
		return s.mergedByPush(owner, who, i, c.New)
	}
	return nil
}

// synchronize takes a new head into a pull request.
func (s *Server) synchronize(r *repository, who caller, i *issue, c refChange) error {
	p := i.pull
	before, err := s.pullDiff(r, p)
	if err != nil {
		return err
	}
	if err := s.trackHead(r, i, c.New); err != nil {
		return err
	}
	p.lastPusher = who.account
	i.updatedAt = s.now()
	after, err := s.pullDiff(r, p)
	if err != nil {
		return err
	}
	s.sendPull(r, who, i, "synchronize", object{"before": c.Old, "after": c.New})
	dismisses := slices.ContainsFunc(r.rulesFor(p.baseRef), func(set *ruleset) bool { return set.PullRequest != nil && set.PullRequest.DismissStale })
	if dismisses && before != after {
		s.dismissAll(r, who, i)
	}
	return nil
}

// trackHead notes a pull request's head, keeps it in the base repository as refs/pull/N/head, and remembers where the base is now.
func (s *Server) trackHead(r *repository, i *issue, head string) error {
	p := i.pull
	if p.headRepo != r {
		if _, err := r.git("fetch", "--quiet", "--no-tags", p.headRepo.dir, head); err != nil {
			return err
		}
	}
	if _, err := r.git("update-ref", fmt.Sprintf("refs/pull/%d/head", i.Number), head); err != nil {
		return err
	}
	base, err := r.resolve("refs/heads/" + p.baseRef)
	if err != nil {
		return err
	}
	p.head, p.base = head, base
	return nil
}

// mergedByPush marks a pull request as merged whose head came into its base by a push.
func (s *Server) mergedByPush(r *repository, who caller, i *issue, base string) error {
	in, err := r.isAncestor(i.pull.head, base)
	if err != nil || !in {
		return err
	}
	s.markMerged(r, who, i, i.pull.base, i.pull.head)
	return nil
}

// validRef tells whether a full ref name is one that GitHub lets clients write.
func (r *repository) validRef(name string) bool {
	if !strings.HasPrefix(name, "refs/heads/") && !strings.HasPrefix(name, "refs/tags/") {
		return false
	}
	_, err := r.git("check-ref-format", name)
	return err == nil
}

// refValue is what a full ref name points to, zeroOID where it is not there.
func (r *repository) refValue(name string) (string, error) {
	out, err := r.git("for-each-ref", "--format=%(objectname) %(refname)", name)
	if err != nil {
		return "", err
	}
	for line := range strings.SplitSeq(out, "\n") {
		if id, found, ok := strings.Cut(line, " "); ok && found == name {
			return id, nil
		}
	}
	return zeroOID, nil
}

func (s *Server) refJSON(r *repository, name, id string) object {
	kind, path := "commit", "/git/commits/"
	if found, err := r.objectType(id); err == nil && found == "tag" {
		kind, path = "tag", "/git/tags/"
	}
	return object{"ref": name, "node_id": gitNodeID("Ref", r, name), "url": s.repoAPI(r, "/git/"+name),
		"object": object{"type": kind, "sha": id, "url": s.repoAPI(r, path+id)}}
}

func (c *call) getRef() (answer, error) {
	name := "refs/" + c.path("ref")
	id, err := c.repo.refValue(name)
	if err != nil {
		return answer{}, err
	}
	if id == zeroOID {
		return answer{}, notFound()
	}
	return ok(c.refJSON(c.repo, name, id))
}

func (c *call) listMatchingRefs() (answer, error) {
	prefix := "refs/" + c.path("ref")
	all, err := c.repo.refs()
	if err != nil {
		return answer{}, err
	}
	names := []string{}
	for name := range all {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list := []object{}
	for _, name := range names {
		list = append(list, c.refJSON(c.repo, name, all[name]))
	}
	return ok(list)
}

// createRef takes full names of branches and tags only.
func (c *call) createRef() (answer, error) {
	var req struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	if !c.repo.validRef(req.Ref) {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference name must start with 'refs/' and be valid")
	}
	old, err := c.repo.refValue(req.Ref)
	if err != nil {
		return answer{}, err
	}
	if old != zeroOID {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference already exists")
	}
	if err := c.wantCommit(req.SHA); err != nil {
		return answer{}, err
	}
	if err := c.moveRefs(c.repo, c.who, []refChange{{Ref: req.Ref, Old: zeroOID, New: req.SHA}}); err != nil {
		return answer{}, err
	}
	return created(c.refJSON(c.repo, req.Ref, req.SHA))
}

// wantCommit refuses refs to objects that are not there, or are no commits.
func (c *call) wantCommit(id string) error {
	kind, err := c.repo.objectType(id)
	if err != nil {
		return err
	}
	if kind != "commit" {
		return refuse(http.StatusUnprocessableEntity, "Object does not exist")
	}
	return nil
}

// updateRef has no expected old value: REST offers no compare-and-swap, which is why the mutation updateRefs exists.
func (c *call) updateRef() (answer, error) {
	var req struct {
		SHA   string `json:"sha"`
		Force bool   `json:"force"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	name := "refs/" + c.path("ref")
	old, err := c.repo.refValue(name)
	if err != nil {
		return answer{}, err
	}
	if old == zeroOID || !c.repo.validRef(name) {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	if err := c.wantCommit(req.SHA); err != nil {
		return answer{}, err
	}
	if !req.Force {
		forward, err := c.repo.isAncestor(old, req.SHA)
		if err != nil {
			return answer{}, err
		}
		if !forward {
			return answer{}, refuse(http.StatusUnprocessableEntity, "Update is not a fast forward")
		}
	}
	if err := c.moveRefs(c.repo, c.who, []refChange{{Ref: name, Old: old, New: req.SHA}}); err != nil {
		return answer{}, err
	}
	return ok(c.refJSON(c.repo, name, req.SHA))
}

// deleteRef closes the pull requests of a branch.
func (c *call) deleteRef() (answer, error) {
	name := "refs/" + c.path("ref")
	old, err := c.repo.refValue(name)
	if err != nil {
		return answer{}, err
	}
	if old == zeroOID || !c.repo.validRef(name) {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	if name == "refs/heads/"+c.repo.defaultBranch {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Cannot delete the default branch")
	}
	if err := c.moveRefs(c.repo, c.who, []refChange{{Ref: name, Old: old, New: zeroOID}}); err != nil {
		return answer{}, err
	}
	return noContent()
}
