package images

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Publisher pushes over HTTP to whatever registry a repository's name points to, as a build would.
type Publisher struct{ pusher *remote.Pusher }

// NewPublisher returns a Publisher with the credentials that Docker has configured. A nil transport is http.DefaultTransport.
func NewPublisher(way http.RoundTripper) (*Publisher, error) {
	if way == nil {
		way = http.DefaultTransport
	}
	// One try: a fault of the registry is the matter of a test, and not to be slept over.
	pusher, err := remote.NewPusher(remote.WithTransport(way), remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes())
	if err != nil {
		return nil, fmt.Errorf("preparing to push: %w", err)
	}
	return &Publisher{pusher: pusher}, nil
}

// taggable is a manifest as bytes, the form in which the library pushes it unchanged.
type taggable struct {
	mediaType string
	body      []byte
}

// RawManifest returns the bytes.
func (t taggable) RawManifest() ([]byte, error) { return t.body, nil }

// MediaType returns what the bytes are.
func (t taggable) MediaType() (types.MediaType, error) { return types.MediaType(t.mediaType), nil }

// Push uploads an image and shows it at a tag, which moves there if it exists.
func (p *Publisher) Push(ctx context.Context, image Image, repository digest.Repository, tag string) error {
	target, err := name.NewRepository(repository.String())
	if err != nil {
		return fmt.Errorf("pushing to %q: %w", repository, err)
	}
	for _, blob := range image.content.blobs {
		if err := p.upload(ctx, target, blob); err != nil {
			return err
		}
	}
	for _, m := range image.content.manifests {
		if err := p.put(ctx, target.Digest(m.digest.String()), taggable{mediaType: m.mediaType, body: m.body}); err != nil {
			return err
		}
	}
	last := image.content.manifests[len(image.content.manifests)-1]
	return p.put(ctx, target.Tag(tag), taggable{mediaType: last.mediaType, body: last.body})
}

func (p *Publisher) upload(ctx context.Context, target name.Repository, blob []byte) error {
	if err := p.pusher.Upload(ctx, target, static.NewLayer(blob, types.OCIUncompressedLayer)); err != nil {
		return fmt.Errorf("pushing blob to %q: %w", target, err)
	}
	return nil
}

func (p *Publisher) put(ctx context.Context, reference name.Reference, m remote.Taggable) error {
	if err := p.pusher.Push(ctx, reference, m); err != nil {
		return fmt.Errorf("pushing manifest %q: %w", reference, err)
	}
	return nil
}
