package rego

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/liftlock/liftlock/internal/core/verdict"
)

// modules parses the built-in rules without tests.
func modules(t *testing.T) map[string]*ast.Module {
	t.Helper()
	files := map[string][]byte{}
	if err := builtIn(files, false); err != nil {
		t.Fatal(err)
	}
	loaded, problems := load(files)
	if len(problems) > 0 {
		t.Fatal(join(problems))
	}
	return loaded.ParsedModules()
}

// annotations returns the metadata of every rule that has some.
func annotations(t *testing.T) []*ast.Annotations {
	t.Helper()
	var all []*ast.Annotations
	for _, module := range modules(t) {
		all = append(all, module.Annotations...)
	}
	return all
}

// spoken is the codes that the rules' metadata names.
func spoken(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, a := range annotations(t) {
		list, _ := a.Custom["codes"].([]any)
		for _, code := range list {
			all = append(all, code.(string))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Every rule that speaks says who owns it, when it must be looked at again, and which codes it uses; their remedies stand in the table.
func TestMetadata(t *testing.T) {
	for name, module := range modules(t) {
		if !strings.Contains(module.Package.Path.String(), "gates") {
			continue
		}
		var described bool
		for _, a := range module.Annotations {
			described = described || (a.Scope == "package" && a.Title != "" && a.Description != "")
		}
		if !described {
			t.Errorf("%s: the package has no title and description", name)
		}
		if first := firstFindings(module); first != nil && len(first.Annotations) == 0 {
			t.Errorf("%s: no metadata", first.Location)
		}
	}
	for _, a := range annotations(t) {
		if a.Scope == "package" {
			continue
		}
		if a.Title == "" || a.Description == "" || a.Custom["owner"] == nil {
			t.Errorf("%s: want title, description and custom owner", a.Location)
		}
		if _, err := time.Parse(time.DateOnly, text(a.Custom["review_by"])); err != nil {
			t.Errorf("%s: review_by: %v", a.Location, err)
		}
	}
	for _, code := range spoken(t) {
		if _, ok := verdict.LookUp(code); !ok {
			t.Errorf("code %s is not in the table", code)
		}
	}
}

func text(v any) string { s, _ := v.(string); return s }

func firstFindings(module *ast.Module) *ast.Rule {
	for _, rule := range module.Rules {
		if rule.Head.Ref().String() == "findings" {
			return rule
		}
	}
	return nil
}

// A call under not is undefined, not true, where an argument is a path into a document that is not there: OPA looks the argument up first.
// A finding that is told by such a line would vanish with the fact that it is about, so that arguments under not are bound names only.
func TestNoPathsInCallsUnderNot(t *testing.T) {
	negated := 0
	for _, module := range modules(t) {
		ast.WalkExprs(module, func(expr *ast.Expr) bool {
			if !expr.Negated {
				return false
			}
			negated++
			if !expr.IsCall() || expr.IsEquality() || expr.Operator().Equal(ast.Equal.Ref()) {
				return false
			}
			for _, operand := range expr.Operands() {
				if ref, ok := operand.Value.(ast.Ref); ok && len(ref) > 1 {
					t.Errorf("%s: not … %s: want a name that is bound before", expr.Location, ref)
				}
				if _, ok := operand.Value.(ast.Call); ok {
					t.Errorf("%s: not … a call inside a call", expr.Location)
				}
			}
			return false
		})
	}
	if negated < 20 {
		t.Errorf("only %d negated expressions found", negated)
	}
}
