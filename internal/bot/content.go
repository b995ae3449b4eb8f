package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// content is a manifest by digest, or why there is none.
type content struct {
	manifest evidence.Manifest
	err      error
}

// date is when an image says that it was built, or why that is not known.
type date struct {
	created int64
	err     error
}

// until implements rememberable.
func (c content) until(now time.Time) time.Time { return goodUntil(now, c.err) }

// size implements rememberable.
func (c content) size() int { return 1024 + len(c.manifest.Body) }

// until implements rememberable.
func (d date) until(now time.Time) time.Time { return goodUntil(now, d.err) }

// size implements rememberable.
func (d date) size() int { return 512 }

// goodUntil lets what was found stand, and what is not there: a push says that it came. Other errors may heal by themselves.
func goodUntil(now time.Time, err error) time.Time {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return now.Add(forEver)
	}
	return now.Add(max(lookAgain, retryAfter(err)))
}

// manifest returns a manifest by digest. It never changes once it is there: fresh asks again only for what was not.
func (g *gatherer) manifest(ctx context.Context, reference digest.Reference, a asking) (evidence.Manifest, error) {
	c, err := g.manifests.get(ctx, reference, a, func(ctx context.Context, before content) content {
		if before.err == nil && !before.manifest.Digest.IsZero() {
			return before
		}
		manifest, err := g.registries.manifest(ctx, reference)
		return content{manifest, err}
	})
	if err != nil {
		return evidence.Manifest{}, err
	}
	return c.manifest, c.err
}

// created returns when an image says that it was built; 0 where it does not say.
func (g *gatherer) created(ctx context.Context, manifest evidence.Manifest, a asking) (int64, error) {
	reference := digest.Reference{Repository: manifest.Repository, Digest: manifest.Digest}
	d, err := g.dates.get(ctx, reference, a, func(ctx context.Context, before date) date {
		if before.err == nil && before.created != 0 {
			return before
		}
		created, err := g.registries.created(ctx, manifest)
		return date{created, err}
	})
	if err != nil {
		return 0, err
	}
	return d.created, d.err
}

// built returns the same of an image by digest.
func (g *gatherer) built(ctx context.Context, reference digest.Reference, a asking) (int64, error) {
	manifest, err := g.manifest(ctx, reference, a)
	if err != nil {
		return 0, err
	}
	created, err := g.created(ctx, manifest, a)
	if err != nil && !errors.Is(err, errStillLooking) { // not %w: an image that is there in part is not gone
		return 0, fmt.Errorf("reading the configuration of %s: %v", reference, err)
	}
	return created, err
}
