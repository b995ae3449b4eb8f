package github

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hmarr/codeowners"
)

// codeownersPlaces are where GitHub looks, in its order; the first found wins.
var codeownersPlaces = [...]string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}

// ownersFile is a parsed CODEOWNERS file.
type ownersFile struct {
	path   string
	rules  []codeowners.Rule
	broken []brokenLine
}

// brokenLine is a line that GitHub would skip.
type brokenLine struct {
	number int
	source string
	reason string
}

// readOwners parses line by line: GitHub skips a line that it does not understand, while the parser gives up on the whole file.
func readOwners(path, content string) ownersFile {
	f := ownersFile{path: path}
	number := 0
	for line := range strings.SplitSeq(content, "\n") {
		number++
		parsed, err := codeowners.ParseFile(strings.NewReader(line))
		if err != nil {
			f.broken = append(f.broken, brokenLine{number: number, source: line, reason: err.Error()})
			continue
		}
		for _, rule := range parsed {
			// git matches nothing with a lone slash, and the library's matcher panics on it.
			if strings.Trim(rule.RawPattern(), "/") == "" {
				f.broken = append(f.broken, brokenLine{number: number, source: line, reason: "the pattern is empty"})
				continue
			}
			rule.LineNumber = number
			f.rules = append(f.rules, rule)
		}
	}
	return f
}

// owners are those of the last line that matches. Such a line without owners makes the path unowned.
func (f ownersFile) owners(path string) ([]codeowners.Owner, error) {
	for _, rule := range slices.Backward(f.rules) {
		matched, err := rule.Match(path)
		if err != nil {
			return nil, fmt.Errorf("matching %q with %q: %w", path, rule.RawPattern(), err)
		}
		if matched {
			return rule.Owners, nil
		}
	}
	return nil, nil
}

// ownersAt reads the first CODEOWNERS file found. One that is too large is as good as empty, which is what attackers make of it (A77).
func (s *Server) ownersAt(r *repository, rev string) (ownersFile, error) {
	for _, path := range codeownersPlaces {
		content, found, err := r.fileAt(rev, path)
		if err != nil {
			return ownersFile{}, err
		}
		if found && len(content) < maxCodeowners {
			return readOwners(path, content), nil
		}
		if found {
			return ownersFile{path: path}, nil
		}
	}
	return ownersFile{}, nil
}

// people are the users that an owner entry stands for, as far as they can write; a bot is nobody's code owner.
func (s *Server) people(r *repository, o codeowners.Owner) []*account {
	var found []*account
	switch o.Type {
	case codeowners.TeamOwner:
		t := s.team(o.Value)
		if t == nil || r.roles[strings.ToLower(t.name())] < roleWrite {
			return nil
		}
		found = t.members
	case codeowners.UsernameOwner:
		if a := s.accounts[strings.ToLower(o.Value)]; a != nil {
			found = []*account{a}
		}
	case codeowners.EmailOwner:
		for _, a := range s.accounts {
			if strings.EqualFold(a.email(), o.Value) {
				found = append(found, a)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(a *account) bool { return a.Type != typeUser || s.roleOf(r, a) < roleWrite })
}

// ownership is one set of owners that a pull request needs a word of.
type ownership struct {
	label  string
	people []*account
}

// ownershipOf lists the owner sets of a pull request's files, each once, read from the base branch.
func (s *Server) ownershipOf(r *repository, i *issue) ([]ownership, error) {
	file, err := s.ownersAt(r, "refs/heads/"+i.pull.baseRef)
	if err != nil {
		return nil, err
	}
	from, to, err := s.pullRange(r, i.pull)
	if err != nil {
		return nil, err
	}
	files, err := r.diffFiles(from, to)
	if err != nil {
		return nil, err
	}
	sets := map[string]ownership{}
	for _, f := range files {
		for _, path := range f.paths() {
			owners, err := file.owners(path)
			if err != nil {
				return nil, err
			}
			o := ownership{}
			var names []string
			for _, owner := range owners {
				if people := s.people(r, owner); len(people) > 0 {
					o.people = append(o.people, people...)
					names = append(names, strings.TrimPrefix(owner.String(), "@"))
				}
			}
			o.label = strings.Join(names, " or ")
			if len(names) > 0 {
				sets[o.label] = o
			}
		}
	}
	list := make([]ownership, 0, len(sets))
	for _, o := range sets {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b ownership) int { return strings.Compare(a.label, b.label) })
	return list, nil
}

// missingOwners words the owner sets of which nobody has approved. The author's own ownership approves nothing.
func (s *Server) missingOwners(r *repository, i *issue) ([]string, error) {
	sets, err := s.ownershipOf(r, i)
	if err != nil {
		return nil, err
	}
	standing := i.pull.standing()
	var missing []string
	for _, set := range sets {
		approved := slices.ContainsFunc(set.people, func(a *account) bool {
			v := standing[a]
			return v != nil && v.State == reviewApproved && a != i.Author
		})
		if !approved {
			missing = append(missing, "Waiting on code owner review from "+set.label+".")
		}
	}
	return missing, nil
}

// codeownersErrors lists skipped lines, and owners that do not exist or cannot write: neither binds anybody.
func (c *call) codeownersErrors() (answer, error) {
	ref := c.request.URL.Query().Get("ref")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	rev, err := c.repo.resolve(ref)
	if err != nil {
		return answer{}, err
	}
	if rev == "" {
		return answer{}, notFound()
	}
	file, err := c.ownersAt(c.repo, rev)
	if err != nil {
		return answer{}, err
	}
	if file.path == "" {
		return answer{}, notFound()
	}
	list := []object{}
	for _, b := range file.broken {
		list = append(list, object{"line": b.number, "column": 1, "kind": "Invalid pattern", "source": b.source, "suggestion": nil,
			"message": fmt.Sprintf("Invalid pattern on line %d: %s", b.number, b.reason), "path": file.path})
	}
	for _, rule := range file.rules {
		for _, owner := range rule.Owners {
			if len(c.people(c.repo, owner)) == 0 {
				list = append(list, object{"line": rule.LineNumber, "column": 1, "kind": "Unknown owner", "source": rule.RawPattern() + " " + owner.String(), "suggestion": nil,
					"message": fmt.Sprintf("Unknown owner: make sure %s exists and has write access to the repository", owner), "path": file.path})
			}
		}
	}
	return ok(object{"errors": list})
}
