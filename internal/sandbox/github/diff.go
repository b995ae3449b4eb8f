package github

import (
	"fmt"
	"strconv"
	"strings"
)

// fileDiff is one changed file.
type fileDiff struct {
	Path, Previous       string // Previous only for renames
	Status               string // added, removed, modified, renamed
	Object               string
	Additions, Deletions int
	Patch                string // from the first hunk on; "" for binary files
}

// paths are both names of a renamed file: moving a file out of an owned folder concerns its owners.
func (f fileDiff) paths() []string {
	if f.Previous != "" {
		return []string{f.Path, f.Previous}
	}
	return []string{f.Path}
}

// diffFiles lists what changed between two commits, with patches.
func (g bare) diffFiles(from, to string) ([]fileDiff, error) {
	raw, err := g.git("diff", "--raw", "-z", "--no-abbrev", "-M", from, to)
	if err != nil {
		return nil, err
	}
	files, err := parseRawDiff(splitNUL(raw))
	if err != nil {
		return nil, err
	}
	numbers, err := g.git("diff", "--numstat", "-z", "-M", from, to)
	if err != nil {
		return nil, err
	}
	countLines(files, splitNUL(numbers))
	patch, err := g.git("diff", "-M", "--no-color", from, to)
	if err != nil {
		return nil, err
	}
	attachPatches(files, patch)
	return files, nil
}

// parseRawDiff reads git diff --raw -z: a line of modes and objects, then one path, or two for a rename.
func parseRawDiff(tokens []string) ([]fileDiff, error) {
	statuses := map[byte]string{'A': "added", 'D': "removed", 'M': "modified", 'T': "changed", 'R': "renamed"}
	var files []fileDiff
	for len(tokens) > 1 {
		fields := strings.Fields(tokens[0])
		if len(fields) != 5 {
			return nil, fmt.Errorf("reading a diff: unknown line %q", tokens[0])
		}
		f := fileDiff{Path: tokens[1], Object: fields[3], Status: statuses[fields[4][0]]}
		if f.Status == "removed" {
			f.Object = fields[2]
		}
		tokens = tokens[2:]
		if f.Status == "renamed" && len(tokens) > 0 {
			f.Previous, f.Path = f.Path, tokens[0]
			tokens = tokens[1:]
		}
		files = append(files, f)
	}
	return files, nil
}

// countLines reads numstat, which lists the same files in the same order; a rename has an empty path and two more tokens.
func countLines(files []fileDiff, tokens []string) {
	for n := 0; n < len(files) && len(tokens) > 0; n++ {
		fields := strings.SplitN(tokens[0], "\t", 3)
		tokens = tokens[1:]
		if len(fields) != 3 {
			return
		}
		if fields[2] == "" && len(tokens) >= 2 {
			tokens = tokens[2:]
		}
		files[n].Additions = countOrZero(fields[0])
		files[n].Deletions = countOrZero(fields[1])
	}
}

// countOrZero reads numstat's "-" of binary files as zero.
func countOrZero(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// attachPatches cuts one patch into files. git lists them in the same order as the raw form.
func attachPatches(files []fileDiff, patch string) {
	n := -1
	var b strings.Builder
	inHunk := false
	flush := func() {
		if n >= 0 && n < len(files) {
			files[n].Patch = strings.TrimSuffix(b.String(), "\n")
		}
		b.Reset()
		inHunk = false
	}
	for line := range strings.SplitSeq(patch, "\n") {
		if strings.HasPrefix(line, "diff --git ") {
			flush()
			n++
			continue
		}
		inHunk = inHunk || strings.HasPrefix(line, "@@ ")
		if inHunk {
			b.WriteString(line + "\n")
		}
	}
	flush()
}

func (s *Server) fileJSON(r *repository, head string, f fileDiff) object {
	o := object{"sha": f.Object, "filename": f.Path, "status": f.Status, "additions": f.Additions, "deletions": f.Deletions,
		"changes": f.Additions + f.Deletions, "blob_url": s.repoHTML(r, "/blob/"+head+"/"+f.Path), "raw_url": s.repoHTML(r, "/raw/"+head+"/"+f.Path),
		"contents_url": s.repoAPI(r, "/contents/"+f.Path+"?ref="+head)}
	if f.Patch != "" {
		o["patch"] = f.Patch
	}
	if f.Previous != "" {
		o["previous_filename"] = f.Previous
	}
	return o
}
