package github

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// person is who wrote or made a commit.
type person struct {
	Name, Email string
	When        time.Time
}

// line is the form in a commit object.
func (p person) line() string {
	return fmt.Sprintf("%s <%s> %d %s", p.Name, p.Email, p.When.Unix(), p.When.Format("-0700"))
}

// commit is a commit object as git holds it.
type commit struct {
	ID, Tree  string
	Parents   []string
	Author    person
	Committer person
	Message   string
}

// treeEdit sets one path of a tree to an object, or removes it where Object is empty.
type treeEdit struct {
	Mode, Path, Object string
}

// resolve gives the commit that a name stands for, "" where it stands for none.
func (g bare) resolve(name string) (string, error) {
	if strings.HasPrefix(name, "-") {
		return "", nil
	}
	out, err := g.git("rev-parse", "--verify", "--quiet", name+"^{commit}")
	if exitCode(err) > 0 {
		return "", nil
	}
	return out, err
}

// objectType is "" for an object that is not there.
func (g bare) objectType(id string) (string, error) {
	if !isOID(id) {
		return "", nil
	}
	out, err := g.git("cat-file", "-t", id)
	if exitCode(err) > 0 {
		return "", nil
	}
	return out, err
}

func (g bare) writeObject(kind string, content []byte) (string, error) {
	return g.gitWith(content, nil, "hash-object", "-t", kind, "-w", "--stdin")
}

