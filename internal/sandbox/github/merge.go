package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// mergeRequest says how to merge. An empty sha takes whatever the head is.
type mergeRequest struct {
	SHA     string `json:"sha"`
	Method  string `json:"merge_method"`
	Title   string `json:"commit_title"`
	Message string `json:"commit_message"`
}

// tryMerge merges in memory, as GitHub does to tell whether a pull request is mergeable.
func (s *Server) tryMerge(r *repository, p *pull) (trial, error) {
	base, err := r.resolve("refs/heads/" + p.baseRef)
	if err != nil {
		return trial{}, err
	}
	if p.trial.base == base && p.trial.head == p.head {
		return p.trial, nil
	}
	t := trial{base: base, head: p.head}
	if t.tree, t.clean, err = r.mergeTree(base, p.head); err != nil {
		return trial{}, err
	}
	p.trial = t
	return t, nil
}

// merge merges a pull request or says why GitHub would not.
func (s *Server) merge(r *repository, who caller, i *issue, req mergeRequest) (string, error) {
	p := i.pull
	t, err := s.checkMerge(r, who, i, req)
	if err != nil {
		return "", err
	}
	id, err := s.mergeCommit(r, who, i, t, req)
	if err != nil {
		return "", err
	}
	change := refChange{Ref: "refs/heads/" + p.baseRef, Old: t.base, New: id}
	if _, err := r.git("update-ref", change.Ref, change.New, change.Old); err != nil {
		return "", err
	}
	s.markMerged(r, who, i, t.base, id)
	return id, s.afterMove(r, who, change)
}

// checkMerge refuses in GitHub's order: head moved, not mergeable, rules.
func (s *Server) checkMerge(r *repository, who caller, i *issue, req mergeRequest) (trial, error) {
	p := i.pull
	if req.SHA != "" && req.SHA != p.head {
		return trial{}, refuse(http.StatusConflict, "Head branch was modified. Review and try the merge again.")
	}
	if !i.open() || p.draft {
		return trial{}, refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	}
	t, err := s.tryMerge(r, p)
	if err != nil {
		return trial{}, err
	}
	if !t.clean {
		return trial{}, refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	}
	blockers, err := s.blockers(r, who, i)
	if err != nil {
		return trial{}, err
	}
	if len(blockers) > 0 {
		return trial{}, refuse(http.StatusMethodNotAllowed, "Repository rule violations found\n\n%s\n\n", strings.Join(blockers, "\n\n"))
	}
	return t, nil
}

// mergeCommit makes the commit or commits that the base branch moves to. GitHub signs merges and squashes, not rebased commits.
func (s *Server) mergeCommit(r *repository, who caller, i *issue, t trial, req mergeRequest) (string, error) {
	p := i.pull
	title, message := req.Title, req.Message
	made := commit{Tree: t.tree, Parents: []string{t.base}, Author: s.person(who.account), Committer: s.webFlow()}
	switch req.Method {
	case "", "merge":
		if title == "" {
			title = fmt.Sprintf("Merge pull request #%d from %s/%s", i.Number, p.headRepo.Owner.Login, p.headRef)
		}
		if message == "" {
			message = i.Title
		}
		made.Parents = append(made.Parents, p.head)
	case "squash":
		if title == "" {
			title = fmt.Sprintf("%s (#%d)", i.Title, i.Number)
		}
		made.Author = s.person(i.Author)
	case "rebase":
		return s.rebase(r, i, t)
	default:
		return "", refuse(http.StatusUnprocessableEntity, "Invalid request.\n\n%s is not a member of [\"merge\", \"squash\", \"rebase\"].", req.Method)
	}
	made.Message = strings.TrimSpace(title + "\n\n" + message)
	id, err := r.writeCommit(made)
	if err == nil {
		r.verified[id] = true
	}
	return id, err
}

// rebase replays the commits on the base, one by one. To make merge-tree take a commit's parent as the merge base (git before 2.40 cannot be told),
// the tip's tree is put into a throw-away commit on that parent.
func (s *Server) rebase(r *repository, i *issue, t trial) (string, error) {
	own, err := r.commits(t.base, t.head)
	if err != nil {
		return "", err
	}
	tip := t.base
	for _, c := range own {
		if len(c.Parents) != 1 {
			return "", refuse(http.StatusMethodNotAllowed, "This branch can't be rebased")
		}
		onto, err := r.readCommit(tip)
		if err != nil {
			return "", err
		}
		side, err := r.writeCommit(commit{Tree: onto.Tree, Parents: c.Parents, Author: s.webFlow(), Committer: s.webFlow(), Message: "side"})
		if err != nil {
			return "", err
		}
		tree, clean, err := r.mergeTree(side, c.ID)
		if err != nil {
			return "", err
		}
		if !clean {
			return "", refuse(http.StatusMethodNotAllowed, "This branch can't be rebased")
		}
		if tip, err = r.writeCommit(commit{Tree: tree, Parents: []string{tip}, Author: c.Author, Committer: s.webFlow(), Message: c.Message}); err != nil {
			return "", err
		}
	}
	return tip, nil
}

// markMerged freezes the base, so that commits and files of the pull request can be told afterwards.
func (s *Server) markMerged(r *repository, who caller, i *issue, base, id string) {
	p := i.pull
	p.base, p.mergeID, p.mergedAt, p.mergedBy = base, id, s.now(), who.account
	i.closedAt, i.closedBy, i.updatedAt = p.mergedAt, who.account, p.mergedAt
	s.sendIssue(r, who, i, "closed", nil)
}

// blockers words every branch rule that stands between a pull request and its merge by this caller.
func (s *Server) blockers(r *repository, who caller, i *issue) ([]string, error) {
	p := i.pull
	var all []string
	for _, set := range s.bindingFor(r, p.baseRef, who) {
		if set.Update {
			all = append(all, "Cannot update this protected ref.")
		}
		all = append(all, s.missingChecks(r, set, p.head)...)
		behind, err := s.behind(r, set, p)
		if err != nil {
			return nil, err
		}
		if behind {
			all = append(all, "The head branch is not up to date with the base branch.")
		}
		if set.PullRequest == nil {
			continue
		}
		missing, err := s.missingReviews(r, i, *set.PullRequest)
		if err != nil {
			return nil, err
		}
		all = append(all, missing...)
	}
	return slices.Compact(all), nil
}

// behind tells whether a strict rule wants the base merged into the head first.
func (s *Server) behind(r *repository, set *ruleset, p *pull) (bool, error) {
	if !set.StrictChecks {
		return false, nil
	}
	base, err := r.resolve("refs/heads/" + p.baseRef)
	if err != nil {
		return false, err
	}
	contained, err := r.isAncestor(base, p.head)
	return !contained, err
}

// mergeState gives mergeable and mergeable_state.
func (s *Server) mergeState(r *repository, i *issue) (mergeable bool, state string, err error) {
	t, err := s.tryMerge(r, i.pull)
	if err != nil {
		return false, "", err
	}
	if !t.clean {
		return false, "dirty", nil
	}
	if i.pull.draft {
		return true, "draft", nil
	}
	blockers, err := s.blockers(r, s.nobody(), i)
	if err != nil {
		return false, "", err
	}
	if len(blockers) > 0 {
		return true, "blocked", nil
	}
	if s.anyCheckUnhappy(r, i.pull.head) {
		return true, "unstable", nil
	}
	return true, "clean", nil
}
