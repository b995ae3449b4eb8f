package main

import (
	"fmt"
	"io/fs"

	"github.com/liftlock/liftlock/internal/core/overlay"
	"github.com/liftlock/liftlock/internal/core/owners"
	"github.com/liftlock/liftlock/internal/core/pipeline"
)

// remarkOnOwners says what GitHub skips in CODEOWNERS, and which overlays wait for reviews that nobody is asked for.
func remarkOnOwners(s streams, set *pipeline.Set, tree fs.FS, overlays *overlay.Tree) error {
	file, err := owners.Load(tree)
	if err != nil {
		return fmt.Errorf("reading CODEOWNERS: %w", err)
	}
	for _, p := range file.Problems() {
		fmt.Fprintf(s.err, "%s:%d: %s: %q\n", file.Name(), p.Line, p.Message, p.Text)
	}
	for _, environment := range set.Environments() {
		if environment.Lane != pipeline.Review || environment.Branch != "" {
			continue
		}
		directories, err := set.Overlays(environment.Name, tree)
		if err != nil {
			return err
		}
		for _, dir := range directories {
			o, err := overlays.Open(dir)
			if err != nil {
				return err
			}
			if who, _, _ := file.Owners(o.Path); len(who) == 0 {
				fmt.Fprintf(s.err, "%s: no owner in CODEOWNERS: promotions to %s need an approval by one\n", o.Path, environment.Name)
			}
		}
	}
	return nil
}
