package github

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// repositoryView is a repository on a page.
type repositoryView struct {
	Name   string
	Open   []row
	Merged []row
	Closed []row
}

// row is one line of a list of pull requests or issues.
type row struct {
	URL, Title, State, Author, When string
	Number                          int
}

func repositoryViewOf(r *repository) repositoryView {
	v := repositoryView{Name: r.fullName()}
	for _, i := range slices.Backward(r.issues) {
		line := row{URL: fmt.Sprintf("/%s/%s/%d", r.fullName(), i.segment(), i.Number), Title: i.Title, State: i.stateWord(), Author: i.Author.Login,
			When: i.createdAt.Format("2006-01-02 15:04 UTC"), Number: i.Number}
		switch line.State {
		case "Open":
			v.Open = append(v.Open, line)
		case "Merged":
			v.Merged = append(v.Merged, line)
		default:
			v.Closed = append(v.Closed, line)
		}
	}
	return v
}

func (i *issue) segment() string {
	if i.pull != nil {
		return "pull"
	}
	return "issues"
}

func (i *issue) stateWord() string {
	switch {
	case i.open():
		return "Open"
	case i.pull != nil && i.pull.merged():
		return "Merged"
	}
	return "Closed"
}

// issueView is a pull request, or an issue, on its page.
type issueView struct {
	Title, Repository, State, Author, When, URL string
	Number                                      int
	IsPull                                      bool
	HeadRef, BaseRef, HeadCommit, MergeCommit   string
	Body                                        template.HTML
	Labels                                      []string
	Commits                                     []commitRow
	Files                                       []fileView
	Checks                                      []checkView
	Timeline                                    []event
	Users                                       []userView
	Mergeable                                   bool
	Blockers                                    []string
	MergeState                                  string
	Refused                                     string
}

// commitRow is a commit in a list.
type commitRow struct {
	ID, Title, Author string
	Verified          bool
}

// fileView is a changed file with its patch.
type fileView struct {
	Path, Status         string
	Additions, Deletions int
	Lines                []diffLine
}

// diffLine is one line of a patch; Kind is hunk, add, del or same.
type diffLine struct {
	Kind, Text string
}

// checkView is a check run on a page.
type checkView struct {
	Name, App, State, Title string
	Summary                 template.HTML
}

// event is a review or a comment.
type event struct {
	Who, What, When, Kind string
	Body                  template.HTML
	order                 int64
}

// userView is an entry of the list of users to act as.
type userView struct {
	Login, Note string
}

// issueView gathers a page. The lock is held.
func (p *pages) issueView(r *repository, i *issue) (*issueView, error) {
	body, err := p.markdown.render(i.Body)
	if err != nil {
		return nil, err
	}
	v := &issueView{Title: i.Title, Repository: r.fullName(), State: i.stateWord(), Author: i.Author.Login, When: i.createdAt.Format("2006-01-02 15:04 UTC"),
		URL: fmt.Sprintf("/%s/%s/%d", r.fullName(), i.segment(), i.Number), Number: i.Number, Body: body, Labels: i.Labels}
	if v.Timeline, err = p.timeline(i); err != nil {
		return nil, err
	}
	v.Users = p.usersOf(r, i)
	if i.pull == nil {
		return v, nil
	}
	return v, p.fillPull(r, i, v)
}

// fillPull adds what only pull requests have.
func (p *pages) fillPull(r *repository, i *issue, v *issueView) error {
	pr := i.pull
	v.IsPull, v.HeadRef, v.BaseRef, v.HeadCommit, v.MergeCommit = true, pr.headRef, pr.baseRef, pr.head, pr.mergeID
	if pr.headRepo != r {
		v.HeadRef = pr.headRepo.Owner.Login + ":" + pr.headRef
	}
	from, to, err := p.pullRange(r, pr)
	if err != nil {
		return err
	}
	own, err := r.commits(from, to)
	if err != nil {
		return err
	}
	for _, c := range own {
		title, _, _ := strings.Cut(c.Message, "\n")
		v.Commits = append(v.Commits, commitRow{ID: c.ID, Title: title, Author: c.Author.Name, Verified: r.verified[c.ID]})
	}
	files, err := r.diffFiles(from, to)
	if err != nil {
		return err
	}
	v.Files = fileViews(files)
	if err := p.fillChecks(r, pr.head, v); err != nil || !i.open() {
		return err
	}
	if v.Mergeable, v.MergeState, err = p.mergeState(r, i); err != nil {
		return err
	}
	v.Blockers, err = p.blockers(r, p.nobody(), i)
	return err
}

