package bot

import (
	"cmp"
	"slices"

	"github.com/liftlock/liftlock/internal/core/overlay"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

// provedEdit makes the moves in a tree's files, and says how far it was proved that nothing else follows from them.
func provedEdit(on base, moves []promotion.Move) (edits []promotion.FileEdit, rendered string, err error) {
	files := map[string][]byte{}
	for _, move := range moves {
		for _, pin := range move.Image.Pins {
			o, err := on.overlays.Open(pin.Overlay)
			if err != nil {
				return nil, "", err
			}
			content, ok := files[o.Path]
			if !ok {
				content = o.Data
			}
			result, err := overlay.Set(o.Path, content, editOf(move, pin))
			if err != nil {
				return nil, "", err
			}
			files[o.Path] = result.Data
		}
	}
	edits = make([]promotion.FileEdit, 0, len(files))
	for path, content := range files {
		edits = append(edits, promotion.FileEdit{Path: path, Content: content})
	}
	slices.SortFunc(edits, func(a, b promotion.FileEdit) int { return cmp.Compare(a.Path, b.Path) })
	return edits, "entries", nil
}

func editOf(move promotion.Move, pin promotion.Pin) overlay.Edit {
	return overlay.Edit{Name: pin.Entry, NewName: pin.NewName, Tag: move.To.Tag, Digest: move.To.Digest}
}
