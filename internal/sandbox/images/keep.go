package images

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Move shows a manifest that the registry holds at a tag, as a push by somebody else would: the observer is told.
func (r *Registry) Move(name, tag string, to digest.Digest) error {
	r.mu.Lock()
	m, ok := r.stored[name][to.String()]
	r.mu.Unlock()
	if !ok {
		return fmt.Errorf("moving tag %q of %q: the registry does not hold %s", tag, name, to)
	}
	request, err := http.NewRequest(http.MethodPut, "/v2/"+name+"/manifests/"+tag, bytes.NewReader(m.body))
	if err != nil {
		return fmt.Errorf("moving tag %q of %q: %w", tag, name, err)
	}
	request.Header.Set("Content-Type", m.mediaType)
	answer := newRecorder()
	r.put(answer, request, name, tag)
	if answer.status != http.StatusCreated {
		return fmt.Errorf("moving tag %q of %q: the registry answered %d", tag, name, answer.status)
	}
	return nil
}

// Export writes every repository below dir as an OCI image layout, which crane, skopeo and oras read.
func (r *Registry) Export(dir string) error {
	r.mu.Lock()
	names := slices.Sorted(maps.Keys(r.stored))
	r.mu.Unlock()
	for _, name := range names {
		if err := r.exportRepository(filepath.Join(dir, filepath.FromSlash(name)), name); err != nil {
			return fmt.Errorf("exporting repository %q: %w", name, err)
		}
	}
	return nil
}

func (r *Registry) exportRepository(dir, name string) error {
	r.mu.Lock()
	held := maps.Clone(r.stored[name])
	r.mu.Unlock()
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return err
	}
	layout := index{SchemaVersion: 2, MediaType: ociIndex, Manifests: []descriptor{}}
	for _, target := range slices.Sorted(maps.Keys(held)) {
		m := held[target]
		if !strings.Contains(target, ":") {
			layout.Manifests = append(layout.Manifests, descriptor{
				MediaType: m.mediaType, Digest: m.digest, Size: len(m.body), Annotations: map[string]string{"org.opencontainers.image.ref.name": target},
			})
			continue
		}
		if err := os.WriteFile(filepath.Join(blobs, m.digest.Hex()), m.body, 0o644); err != nil {
			return err
		}
		if err := r.exportBlobs(blobs, name, m); err != nil {
			return err
		}
	}
	body, err := json.Marshal(layout)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "index.json"), body, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
}

func (r *Registry) exportBlobs(dir, name string, m stored) error {
	var parts struct {
		Config *descriptor  `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	if err := json.Unmarshal(m.body, &parts); err != nil {
		return fmt.Errorf("reading manifest %s: %w", m.digest, err)
	}
	if parts.Config != nil {
		parts.Layers = append(parts.Layers, *parts.Config)
	}
	for _, part := range parts.Layers {
		blob, err := r.blob(name, part.Digest)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, part.Digest.Hex()), blob, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) blob(name string, d digest.Digest) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, "/v2/"+name+"/blobs/"+d.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", d, err)
	}
	answer := newRecorder()
	r.inner.ServeHTTP(answer, request)
	if answer.status != http.StatusOK {
		return nil, fmt.Errorf("reading blob %s: the registry answered %d", d, answer.status)
	}
	return answer.body.Bytes(), nil
}