// fillChecks adds the newest run of each check on the head.
func (p *pages) fillChecks(r *repository, head string, v *issueView) error {
	for _, k := range r.latestChecks(head, false) {
		c := checkView{Name: k.name, App: k.suite.app.Slug, State: cmp.Or(k.conclusion, k.status)}
		set(&c.Title, k.output.Title)
		summary := ""
		set(&summary, k.output.Summary)
		var err error
		if c.Summary, err = p.markdown.render(summary); err != nil {
			return err
		}
		v.Checks = append(v.Checks, c)
	}
	return nil
}

// fileViews marks the lines of a patch.
func fileViews(files []fileDiff) []fileView {
	var list []fileView
	for _, f := range files {
		v := fileView{Path: f.Path, Status: f.Status, Additions: f.Additions, Deletions: f.Deletions}
		for line := range strings.SplitSeq(f.Patch, "\n") {
			kind := "same"
			switch {
			case strings.HasPrefix(line, "@@"):
				kind = "hunk"
			case strings.HasPrefix(line, "+"):
				kind = "add"
			case strings.HasPrefix(line, "-"):
				kind = "del"
			}
			v.Lines = append(v.Lines, diffLine{Kind: kind, Text: line})
		}
		list = append(list, v)
	}
	return list
}

// timeline mixes reviews and comments by the order in which they were made; numbers only grow.
func (p *pages) timeline(i *issue) ([]event, error) {
	var list []event
	add := func(id int64, who *account, what, kind, body, when string) error {
		rendered, err := p.markdown.render(body)
		list = append(list, event{Who: who.Login, What: what, Kind: kind, Body: rendered, When: when, order: id})
		return err
	}
	for _, m := range i.Comments {
		if err := add(m.ID, m.Author, "commented", "comment", m.Body, m.at.Format("15:04 UTC")); err != nil {
			return nil, err
		}
	}
	words := map[reviewState]string{reviewApproved: "approved", reviewChanges: "requested changes", reviewCommented: "reviewed",
		reviewDismissed: "approved an earlier version; the approval was dismissed"}
	if i.pull != nil {
		for _, v := range i.pull.reviews {
			if err := add(v.ID, v.Author, words[v.State], strings.ToLower(string(v.State)), v.Body, v.at.Format("15:04 UTC")); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(list, func(a, b event) int { return cmp.Compare(a.order, b.order) })
	return list, nil
}

// usersOf lists whom the forms may act as, the asked code owners first.
func (p *pages) usersOf(r *repository, i *issue) []userView {
	owners := map[*account]bool{}
	if i.pull != nil {
		// Without owners the list only loses its marks.
		if sets, err := p.ownershipOf(r, i); err == nil {
			for _, set := range sets {
				for _, a := range set.people {
					owners[a] = true
				}
			}
		}
	}
	var list []userView
	for _, a := range p.accounts {
		role := p.roleOf(r, a)
		if a.Type != typeUser || role < roleRead {
			continue
		}
		note := role.String()
		if owners[a] {
			note = "code owner, " + note
		}
		list = append(list, userView{Login: a.Login, Note: note})
	}
	slices.SortFunc(list, func(a, b userView) int {
		return cmp.Or(-cmp.Compare(strings.Count(a.Note, ","), strings.Count(b.Note, ",")), cmp.Compare(a.Login, b.Login))
	})
	return list
}

// commitView is a commit on its page.
type commitView struct {
	Title, Repository, Message, Author, When, ID string
	Verified                                     bool
	Files                                        []fileView
}

func (p *pages) commitView(repository, id string) (*commitView, error) {
	r, err := p.wantRepository(repository)
	if err != nil {
		return nil, err
	}
	if kind, err := r.objectType(id); err != nil || kind != "commit" {
		return nil, notFound()
	}
	c, err := r.readCommit(id)
	if err != nil {
		return nil, err
	}
	v := &commitView{Title: "Commit " + id[:7], Repository: r.fullName(), Message: c.Message, Author: c.Author.Name, ID: id,
		When: c.Committer.When.UTC().Format("2006-01-02 15:04 UTC"), Verified: r.verified[id]}
	if len(c.Parents) == 0 {
		return v, nil
	}
	files, err := r.diffFiles(c.Parents[0], id)
	v.Files = fileViews(files)
	return v, err
}
