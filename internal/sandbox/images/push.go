package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Publisher pushes over HTTP to whatever registry a repository's name points to, as a build would.
type Publisher struct {
	pusher  *remote.Pusher
	options []remote.Option
}

// NewPublisher returns a Publisher with the credentials that Docker has configured. A nil transport is http.DefaultTransport.
func NewPublisher(way http.RoundTripper) (*Publisher, error) {
	if way == nil {
		way = http.DefaultTransport
	}
	// One try: a fault of the registry is the matter of a test, and not to be slept over.
	options := []remote.Option{remote.WithTransport(way), remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes()}
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return nil, fmt.Errorf("preparing to push: %w", err)
	}
	return &Publisher{pusher: pusher, options: append(options, remote.Reuse(pusher))}, nil
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

// Attach stores an envelope beside an image in the form that its Source says: as a layer of cosign's tag, or as a referrer with
// these annotations (and in the fallback tag, where the registry has no referrers endpoint).
func (p *Publisher) Attach(ctx context.Context, subject digest.Reference, envelope evidence.Envelope, annotations map[string]string) error {
	target, err := name.NewRepository(subject.Repository.String())
	if err != nil {
		return fmt.Errorf("attaching to %q: %w", subject, err)
	}
	tag := "sha256-" + subject.Digest.Hex()
	switch envelope.Source {
	case evidence.SourceLegacySignature:
		err = p.appendLayer(ctx, target.Tag(tag+".sig"), envelope)
	case evidence.SourceLegacyAttestation:
		err = p.appendLayer(ctx, target.Tag(tag+".att"), envelope)
	case evidence.SourceReferrers:
		err = p.refer(ctx, target, subject.Digest, envelope, annotations)
	default:
		err = fmt.Errorf("source %q: want %s, %s or %s", envelope.Source, evidence.SourceLegacySignature, evidence.SourceLegacyAttestation, evidence.SourceReferrers)
	}
	if err != nil {
		return fmt.Errorf("attaching to %q: %w", subject, err)
	}
	return nil
}

func (p *Publisher) appendLayer(ctx context.Context, tag name.Tag, envelope evidence.Envelope) error {
	base, err := remote.Image(tag, append(p.options, remote.WithContext(ctx))...)
	var missing *transport.Error
	if errors.As(err, &missing) && missing.StatusCode == http.StatusNotFound {
		base, err = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), nil
	}
	if err != nil {
		return err
	}
	layer := static.NewLayer(envelope.Body, types.MediaType(envelope.MediaType))
	grown, err := mutate.Append(base, mutate.Addendum{Layer: layer, Annotations: envelope.Annotations, MediaType: types.MediaType(envelope.MediaType)})
	if err != nil {
		return err
	}
	return p.put(ctx, tag, grown)
}

// artifact is an OCI 1.1 artifact manifest.
type artifact struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Subject       descriptor        `json:"subject"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

func (p *Publisher) refer(ctx context.Context, target name.Repository, subject digest.Digest, envelope evidence.Envelope, annotations map[string]string) error {
	about, err := remote.Get(target.Digest(subject.String()), append(p.options, remote.WithContext(ctx))...)
	if err != nil {
		return err
	}
	nothing := []byte("{}")
	for _, blob := range [][]byte{nothing, envelope.Body} {
		if err := p.upload(ctx, target, blob); err != nil {
			return err
		}
	}
	manifest := artifact{
		SchemaVersion: 2, MediaType: string(types.OCIManifestSchema1), ArtifactType: envelope.MediaType, Annotations: annotations,
		Config:  descriptor{MediaType: "application/vnd.oci.empty.v1+json", Digest: digest.Of(nothing), Size: len(nothing)},
		Layers:  []descriptor{{MediaType: envelope.MediaType, Digest: digest.Of(envelope.Body), Size: len(envelope.Body), Annotations: envelope.Annotations}},
		Subject: descriptor{MediaType: string(about.MediaType), Digest: subject, Size: int(about.Size)},
	}
	body, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return p.put(ctx, target.Digest(digest.Of(body).String()), taggable{mediaType: manifest.MediaType, body: body})
}
