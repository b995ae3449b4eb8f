package internal_test

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestFigures prints how the tree reads in numbers: go test ./internal -run TestFigures -v.
func TestFigures(t *testing.T) {
	f := measure(loadTree(t, ".."))
	rows := [][2]string{
		{"files, code + test", fmt.Sprintf("%d + %d", len(f.files), f.testFiles)},
		{"lines, code + test", fmt.Sprintf("%d + %d", f.codeLines, f.testLines)},
		{"file length median / p90 / max", spread(f.files)},
		{"function length median / p90 / max", spread(f.functions)},
		{"functions over 60 lines", percent(over(f.functions, 60), len(f.functions))},
		{"cyclomatic p90 / max", fmt.Sprintf("%d / %d", quantile(f.complexity, 90), quantile(f.complexity, 100))},
		{"comment share", percent(f.commentLines, f.commentLines+f.plainLines)},
		{"comment share, with those after code", percent(f.commentLines+f.trailingLines, f.commentLines+f.plainLines)},
		{"exported names with a doc comment", percent(f.documented, f.exported)},
		{"test to code", fmt.Sprintf("%.2f", float64(f.testLines)/float64(max(f.codeLines, 1)))},
		{"packages", fmt.Sprint(len(f.imports))},
		{"imports, longest chain", fmt.Sprint(f.longestChain())},
		{"fuzz targets", fmt.Sprint(f.fuzz)},
	}
	for _, row := range rows {
		t.Logf("| %-36s | %s |", row[0], row[1])
	}
	for _, dir := range slices.Sorted(maps.Keys(f.shares)) {
		share := f.shares[dir]
		t.Logf("| %-36s | comments %s |", dir, percent(share[0], share[0]+share[1]))
	}
	if f.documented > f.exported || f.commentLines == 0 || f.longestChain() < 2 {
		t.Errorf("the measurements contradict themselves: %+v", rows)
	}
}

type figures struct {
	files, functions, complexity            []int
	testFiles, codeLines, testLines         int
	commentLines, plainLines, trailingLines int // of code, blank lines in neither
	exported, documented                    int
	fuzz                                    int
	shares                                  map[string][2]int          // comment and other lines by package directory
	imports                                 map[string]map[string]bool // package directory to the directories that it imports
}

func measure(sources []*source) figures {
	f := figures{imports: map[string]map[string]bool{}, shares: map[string][2]int{}}
	for _, s := range sources {
		if s.test {
			f.testFiles++
			f.testLines += s.lines()
			for _, function := range s.functions() {
				if strings.HasPrefix(function.Name.Name, "Fuzz") && function.Recv == nil {
					f.fuzz++
				}
			}
			continue
		}
		f.codeLines += s.lines()
		f.files = append(f.files, s.lines())
		for _, function := range s.functions() {
			f.functions = append(f.functions, s.length(function))
			f.complexity = append(f.complexity, complexity(function))
		}
		comments, plain, trailing := s.commentLines()
		f.commentLines += comments
		share := f.shares[s.dir]
		f.shares[s.dir] = [2]int{share[0] + comments, share[1] + plain}
		f.plainLines += plain
		f.trailingLines += trailing
		exported := s.exported()
		f.exported += exported
		f.documented += exported - len(checkDocs(s))
		if f.imports[s.dir] == nil {
			f.imports[s.dir] = map[string]bool{}
		}
		for _, i := range s.imports() {
			if dir, ok := strings.CutPrefix(i.path, module); ok {
				f.imports[s.dir][dir] = true
			}
		}
	}
	return f
}

// commentLines counts lines that hold nothing but a comment, the others that are not blank, and those of the others that end in a comment.
func (s *source) commentLines() (comments, plain, trailing int) {
	only := map[int]bool{}
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			start, end := s.fset.Position(c.Pos()), s.fset.Position(c.End())
			for line := start.Line; line <= end.Line; line++ {
				only[line] = true
			}
		}
	}
	number := 0
	for line := range strings.Lines(s.text) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case only[number] && (strings.HasPrefix(line, "//") || strings.HasPrefix(line, "/*") || strings.HasPrefix(line, "*")):
			comments++
		default:
			plain++
			if only[number] {
				trailing++
			}
		}
	}
	return comments, plain, trailing
}

// exported counts the names that checkDocs looks at.
func (s *source) exported() int {
	if s.file.Name.Name == "main" {
		return 0
	}
	n := 0
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if receiver := receiverType(d); d.Name.IsExported() && (receiver == "" || ast.IsExported(receiver)) {
				n++
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						n++
					}
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						if name.IsExported() {
							n++
						}
					}
				}
			}
		}
	}
	return n
}

// longestChain is the number of our own packages on the longest path of imports.
func (f figures) longestChain() int {
	known := map[string]int{}
	var depth func(dir string) int
	depth = func(dir string) int {
		if n, ok := known[dir]; ok {
			return n
		}
		longest := 0
		for next := range f.imports[dir] {
			longest = max(longest, depth(next))
		}
		known[dir] = longest + 1
		return longest + 1
	}
	longest := 0
	for dir := range f.imports {
		longest = max(longest, depth(dir))
	}
	return longest
}

func quantile(values []int, percent int) int {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

func spread(values []int) string {
	return fmt.Sprintf("%d / %d / %d", quantile(values, 50), quantile(values, 90), quantile(values, 100))
}

func over(values []int, limit int) int {
	n := 0
	for _, v := range values {
		if v > limit {
			n++
		}
	}
	return n
}

func percent(part, whole int) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(max(whole, 1)))
}
