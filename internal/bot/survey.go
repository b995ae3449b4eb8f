package bot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/liftlock/liftlock/internal/core/overlay"
	"github.com/liftlock/liftlock/internal/core/pipeline"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

// survey reads which images every environment pins: units in the order of the pipeline, which is the order in which everything is shown
// and done, then by application. All overlays that cannot be read are reported at once.
func survey(set *pipeline.Set, bases map[string]base, main string) ([]promotion.Unit, error) {
	var units []promotion.Unit
	var problems []error
	for _, environment := range set.Environments() {
		branch := orMain(environment.Branch, main)
		found, err := surveyEnvironment(set, environment, bases[branch], branch, func(string) bool { return true })
		units = append(units, found...)
		if err != nil {
			problems = append(problems, fmt.Errorf("environment %q: %w", environment.Name, err))
		}
	}
	return units, errors.Join(problems...)
}

// surveyEnvironment reads those overlays of one environment that are of interest.
func surveyEnvironment(set *pipeline.Set, environment pipeline.EnvironmentRoute, base base, branch string, of func(dir string) bool) ([]promotion.Unit, error) {
	directories, err := set.Overlays(environment.Name, base.tree)
	if err != nil {
		return nil, err
	}
	var overlays []*overlay.Overlay
	var problems []error
	for _, directory := range directories {
		if !of(directory) {
			continue
		}
		o, err := base.overlays.Open(directory)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		overlays = append(overlays, o)
	}
	pinned := newPinboard(base.overlays, overlays)
	byApplication := map[string]*promotion.Unit{}
	for _, image := range set.ImagesOf(environment.Name) {
		pins, err := pinned.pinsOf(image)
		if err != nil {
			problems = append(problems, err)
		}
		if len(pins) == 0 {
			continue
		}
		application := image.Application
		unit, ok := byApplication[application]
		if !ok {
			unit = &promotion.Unit{Environment: environment.Name, Application: application, Base: branch, After: environment.After}
			byApplication[application] = unit
		}
		unit.Images = append(unit.Images, promotion.Image{Name: image.Name, Repository: image.Repository, Pins: pins})
	}
	units := make([]promotion.Unit, 0, len(byApplication))
	for _, unit := range byApplication {
		slices.SortFunc(unit.Images, func(a, b promotion.Image) int { return cmp.Compare(a.Name, b.Name) })
		units = append(units, *unit)
	}
	slices.SortFunc(units, func(a, b promotion.Unit) int { return cmp.Compare(a.Application, b.Application) })
	return units, errors.Join(problems...)
}

// movesBetween returns what changes for a unit's images from one tree to another: an image and target for each digest that any of
// its entries has come to. A pin that was dropped is a move to no digest.
func movesBetween(unit promotion.Unit, before, after *overlay.Tree) []promotion.Move {
	var moves []promotion.Move
	for _, image := range unit.Images {
		byTarget := map[promotion.Candidate]*promotion.Move{}
		for _, pin := range image.Pins {
			old := entryAt(before, pin)
			now := entryAt(after, pin)
			if old.Digest == now.Digest && (old.Tag == now.Tag || !now.Digest.IsZero()) {
				continue
			}
			move, ok := byTarget[now]
			if !ok {
				move = &promotion.Move{Image: promotion.Image{Name: image.Name, Repository: image.Repository}, From: old, To: now}
				byTarget[now] = move
			}
			pin.Candidate = old
			move.Image.Pins = append(move.Image.Pins, pin)
		}
		for _, move := range byTarget {
			moves = append(moves, *move)
		}
	}
	slices.SortFunc(moves, func(a, b promotion.Move) int {
		return cmp.Or(cmp.Compare(a.Image.Name, b.Image.Name), cmp.Compare(a.To.Digest.String(), b.To.Digest.String()), cmp.Compare(a.To.Tag, b.To.Tag))
	})
	return moves
}

// entryAt returns what a pin says in a tree; nothing where the overlay or its entry is gone or cannot be read: that pins nothing.
func entryAt(tree *overlay.Tree, pin promotion.Pin) promotion.Candidate {
	o, err := tree.Open(pin.Overlay)
	if err != nil {
		return promotion.Candidate{}
	}
	for _, entry := range o.Entries {
		if entry.Name == pin.Entry && entry.Err == nil {
			return promotion.Candidate{Tag: entry.Tag, Digest: entry.Digest}
		}
	}
	return promotion.Candidate{}
}
