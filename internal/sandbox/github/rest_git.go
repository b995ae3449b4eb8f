package github

import (
	"encoding/base64"
	"net/http"
	"path"
	"strings"
	"time"
)

// File modes of git trees.
const (
	modeFile       = "100644"
	modeExecutable = "100755"
	modeSymlink    = "120000"
	modeSubmodule  = "160000"
	modeTree       = "040000"
)

// validTreePath refuses what git could not check out safely.
func validTreePath(p string) bool {
	if p == "" || path.Clean(p) != p || strings.HasPrefix(p, "/") || strings.ContainsAny(p, "\x00\\") {
		return false
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." || part == "." || strings.EqualFold(part, ".git") {
			return false
		}
	}
	return true
}

func (c *call) createBlob() (answer, error) {
	var req struct {
		Content  *string `json:"content"`
		Encoding string  `json:"encoding"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	if req.Content == nil {
		return answer{}, missingField("Blob", "content")
	}
	content := []byte(*req.Content)
	if req.Encoding == "base64" {
		var err error
		if content, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(*req.Content, "\n", "")); err != nil {
			return answer{}, refuse(http.StatusUnprocessableEntity, "content is not valid Base64")
		}
	}
	id, err := c.repo.writeObject("blob", content)
	if err != nil {
		return answer{}, err
	}
	return created(object{"sha": id, "url": c.repoAPI(c.repo, "/git/blobs/"+id)})
}

func (c *call) getBlob() (answer, error) {
	id := c.path("sha")
	if kind, err := c.repo.objectType(id); err != nil || kind != "blob" {
		return answer{}, notFound()
	}
	content, err := runGit(c.repo.dir, nil, nil, "cat-file", "blob", id)
	if err != nil {
		return answer{}, err
	}
	return ok(object{"sha": id, "node_id": gitNodeID("Blob", c.repo, id), "size": len(content), "url": c.repoAPI(c.repo, "/git/blobs/"+id),
		"encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte(content))})
}

// treeItem is one entry of a tree to make. A sha of null removes the path.
type treeItem struct {
	Path    string   `json:"path"`
	Mode    string   `json:"mode"`
	Type    string   `json:"type"`
	SHA     nullable `json:"sha"`
	Content *string  `json:"content"`
}

// nullable tells "absent" from "null", which in a tree means "remove".
type nullable struct {
	present bool
	value   string
}

// UnmarshalJSON notes that the field was there.
func (n *nullable) UnmarshalJSON(raw []byte) error {
	n.present = true
	n.value = strings.Trim(string(raw), `"`)
	if n.value == "null" {
		n.value = ""
	}
	return nil
}

// createTree edits the base tree. Entries may carry their content, which saves a request a file.
func (c *call) createTree() (answer, error) {
	var req struct {
		BaseTree string     `json:"base_tree"`
		Tree     []treeItem `json:"tree"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	if len(req.Tree) == 0 {
		return answer{}, refuse(http.StatusUnprocessableEntity, "Invalid tree info")
	}
	if req.BaseTree != "" {
		kind, err := c.repo.objectType(req.BaseTree)
		if err != nil || kind != "tree" && kind != "commit" {
			return answer{}, refuse(http.StatusNotFound, "base_tree is not a valid tree oid")
		}
		req.BaseTree += "^{tree}"
	}
	edits := make([]treeEdit, 0, len(req.Tree))
	for _, item := range req.Tree {
		e, err := c.treeEdit(item)
		if err != nil {
			return answer{}, err
		}
		edits = append(edits, e)
	}
	id, err := c.repo.editTree(req.BaseTree, edits)
	if err != nil {
		return answer{}, err
	}
	body, err := c.treeJSON(id, false)
	if err != nil {
		return answer{}, err
	}
	return created(body)
}

// treeEdit checks one entry: known mode, clean path, an object that is there and of the mode's type.
func (c *call) treeEdit(item treeItem) (treeEdit, error) {
	types := map[string]string{modeFile: "blob", modeExecutable: "blob", modeSymlink: "blob", modeTree: "tree", modeSubmodule: "commit"}
	wanted, known := types[item.Mode]
	switch {
	case !validTreePath(item.Path):
		return treeEdit{}, refuse(http.StatusUnprocessableEntity, "tree.path contains a malformed path component")
	case item.SHA.present && item.SHA.value == "":
		return treeEdit{Path: item.Path}, nil
	case !known:
		return treeEdit{}, refuse(http.StatusUnprocessableEntity, "Must supply a valid tree.mode")
	case item.SHA.present && item.Content != nil:
		return treeEdit{}, refuse(http.StatusUnprocessableEntity, "Must supply either tree.sha or tree.content, not both")
	case item.Content != nil:
		id, err := c.repo.writeObject("blob", []byte(*item.Content))
		return treeEdit{Mode: item.Mode, Path: item.Path, Object: id}, err
	case !item.SHA.present:
		return treeEdit{}, refuse(http.StatusUnprocessableEntity, "Must supply tree.sha or tree.content")
	}
	kind, err := c.repo.objectType(item.SHA.value)
	if err != nil {
		return treeEdit{}, err
	}
	if kind != wanted && item.Mode != modeSubmodule {
		return treeEdit{}, refuse(http.StatusUnprocessableEntity, "tree.sha %s is not a valid %s", item.SHA.value, wanted)
	}
	return treeEdit{Mode: item.Mode, Path: item.Path, Object: item.SHA.value}, nil
}

func (c *call) getTree() (answer, error) {
	name := c.path("sha")
	if strings.HasPrefix(name, "-") {
		return answer{}, notFound()
	}
	if !strings.Contains(name, ":") { // commit:path names a tree already
		name += "^{tree}"
	}
	id, err := c.repo.git("rev-parse", "--verify", "--quiet", name)
	if err != nil {
		return answer{}, notFound()
	}
	if kind, err := c.repo.objectType(id); err != nil || kind != "tree" {
		return answer{}, notFound()
	}
	body, err := c.treeJSON(id, c.request.URL.Query().Get("recursive") != "")
	if err != nil {
		return answer{}, err
	}
	return ok(body)
}

func (c *call) treeJSON(id string, recursive bool) (object, error) {
	entries, err := c.repo.listTree(id, recursive)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, e := range entries {
		o := object{"path": e.Path, "mode": e.Mode, "type": e.Type, "sha": e.Object}
		switch e.Type {
		case "blob":
			o["size"], o["url"] = e.Size, c.repoAPI(c.repo, "/git/blobs/"+e.Object)
		case "tree":
			o["url"] = c.repoAPI(c.repo, "/git/trees/"+e.Object)
		}
		list = append(list, o)
	}
	return object{"sha": id, "url": c.repoAPI(c.repo, "/git/trees/"+id), "tree": list, "truncated": false}, nil
}

// commitRequest is POST git/commits.
type commitRequest struct {
	Message   *string       `json:"message"`
	Tree      string        `json:"tree"`
	Parents   []string      `json:"parents"`
	Author    *personFields `json:"author"`
	Committer *personFields `json:"committer"`
	Signature string        `json:"signature"`
}

// personFields is an author or committer as sent.
type personFields struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Date  string `json:"date"`
}

// person takes the fallback for what was not sent at all; a half-sent person is refused.
func (f *personFields) person(fallback person) (person, error) {
	if f == nil {
		return fallback, nil
	}
	p := person{Name: f.Name, Email: f.Email, When: fallback.When}
	if f.Name == "" || f.Email == "" || strings.ContainsAny(f.Name+f.Email, "<>\n") {
		return p, missingField("Commit", "author")
	}
	if f.Date != "" {
		when, err := time.Parse(time.RFC3339, f.Date)
		if err != nil {
			return p, refuse(http.StatusUnprocessableEntity, "author.date is not a valid ISO 8601 timestamp")
		}
		p.When = when
	}
	return p, nil
}

// createCommit decides who wrote a commit and whether GitHub vouches for it.
func (c *call) createCommit() (answer, error) {
	var req commitRequest
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	if req.Message == nil {
		return answer{}, missingField("Commit", "message")
	}
	if err := c.checkCommitObjects(req); err != nil {
		return answer{}, err
	}
	made := commit{Tree: req.Tree, Parents: req.Parents, Message: *req.Message}
	// GitHub signs for a bot only when the bot leaves everything about authorship to it.
	signs := c.who.kind == callerInstallation && req.Author == nil && req.Committer == nil && req.Signature == ""
	var err error
	if made.Author, err = req.Author.person(c.person(c.who.account)); err != nil {
		return answer{}, err
	}
	fallback := made.Author
	if signs {
		fallback = c.webFlow()
	}
	if made.Committer, err = req.Committer.person(fallback); err != nil {
		return answer{}, err
	}
	if made.ID, err = c.repo.writeCommit(made); err != nil {
		return answer{}, err
	}
	if signs {
		c.repo.verified[made.ID] = true
	}
	return created(c.gitCommitJSON(c.repo, made))
}

func (c *call) checkCommitObjects(req commitRequest) error {
	if kind, err := c.repo.objectType(req.Tree); err != nil || kind != "tree" {
		return refuse(http.StatusUnprocessableEntity, "Tree SHA does not exist")
	}
	for _, p := range req.Parents {
		if kind, err := c.repo.objectType(p); err != nil || kind != "commit" {
			return refuse(http.StatusUnprocessableEntity, "Parent SHA does not exist or is not a commit object")
		}
	}
	return nil
}

func (c *call) getGitCommit() (answer, error) {
	id := c.path("sha")
	if kind, err := c.repo.objectType(id); err != nil || kind != "commit" {
		return answer{}, notFound()
	}
	found, err := c.repo.readCommit(id)
	if err != nil {
		return answer{}, err
	}
	return ok(c.gitCommitJSON(c.repo, found))
}

func personJSON(p person) object {
	return object{"name": p.Name, "email": p.Email, "date": stamp(p.When)}
}

// verificationJSON says what GitHub says of a commit's signature. The sandbox keeps the fact, not a PGP block.
func (s *Server) verificationJSON(r *repository, c commit) object {
	if !r.verified[c.ID] {
		return object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	}
	return object{"verified": true, "reason": "valid", "signature": "-----BEGIN PGP SIGNATURE-----\n\nsandbox\n-----END PGP SIGNATURE-----", "payload": "tree",
		"verified_at": stamp(c.Committer.When)}
}

// gitCommitJSON is the short form, of the git data API.
func (s *Server) gitCommitJSON(r *repository, c commit) object {
	return object{"sha": c.ID, "node_id": gitNodeID("Commit", r, c.ID), "url": s.repoAPI(r, "/git/commits/"+c.ID), "html_url": s.repoHTML(r, "/commit/"+c.ID),
		"author": personJSON(c.Author), "committer": personJSON(c.Committer), "message": c.Message,
		"tree":    object{"sha": c.Tree, "url": s.repoAPI(r, "/git/trees/"+c.Tree)},
		"parents": s.parentsJSON(r, c, "/git/commits/"), "verification": s.verificationJSON(r, c)}
}

func (s *Server) parentsJSON(r *repository, c commit, path string) []object {
	parents := []object{}
	for _, p := range c.Parents {
		parents = append(parents, object{"sha": p, "url": s.repoAPI(r, path+p), "html_url": s.repoHTML(r, "/commit/"+p)})
	}
	return parents
}

// accountOf finds whom a commit's address belongs to; nil where nobody.
func (s *Server) accountOf(p person) *account {
	for _, a := range s.accounts {
		if a.email() == p.Email {
			return a
		}
	}
	return nil
}

// commitJSON is the long form, used by lists and webhooks.
func (s *Server) commitJSON(r *repository, c commit) object {
	u := s.repoAPI(r, "/commits/"+c.ID)
	inner := object{"author": personJSON(c.Author), "committer": personJSON(c.Committer), "message": c.Message, "comment_count": 0,
		"tree": object{"sha": c.Tree, "url": s.repoAPI(r, "/git/trees/"+c.Tree)}, "url": s.repoAPI(r, "/git/commits/"+c.ID),
		"verification": s.verificationJSON(r, c)}
	return object{"sha": c.ID, "node_id": gitNodeID("Commit", r, c.ID), "url": u, "html_url": s.repoHTML(r, "/commit/"+c.ID), "comments_url": u + "/comments",
		"commit": inner, "author": s.accountOrNull(s.accountOf(c.Author)), "committer": s.accountOrNull(s.accountOf(c.Committer)),
		"parents": s.parentsJSON(r, c, "/commits/")}
}
