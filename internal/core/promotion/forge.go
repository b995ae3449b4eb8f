// Package promotion decides what to do: candidates, verdicts, open proposals and memory go in, a plan comes out.
package promotion

// The forge's objects as this project needs them. Commits are lower-case hex object names.

// PullRequest is one pull request as the forge lists it. Its title, body and labels are display and never read back.
type PullRequest struct {
	Number         int
	HeadRef        string // branch name without refs/heads/
	HeadCommit     string
	BaseRef        string
	SameRepository bool // false: the head lives in a fork
	Author         User
	Open           bool
	Merged         bool
	MergeCommit    string // where Merged
	ClosedBy       User   // where closed unmerged; zero where the forge does not say
	Draft          bool
}

// User is an account. ID is what counts: logins can be renamed and taken over.
type User struct {
	ID    int64
	Login string
	Bot   bool
}

// Review is one submitted review.
type Review struct {
	ID     int64
	User   User
	Commit string
	State  string // approved, changes_requested, commented, dismissed
	At     int64  // epoch seconds
}

// CheckRun is the state that branch rules read, keyed by head commit. Never neutral or skipped: the forge lets those pass.
type CheckRun struct {
	Head       string
	Status     string // in_progress, completed
	Conclusion string // success, failure; "" unless completed
	Title      string
	Summary    string // Markdown
	ExternalID string
}

// FileEdit is one file of a commit: the whole new content of a regular file.
type FileEdit struct {
	Path    string
	Content []byte
}

// Commit is a commit that the forge made.
type Commit struct {
	ID       string
	Tree     string
	Verified bool // the forge signed it
}

// NewPullRequest is what opening or updating one needs.
type NewPullRequest struct {
	Title, Body      string
	HeadRef, BaseRef string
}
