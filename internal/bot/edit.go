package bot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/overlay"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

// provedEdit makes the moves in the files of a base, and says how far it was proved that nothing else follows from them. An error
// means that the edit must not be made.
func provedEdit(on base, moves []promotion.Move) (edits []promotion.FileEdit, rendered string, err error) {
	files := map[string][]byte{}
	targets := map[string]*overlay.Target{}
	for _, move := range moves {
		for _, pin := range move.Image.Pins {
			o, err := on.overlays.Open(pin.Overlay)
			if err != nil {
				return nil, overlay.RenderedFailed, err
			}
			content, ok := files[o.Path]
			if !ok {
				content = o.Data
			}
			e := overlay.Edit{Name: pin.Entry, NewName: pin.NewName, Tag: move.To.Tag, Digest: move.To.Digest}
			result, err := overlay.Set(o.Path, content, e)
			if err != nil {
				return nil, overlay.RenderedFailed, err
			}
			files[o.Path] = result.Data
			target, ok := targets[pin.Overlay]
			if !ok {
				target = &overlay.Target{Dir: pin.Overlay}
				targets[pin.Overlay] = target
			}
			target.Edits = append(target.Edits, e)
		}
	}
	for path, content := range files {
		edits = append(edits, promotion.FileEdit{Path: path, Content: content})
	}
	slices.SortFunc(edits, func(a, b promotion.FileEdit) int { return cmp.Compare(a.Path, b.Path) })
	rendered, err = prove(on, files, targets)
	return edits, rendered, err
}

// prove renders what would change. Overlays of other environments that build on an edited one must come out as before.
func prove(on base, files map[string][]byte, targets map[string]*overlay.Target) (string, error) {
	p := overlay.Proposal{Files: files}
	for _, dir := range slices.Sorted(maps.Keys(targets)) {
		p.Targets = append(p.Targets, *targets[dir])
		for _, other := range on.graphs().directories[dir] {
			if targets[other] == nil {
				p.Others = append(p.Others, other)
			}
		}
	}
	slices.Sort(p.Others)
	p.Others = slices.Compact(p.Others)
	proof, err := on.overlays.Prove(p)
	if err != nil {
		return overlay.RenderedFailed, fmt.Errorf("proving the edit: %w", err)
	}
	if proof.Rendered == overlay.RenderedFailed {
		return proof.Rendered, &unproved{proof.Findings}
	}
	return proof.Rendered, nil
}

// unproved is an edit that does more or less than it shall.
type unproved struct{ findings []overlay.Finding }

func (u *unproved) Error() string {
	lines := make([]string, 0, len(u.findings))
	for _, f := range u.findings {
		lines = append(lines, fmt.Sprintf("%s:%d: %s: %s", f.Path, f.Line, f.Code, f.Message))
	}
	return "the edit cannot be proved: " + strings.Join(lines, "; ")
}

// Code is that of the first finding.
func (u *unproved) Code() string {
	if len(u.findings) == 0 {
		return "RENDER_FAILED"
	}
	return u.findings[0].Code
}
