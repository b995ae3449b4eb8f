package github

import (
	"slices"
	"time"
)

// PullRequest is a pull request as it is now.
type PullRequest struct {
	Number      int
	Title, Body string
	Author      string
	Head, Base  string // branch names; a fork's is owner:branch
	HeadCommit  string
	Open        bool
	Merged      bool
	MergeCommit string
	ClosedBy    string
	CreatedAt   time.Time
	Reviews     []Review
	Labels      []string
	Comments    []string
}

// Review is a submitted review.
type Review struct {
	User, State, Commit string
}

// CheckRun is a check run as it is now.
type CheckRun struct {
	ID                       int64
	App                      int64
	Name, Head               string
	Status, Conclusion       string
	Title, Summary, External string
}

// PullRequests lists a repository's pull requests by number.
func (s *Server) PullRequests(repository string) ([]PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return nil, err
	}
	var list []PullRequest
	for _, i := range r.issues {
		if i.pull != nil {
			list = append(list, snapshot(r, i))
		}
	}
	return list, nil
}

func snapshot(r *repository, i *issue) PullRequest {
	p := i.pull
	out := PullRequest{Number: i.Number, Title: i.Title, Body: i.Body, Author: i.Author.Login, Head: p.headRef, Base: p.baseRef, HeadCommit: p.head,
		Open: i.open(), Merged: p.merged(), MergeCommit: p.mergeID, CreatedAt: i.createdAt, Labels: slices.Clone(i.Labels)}
	if p.headRepo != r {
		out.Head = p.headRepo.Owner.Login + ":" + p.headRef
	}
	if i.closedBy != nil {
		out.ClosedBy = i.closedBy.Login
	}
	for _, v := range p.reviews {
		out.Reviews = append(out.Reviews, Review{User: v.Author.Login, State: string(v.State), Commit: v.Commit})
	}
	for _, m := range i.Comments {
		out.Comments = append(out.Comments, m.Body)
	}
	return out
}

// CheckRuns lists the newest check run of each App and name on a commit.
func (s *Server) CheckRuns(repository, head string) ([]CheckRun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return nil, err
	}
	var list []CheckRun
	for _, k := range r.latestChecks(head, false) {
		out := CheckRun{ID: k.ID, App: k.suite.app.ID, Name: k.name, Head: head, Status: k.status, Conclusion: k.conclusion, External: k.externalID}
		set(&out.Title, k.output.Title)
		set(&out.Summary, k.output.Summary)
		list = append(list, out)
	}
	return list, nil
}

// BranchHead is the commit of a branch, "" where there is no such branch.
func (s *Server) BranchHead(repository, branch string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return "", err
	}
	return r.resolve("refs/heads/" + branch)
}

// File is the content of a file at a branch or commit; ok is false where there is none.
func (s *Server) File(repository, ref, path string) (content string, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return "", false, err
	}
	rev, err := r.resolve(ref)
	if err != nil || rev == "" {
		return "", false, err
	}
	return r.fileAt(rev, path)
}

// Verified tells whether GitHub signed a commit.
func (s *Server) Verified(repository, commit string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return false, err
	}
	return r.verified[commit], nil
}

// Directory is where a repository's bare git directory lies.
func (s *Server) Directory(repository string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(repository)
	if err != nil {
		return "", err
	}
	return r.dir, nil
}
