package forge

import "context"

// Room is nil where so many writes may follow at once without coming near the forge's limits; else it says when they may.
func (r *Repository) Room(ctx context.Context, writes int) error {
	_, budget, err := r.tokens.get(ctx)
	if err != nil {
		return err
	}
	if wait := budget.room(r.app.now(), writes); wait > 0 {
		return &Error{doing: "asking for room to write", reason: "waiting to stay below the forge's limits", retry: true, after: wait}
	}
	return nil
}
