package bot

import (
	"context"
	"fmt"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/core/promotion"
	"github.com/liftlock/liftlock/internal/core/render"
	"github.com/liftlock/liftlock/internal/core/verdict"
)

// proposal gathers what people are shown of a unit's moves. decided is the entry that records the verdicts, if there is one yet.
func (b *Bot) proposal(ctx context.Context, v *view, unit promotion.Unit, judgements []judgement, owned []verdict.OwnedPath, decided *ledger.Entry) render.Proposal {
	p := render.Proposal{
		Environment: unit.Environment, Application: unit.Application, Changed: owned,
		Record: render.Record{Branch: v.ledgerBranch},
	}
	if decided != nil {
		p.Record.Path, p.Record.Sequence = decided.Path(), decided.Seq
	}
	for _, j := range judgements {
		shown := render.Judgement{
			Move: j.move, Verdict: j.verdict, Input: digest.Of(j.input),
			Order: j.evidence.Order, After: j.evidence.Vulnerabilities, Source: sourceOf(j.evidence.Signatures),
		}
		if !j.move.From.Digest.IsZero() {
			replaced := digest.Reference{Repository: j.move.Image.Repository, Digest: j.move.From.Digest}
			before := b.gatherer.gather(ctx, replaced, v.set.Trust(unit.Environment), false)
			shown.Before, shown.SourceBefore = before.vulnerabilities, sourceOf(before.signatures)
		}
		p.Approvals = max(p.Approvals, v.set.Requirements(unit.Environment, j.move.Image.Name).Gates.Review.Approvals)
		p.Judgements = append(p.Judgements, shown)
	}
	return p
}

// sourceOf is the commit that the image was built from, by the first certificate that says so.
func sourceOf(signatures []verdict.Signature) render.Source {
	for _, s := range signatures {
		if s.Signer.SourceRepository != "" && s.Signer.SourceDigest != "" {
			return render.Source{Repository: s.Signer.SourceRepository, Commit: s.Signer.SourceDigest}
		}
	}
	return render.Source{}
}

// text is everything that a proposal writes for people.
type text struct{ title, body, commit string }

func (b *Bot) textOf(ctx context.Context, v *view, a *assessment, decided ledger.Entry) (text, error) {
	owned, err := v.ownedBy(a)
	if err != nil {
		return text{}, err
	}
	p := b.proposal(ctx, v, a.unit, a.judgements, owned, &decided)
	return text{title: render.PullRequestTitle(p), body: render.PullRequestBody(p), commit: render.CommitMessage(p)}, nil
}

// ownedBy says who owns the files that an assessment would edit.
func (v *view) ownedBy(a *assessment) ([]verdict.OwnedPath, error) {
	paths := make([]string, 0, len(a.edits))
	for _, e := range a.edits {
		paths = append(paths, e.Path)
	}
	owned, err := ownersOf(v.bases[a.unit.Base].tree, paths)
	if err != nil {
		return nil, fmt.Errorf("finding owners: %w", err)
	}
	return owned.Paths, nil
}