// editTree gives the tree that base (a tree, or "") becomes by the edits.
func (g bare) editTree(base string, edits []treeEdit) (string, error) {
	dir, err := os.MkdirTemp(g.dir, "index-")
	if err != nil {
		return "", fmt.Errorf("making an index: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a left-over index file harms nothing
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if base != "" {
		if _, err := g.gitWith(nil, env, "read-tree", base); err != nil {
			return "", err
		}
	}
	var lines strings.Builder
	for _, e := range edits {
		expanded, err := g.indexLines(env, e)
		if err != nil {
			return "", err
		}
		lines.WriteString(expanded)
	}
	if lines.Len() > 0 {
		if _, err := g.gitWith([]byte(lines.String()), env, "update-index", "--add", "--replace", "-z", "--index-info"); err != nil {
			return "", err
		}
	}
	return g.gitWith(nil, env, "write-tree")
}

// indexLines spells an edit for update-index, which knows files only: a directory is first emptied, then filled from the tree given.
func (g bare) indexLines(env []string, e treeEdit) (string, error) {
	if e.Object != "" && e.Mode != modeTree {
		return e.Mode + " " + e.Object + "\t" + e.Path + "\x00", nil
	}
	var b strings.Builder
	present, err := g.gitWith(nil, env, "ls-files", "-z", "--cached", "--", ":(literal)"+e.Path)
	if err != nil {
		return "", err
	}
	for _, path := range splitNUL(present) {
		b.WriteString("0 " + zeroOID + "\t" + path + "\x00")
	}
	if e.Object == "" {
		return b.String(), nil
	}
	files, err := g.listTree(e.Object, true)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b.WriteString(f.Mode + " " + f.Object + "\t" + e.Path + "/" + f.Path + "\x00")
	}
	return b.String(), nil
}

// treeEntry is one line of a tree.
type treeEntry struct {
	Mode, Type, Object, Path string
	Size                     int // bytes, blobs only
}

// listTree lists a tree, or all files under it.
func (g bare) listTree(tree string, recursive bool) ([]treeEntry, error) {
	args := []string{"ls-tree", "-z", "-l", "--full-tree"}
	if recursive {
		args = append(args, "-r")
	}
	out, err := g.git(append(args, tree)...)
	if err != nil {
		return nil, err
	}
	var entries []treeEntry
	for _, line := range splitNUL(out) {
		meta, path, _ := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		if len(fields) != 4 {
			return nil, fmt.Errorf("reading tree %s: unknown line %q", tree, line)
		}
		e := treeEntry{Mode: fields[0], Type: fields[1], Object: fields[2], Path: path}
		if fields[3] != "-" {
			if e.Size, err = strconv.Atoi(fields[3]); err != nil {
				return nil, fmt.Errorf("reading tree %s: %w", tree, err)
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// fileAt is the content of a path in a commit; ok is false where there is none.
func (g bare) fileAt(rev, path string) (content string, ok bool, err error) {
	content, err = runGit(g.dir, nil, nil, "cat-file", "blob", rev+":"+path)
	if exitCode(err) > 0 {
		return "", false, nil
	}
	return content, err == nil, err
}

// writeCommit makes the object byte by byte, so that it holds exactly what was asked for and nothing from this machine.
func (g bare) writeCommit(c commit) (string, error) {
	var b strings.Builder
	b.WriteString("tree " + c.Tree + "\n")
	for _, p := range c.Parents {
		b.WriteString("parent " + p + "\n")
	}
	b.WriteString("author " + c.Author.line() + "\ncommitter " + c.Committer.line() + "\n\n" + c.Message)
	return g.writeObject("commit", []byte(b.String()))
}

func (g bare) readCommit(id string) (commit, error) {
	raw, err := runGit(g.dir, nil, nil, "cat-file", "commit", id)
	if err != nil {
		return commit{}, err
	}
	return parseCommit(id, raw)
}

// parseCommit reads the headers that are needed and skips others, such as signatures, whose continuation lines start with a space.
func parseCommit(id, raw string) (commit, error) {
	c := commit{ID: id}
	head, message, _ := strings.Cut(raw, "\n\n")
	c.Message = message
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		var err error
		switch key {
		case "tree":
			c.Tree = value
		case "parent":
			c.Parents = append(c.Parents, value)
		case "author":
			c.Author, err = parsePerson(value)
		case "committer":
			c.Committer, err = parsePerson(value)
		}
		if err != nil {
			return commit{}, fmt.Errorf("reading commit %s: %w", id, err)
		}
	}
	return c, nil
}

func parsePerson(line string) (person, error) {
	open, end := strings.LastIndex(line, "<"), strings.LastIndex(line, ">")
	if open < 0 || end < open {
		return person{}, fmt.Errorf("person %q has no address", line)
	}
	p := person{Name: strings.TrimSpace(line[:open]), Email: line[open+1 : end]}
	seconds, zone, _ := strings.Cut(strings.TrimSpace(line[end+1:]), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return person{}, fmt.Errorf("person %q: %w", line, err)
	}
	offset, err := time.Parse("-0700", zone)
	if err != nil {
		return person{}, fmt.Errorf("person %q: %w", line, err)
	}
	p.When = time.Unix(unix, 0).In(offset.Location())
	return p, nil
}

// commits lists what head has and base has not, oldest first.
func (g bare) commits(base, head string) ([]commit, error) {
	out, err := g.git("rev-list", "--reverse", "--topo-order", head, "^"+base)
	if err != nil {
		return nil, err
	}
	var all []commit
	for id := range strings.FieldsSeq(out) {
		c, err := g.readCommit(id)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// mergeBase is "" where histories have nothing in common.
func (g bare) mergeBase(a, b string) (string, error) {
	out, err := g.git("merge-base", a, b)
	if exitCode(err) == 1 {
		return "", nil
	}
	return out, err
}

// isAncestor decides what a fast-forward is. A commit is its own ancestor.
func (g bare) isAncestor(old, young string) (bool, error) {
	_, err := g.git("merge-base", "--is-ancestor", old, young)
	if exitCode(err) == 1 {
		return false, nil
	}
	return err == nil, err
}

// mergeTree merges two commits as git merge would; clean is false on conflicts.
func (g bare) mergeTree(base, head string) (tree string, clean bool, err error) {
	out, err := g.git("merge-tree", "--write-tree", base, head)
	if exitCode(err) == 1 {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return strings.TrimSpace(out), true, nil
}

// refs maps full ref names to object names.
func (g bare) refs(patterns ...string) (map[string]string, error) {
	out, err := g.git(append([]string{"for-each-ref", "--format=%(objectname) %(refname)"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.SplitSeq(out, "\n") {
		if id, name, ok := strings.Cut(line, " "); ok {
			refs[name] = id
		}
	}
	return refs, nil
}

// splitNUL cuts what git writes with -z, the only form in which paths come unquoted.
func splitNUL(s string) []string {
	s = strings.TrimSuffix(s, "\x00")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x00")
}

// isOID guards every place where a name from outside becomes an argument of git.
func isOID(s string) bool {
	if len(s) != len(zeroOID) {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
