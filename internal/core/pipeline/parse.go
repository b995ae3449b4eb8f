package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// located is a document with the places of its fields.
type located[T any] struct {
	doc    T
	source *source
}

// documents is what the files of one repository hold, in order of file and line.
type documents struct {
	grammar   *grammar
	pipelines []located[Pipeline]
	images    []located[Image]
	waivers   []located[Waiver]
	freezes   []located[Freeze]
	problems  Problems
	count     int
	// broken says that a document could not be told at all: what refers to it is no mistake of its own.
	broken bool
}

// parse reads a stream of documents into all.
func (all *documents) parse(file string, content []byte) {
	stream := yaml.NewDecoder(bytes.NewReader(content))
	visited := 0
	for {
		var root yaml.Node
		err := stream.Decode(&root)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			all.broken = true
			all.problems = append(all.problems, syntaxProblem(file, err))
			return
		}
		if len(root.Content) != 1 || root.Content[0].ShortTag() == "!!null" {
			continue // a comment between two lines of dashes
		}
		if all.count++; all.count > maxDocuments || len(all.pipelines) > maxPipelines {
			all.broken = true
			all.problems = append(all.problems, Problem{File: file, Line: root.Line, Column: root.Column,
				Message: fmt.Sprintf("wanted at most %d documents and %d pipelines in a repository, got more", maxDocuments, maxPipelines)})
			return
		}
		all.document(file, root.Content[0], &visited)
	}
}

// syntaxProblem finds the line in the text of a YAML error: the library gives it nowhere else.
func syntaxProblem(file string, err error) Problem {
	match := regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(.*)$`).FindStringSubmatch(err.Error())
	if match == nil {
		return Problem{File: file, Message: "wanted YAML, got " + clip(err.Error())}
	}
	problem := Problem{File: file, Message: "wanted YAML, got an error: " + clip(match[2])}
	if line, err := strconv.Atoi(match[1]); err == nil {
		problem.Line, problem.Column = line, 1
	}
	return problem
}

// document reads one document by its kind.
func (all *documents) document(file string, n *yaml.Node, visited *int) {
	d := &decoder{grammar: all.grammar, source: &source{file: file, at: map[string]position{}}, visited: visited}
	switch kindOf(n) {
	case kindPipeline:
		all.pipelines = append(all.pipelines, read[Pipeline](d, n))
	case kindImage:
		all.images = append(all.images, read[Image](d, n))
	case kindWaiver:
		all.waivers = append(all.waivers, read[Waiver](d, n))
	case kindFreeze:
		all.freezes = append(all.freezes, read[Freeze](d, n))
	default:
		all.broken = true
		d.header(n)
	}
	all.problems = append(all.problems, d.problems...)
}

// kindOf returns the kind that a document claims.
func kindOf(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "kind" {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// header complains of a document whose kind is missing or unknown; its other fields mean nothing then.
func (d *decoder) header(n *yaml.Node) {
	d.source.at[""] = position{n.Line, n.Column}
	if n.Kind != yaml.MappingNode {
		d.problem("", "a document with apiVersion, kind, metadata and spec", describe(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "kind" {
			d.source.at["kind"] = position{n.Content[i+1].Line, n.Content[i+1].Column}
			d.problem("kind", d.forms["kind"].wanted, describe(n.Content[i+1]))
			return
		}
	}
	d.problem("kind", d.forms["kind"].wanted, "nothing")
}

// read decodes a document of a known kind, as far as it can be.
func read[T any](d *decoder, n *yaml.Node) located[T] {
	var doc T
	d.value(n, "", field{}, reflect.ValueOf(&doc).Elem())
	return located[T]{doc: doc, source: d.source}
}
