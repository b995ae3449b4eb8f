package bot

import (
	"context"
	"fmt"

	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

// recordOrphans records the vetoes of proposals that were opened and closed before they were recorded: a crash, or a ledger that could
// not be written, must not make a person's no unsaid.
func (b *Bot) recordOrphans(ctx context.Context, r *repository, v *view, assessments []assessment) error {
	var entries []ledger.Entry
	for _, a := range assessments {
		if a.action != promotion.Open {
			continue
		}
		vetoed, err := b.orphansOf(ctx, r, v, a.unit)
		if err != nil {
			return err
		}
		entries = append(entries, vetoed...)
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := b.record(ctx, v, nil, entries...); err != nil {
		return err
	}
	return errAgain
}

// orphansOf asks the forge only where a branch is there that the record does not know the head of.
func (b *Bot) orphansOf(ctx context.Context, r *repository, v *view, unit promotion.Unit) ([]ledger.Entry, error) {
	branch := promotion.Branch(unit.Environment, unit.Application)
	there := v.refs[heads+branch]
	if there == "" || v.chain.Memory.RecordedHead(there) {
		return nil, nil
	}
	closed, err := r.remote.Proposals.ClosedPullRequests(ctx, branch)
	if err != nil {
		return nil, fmt.Errorf("looking for closed proposals: %w", err)
	}
	var entries []ledger.Entry
	for _, pull := range closed {
		if pull.Merged || !pull.Author.Bot || pull.BaseRef != unit.Base || v.chain.Memory.Recorded(pull.Number) {
			continue
		}
		entry, vetoed, err := b.orphan(ctx, r, v, unit, pull.Number)
		if err != nil {
			return nil, err
		}
		if vetoed {
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// orphan is the entry for one proposal that the record does not know, or false where no person said no to an image with it.
func (b *Bot) orphan(ctx context.Context, r *repository, v *view, unit promotion.Unit, number int) (ledger.Entry, bool, error) {
	pull, err := r.remote.Proposals.PullRequest(ctx, number)
	if err != nil {
		return ledger.Entry{}, false, fmt.Errorf("reading pull request %d: %w", number, err)
	}
	entry, ended := ending(unproposed(unit, pull), pull, unit.Base, v.at)
	if !ended || entry.Kind != ledger.Vetoed {
		return ledger.Entry{}, false, nil
	}
	pull.SameRepository = false // its branch may have moved on, or be gone: the forge keeps the head under the number
	h, err := b.readHead(ctx, r, v, pull)
	if err != nil {
		return ledger.Entry{}, false, err
	}
	for _, u := range h.units {
		if u.unit.Environment != unit.Environment || u.unit.Application != unit.Application {
			continue
		}
		for _, move := range u.moves {
			if !move.To.Digest.IsZero() {
				entry.Images = append(entry.Images, imageOf(move))
			}
		}
	}
	sortImages(entry.Images)
	return entry, len(entry.Images) > 0, nil
}

// unproposed is the entry that was never written, as far as the forge still tells.
func unproposed(unit promotion.Unit, pull promotion.PullRequest) ledger.Entry {
	return ledger.Entry{
		Environment: unit.Environment, Application: unit.Application,
		Proposal: &ledger.Proposal{Number: pull.Number, Branch: pull.HeadRef, Head: pull.HeadCommit},
	}
}
