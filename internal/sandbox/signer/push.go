package signer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Push stores objects beside an image that the registry has, as cosign does: the legacy forms as layers of the .sig and .att tags,
// after those that are there, and bundles as referrers. repository is host:port/path; plain HTTP is spoken.
func Push(ctx context.Context, rt http.RoundTripper, repository string, image digest.Digest, objects ...Object) error {
	repo, err := name.NewRepository(repository, name.Insecure)
	if err != nil {
		return fmt.Errorf("pushing signatures to %q: %w", repository, err)
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithTransport(rt)}
	suffixes := map[string]string{evidence.SourceLegacySignature: ".sig", evidence.SourceLegacyAttestation: ".att"}
	for _, o := range objects {
		if suffix := suffixes[o.Source]; suffix != "" {
			err = appendLayer(repo.Tag("sha256-"+image.Hex()+suffix), o, options)
		} else {
			err = pushReferrer(repo, image, o, options)
		}
		if err != nil {
			return fmt.Errorf("pushing %s of %q: %w", o.Source, image, err)
		}
	}
	return nil
}

func appendLayer(tag name.Tag, o Object, options []remote.Option) error {
	base, err := remote.Image(tag, options...)
	if refused := (*transport.Error)(nil); errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		base, err = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), nil
	}
	if err != nil {
		return err
	}
	mediaType := types.MediaType(o.MediaType)
	extended, err := mutate.Append(base, mutate.Addendum{
		Layer: static.NewLayer(o.Body, mediaType), Annotations: o.Annotations, MediaType: mediaType,
	})
	if err != nil {
		return err
	}
	return remote.Write(tag, extended, options...)
}

// referrer is a manifest that go-containerregistry cannot build: its type knows no artifactType.
type referrer struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     types.MediaType   `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        v1.Descriptor     `json:"config"`
	Layers        []v1.Descriptor   `json:"layers"`
	Subject       v1.Descriptor     `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

// rawManifest is the form in which it is put.
type rawManifest []byte

// RawManifest returns the bytes.
func (m rawManifest) RawManifest() ([]byte, error) { return m, nil }

// MediaType returns OCI's.
func (m rawManifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

const emptyConfigType = "application/vnd.oci.empty.v1+json"

func pushReferrer(repo name.Repository, image digest.Digest, o Object, options []remote.Option) error {
	subject, err := remote.Get(repo.Digest(image.String()), options...)
	if err != nil {
		return err
	}
	manifest := referrer{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: o.MediaType, Annotations: map[string]string{}}
	manifest.Subject = v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	for key, value := range o.ManifestAnnotations {
		manifest.Annotations[key] = value
	}
	if !o.CreatedAt.IsZero() {
		manifest.Annotations["org.opencontainers.image.created"] = o.CreatedAt.Format(time.RFC3339)
	}
	for i, layer := range []v1.Layer{static.NewLayer([]byte("{}"), emptyConfigType), static.NewLayer(o.Body, types.MediaType(o.MediaType))} {
		if err := remote.WriteLayer(repo, layer, options...); err != nil {
			return err
		}
		descriptor, err := describe(layer)
		if err != nil {
			return err
		}
		if i == 0 {
			manifest.Config = descriptor
		} else {
			manifest.Layers = []v1.Descriptor{descriptor}
		}
	}
	raw, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return remote.Put(repo.Digest(digest.Of(raw).String()), rawManifest(raw), options...)
}

func describe(layer v1.Layer) (d v1.Descriptor, err error) {
	if d.MediaType, err = layer.MediaType(); err != nil {
		return d, err
	}
	if d.Digest, err = layer.Digest(); err != nil {
		return d, err
	}
	d.Size, err = layer.Size()
	return d, err
}
