package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/pipeline"
)

// remarkOnDocuments says what is readable but leaves nothing to do: no document, a file without one, a pipeline that no image goes through.
func remarkOnDocuments(s streams, set *pipeline.Set, tree fs.FS) error {
	files := 0
	err := fs.WalkDir(tree, pipeline.Directory, func(file string, entry fs.DirEntry, err error) error {
		ext := path.Ext(file)
		if err != nil || entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return err
		}
		files++
		content, err := fs.ReadFile(tree, file)
		if err == nil && empty(content) {
			fmt.Fprintf(s.err, "%s: no document in it, so that it says nothing\n", file)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading %s: %w", pipeline.Directory, err)
	}
	if files == 0 {
		fmt.Fprintf(s.err, "%s: no document in it, so that nothing is promoted: want a Pipeline, and an Image for each image to watch\n", pipeline.Directory)
	}
	watched := map[string]int{}
	for _, environment := range set.Environments() {
		watched[environment.Pipeline] += len(set.ImagesOf(environment.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(watched)) {
		if watched[name] == 0 {
			fmt.Fprintf(s.err, "%s: no Image goes through Pipeline %q, so that nothing is promoted: want an Image for each image to watch\n", pipeline.Directory, name)
		}
	}
	return nil
}

// empty reports whether a YAML file that was read without a problem has nothing but comments and separators.
func empty(content []byte) bool {
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line != "" && line != "---" && line != "..." {
			return false
		}
	}
	return lines.Err() == nil // a line too long to scan is not empty
}
