package bot

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/pipeline"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

// sighting is what a watch resolved to, and when.
type sighting struct {
	promotion.Candidate
	at    time.Time
	every time.Duration
	err   error
}

// until implements rememberable. A registry that could not be read is read again sooner than one that could, unless it asked for rest.
func (s sighting) until(time.Time) time.Time {
	if s.err != nil {
		return s.at.Add(max(min(s.every, lookAgain), retryAfter(s.err)))
	}
	return s.at.Add(s.every)
}

// size implements rememberable.
func (s sighting) size() int { return 512 }

// patient begins to wait for registries anew. Where nobody could be told that a slow one has answered, there is no end to it.
func (v *view) patient() {
	if v.again != nil {
		v.wait = newPatience()
	}
}

// asking is how the view asks about an image repository.
func (v *view) asking(repository digest.Repository) asking {
	return asking{since: v.since, fresh: v.fresh[repository], wait: v.wait, again: v.again}
}

// sight looks up the candidates of all images that are due, and reports whether anything came out differently than before.
func (b *Bot) sight(ctx context.Context, r *repository, v *view, h hints) bool {
	v.seen, v.unseen, v.fresh = map[string]promotion.Candidate{}, map[string]error{}, map[digest.Repository]bool{}
	if v.set == nil {
		return false
	}
	images := v.set.Images()
	for _, image := range images {
		if h.full || h.packages[image.Repository] {
			v.fresh[image.Repository] = true
		}
	}
	v.patient()
	found := make([]sighting, len(images))
	var looking sync.WaitGroup
	for n, image := range images {
		looking.Go(func() {
			var err error
			if found[n], err = r.sightings.get(ctx, image.Name, v.asking(image.Repository), b.resolving(image)); err != nil {
				found[n] = sighting{at: b.Now(), every: longest, err: err} // whoever looks it up says when there is an answer
			}
		})
	}
	looking.Wait()
	moved := false
	for n, image := range images {
		name := image.Name
		known := r.seen[name]
		moved = moved || known.Candidate != found[n].Candidate || (known.err == nil) != (found[n].err == nil)
		r.seen[name] = found[n]
		if found[n].err != nil {
			v.unseen[name] = found[n].err
			if v.fresh[image.Repository] { // what was heard of it is still to be looked at
				r.restore(hints{packages: map[digest.Repository]bool{image.Repository: true}, since: v.since})
			}
			level := slog.LevelWarn
			if errors.Is(found[n].err, errStillLooking) {
				level = slog.LevelDebug
			}
			b.Log.Log(ctx, level, "candidate could not be looked up", "repository", r.name, "image", name, "error", found[n].err)
			continue
		}
		v.seen[name] = found[n].Candidate
	}
	return moved
}

// resolving looks up the candidate of an image.
func (b *Bot) resolving(image pipeline.ImageRoute) func(context.Context, sighting) sighting {
	return func(ctx context.Context, _ sighting) sighting {
		c, err := b.resolve(ctx, image)
		return sighting{Candidate: c, at: b.Now(), every: b.every(image), err: err} // of the answer: a slow one would else be too old when it comes
	}
}

// resolve finds the candidate of an image: which tag the watch wants, and what the registry serves there now.
func (b *Bot) resolve(ctx context.Context, image pipeline.ImageRoute) (promotion.Candidate, error) {
	registries := b.gatherer.registries
	tag, exact := image.Watch.Exact()
	if !exact {
		tags, err := registries.tags(ctx, image.Repository)
		if err != nil {
			return promotion.Candidate{}, err
		}
		var ok bool
		if tag, ok = image.Watch.Choose(tags); !ok {
			return promotion.Candidate{}, nil // nothing matches yet: no candidate, and no error
		}
	}
	manifest, err := registries.resolve(ctx, image.Repository, tag)
	if errors.Is(err, fs.ErrNotExist) {
		return promotion.Candidate{}, nil
	}
	if err != nil {
		return promotion.Candidate{}, err
	}
	if candidate, _ := manifest.Candidate(); !candidate {
		return promotion.Candidate{}, nil // a signature or another attached document at a watched tag is no candidate
	}
	return promotion.Candidate{Tag: tag, Digest: manifest.Digest}, nil
}
