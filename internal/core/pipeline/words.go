package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// describe says what a node is, in words for the second half of a message.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.AliasNode:
		return describe(n.Alias)
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch tag := n.ShortTag(); tag {
		case "!!null":
			return "nothing"
		case "!!str":
			return fmt.Sprintf("%q", clip(n.Value))
		case "!!int", "!!float":
			return "the number " + clip(n.Value)
		case "!!bool":
			return "the truth value " + clip(n.Value)
		case "!!timestamp":
			return "the date " + clip(n.Value)
		default:
			return fmt.Sprintf("%q with tag %q", clip(n.Value), clip(tag))
		}
	default:
		return "nothing"
	}
}

// clip keeps a message readable when a value is hostile.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, " and ")
}

func find(fields []field, name string) *field {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &fields[i]
}

func oneOf(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return "one of " + strings.Join(names, ", ")
}

// didYouMean names the field that was probably meant, if one is near enough.
func didYouMean(written string, fields []field) string {
	best, nearest := "", len(written)/3+2
	for _, f := range fields {
		if len(written) > 2 && strings.HasPrefix(f.name, written) {
			return fmt.Sprintf("; did you mean %s?", f.name)
		}
		if distance := editDistance(strings.ToLower(written), strings.ToLower(f.name)); distance < nearest {
			best, nearest = f.name, distance
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// editDistance counts the insertions, deletions and replacements between two short texts. Long ones are never near.
func editDistance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
