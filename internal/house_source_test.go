package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// source is one parsed file. Paths are relative to the root, with slashes.
type source struct {
	path, dir string
	test      bool
	fset      *token.FileSet
	file      *ast.File
	text      string
}

// loadTree parses every Go file that is part of the module.
func loadTree(t *testing.T, root string) []*source {
	t.Helper()
	fset := token.NewFileSet()
	var sources []*source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s, err := parseSource(fset, filepath.ToSlash(relative), string(text))
		sources = append(sources, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func parseSource(fset *token.FileSet, name, text string) (*source, error) {
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return &source{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), fset: fset, file: file, text: text}, err
}

func (s *source) finding(rule, function string, pos token.Pos, message string) finding {
	return finding{rule: rule, file: s.path, function: function, message: message, place: s.fset.Position(pos)}
}

type imported struct {
	path, name string // name: as the file calls it
	pos        token.Pos
}

func (s *source) imports() []imported {
	var list []imported
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser took it, so it is quoted well
		}
		name := path.Base(p)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p)) // the major version is no name
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		list = append(list, imported{path: p, name: name, pos: spec.Pos()})
	}
	return list
}

// functions yields every function declaration that has a body.
func (s *source) functions() []*ast.FuncDecl {
	var list []*ast.FuncDecl
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			list = append(list, f)
		}
	}
	return list
}

func (s *source) lines() int { return strings.Count(s.text, "\n") }

func (s *source) length(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// functionName is Type.Method or Function.
func functionName(f *ast.FuncDecl) string {
	if receiver := receiverType(f); receiver != "" {
		return receiver + "." + f.Name.Name
	}
	return f.Name.Name
}

func receiverType(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	expr := f.Recv.List[0].Type
	for {
		switch x := expr.(type) {
		case *ast.StarExpr:
			expr = x.X
		case *ast.IndexExpr:
			expr = x.X
		case *ast.IndexListExpr:
			expr = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// complexity is McCabe's number as gocyclo counts it: one, and one for each branch; closures count with their parent.
func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil {
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}
