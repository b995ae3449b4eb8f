package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"net/http"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Media types of envelopes, and those under which a referrer may announce them.
const (
	typeSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	typeDSSE          = "application/vnd.dsse.envelope.v1+json"
	typeBundle        = "application/vnd.dev.sigstore.bundle.v0.3+json"
	typeCosignSig     = "application/vnd.dev.cosign.artifact.sig.v1+json"
	typeEmpty         = "application/vnd.oci.empty.v1+json"
	typeImageConfig   = "application/vnd.oci.image.config.v1+json"
)

func isEnvelope(mediaType string) bool {
	return mediaType == typeSimpleSigning || mediaType == typeDSSE || mediaType == typeBundle
}

// mayHoldEnvelope tells referrers worth reading from SBOMs, charts and the like. Some registries know no artifact type, or
// repeat the configuration's in its place.
func mayHoldEnvelope(artifactType string) bool {
	return isEnvelope(artifactType) || artifactType == typeCosignSig || artifactType == "" || artifactType == typeEmpty || artifactType == typeImageConfig
}

// collection is the evidence about one image, as far as it was read.
type collection struct {
	client    *Client
	reference digest.Reference
	envelopes []evidence.Envelope
	bytes     int64
}

// Collect returns what lies beside an image: cosign's tags for signatures and attestations, OCI referrers and their fallback tag.
// Nothing in it is verified but the digests. Each place leaves a Look; where anything in it could not be read its state is unknown,
// and what could be read is returned all the same.
func (c *Client) Collect(ctx context.Context, reference digest.Reference) ([]evidence.Envelope, []evidence.Look) {
	ctx, cancel := context.WithTimeout(ctx, collectTime)
	defer cancel()
	all := &collection{client: c, reference: reference}
	tag := "sha256-" + reference.Digest.Hex()
	looks := []evidence.Look{
		all.place(evidence.SourceLegacySignature, func() []error { return all.tag(ctx, evidence.SourceLegacySignature, tag+".sig") }),
		all.place(evidence.SourceLegacyAttestation, func() []error { return all.tag(ctx, evidence.SourceLegacyAttestation, tag+".att") }),
		all.place(evidence.SourceReferrers, func() []error { return all.referrers(ctx, tag) }),
	}
	return all.envelopes, looks
}

// place runs one look and shows the first problem of those that it had. A place that yields nothing and hides nothing is absent.
func (a *collection) place(source string, look func() []error) evidence.Look {
	before := len(a.envelopes)
	problems := look()
	result := evidence.Look{Source: source, State: evidence.LookOK, Count: len(a.envelopes) - before}
	switch {
	case len(problems) > 0:
		result.State, result.Code = evidence.LookUnknown, codeOf(problems[0])
	case result.Count == 0:
		result.State = evidence.LookAbsent
	}
	return result
}

// tag reads the layers of cosign's manifest at a tag.
func (a *collection) tag(ctx context.Context, source, name string) []error {
	m, err := a.client.manifest(ctx, a.reference.Repository, name, digest.Digest{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []error{err}
	}
	return a.layers(ctx, source, m)
}

// layers adds every envelope of a manifest. A bad one does not keep the others from being read.
func (a *collection) layers(ctx context.Context, source string, m evidence.Manifest) []error {
	artifact, err := m.Artifact()
	if err != nil {
		return []error{&failure{doing: fmt.Sprintf("reading evidence %q", m.Digest), code: codeUnsupported, detail: "want a manifest with layers", err: err}}
	}
	var problems []error
	for _, layer := range artifact.Layers {
		if !isEnvelope(layer.MediaType) {
			continue
		}
		if err := a.add(ctx, source, layer); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// add fetches one envelope, within what is left of the limits.
func (a *collection) add(ctx context.Context, source string, layer evidence.Descriptor) error {
	doing := fmt.Sprintf("reading evidence about %q", a.reference)
	for _, e := range a.envelopes {
		// Only within one place: a copy elsewhere means something else to a verifier, and must not push the original out.
		if e.Source == source && e.Digest == layer.Digest && e.MediaType == layer.MediaType && maps.Equal(e.Annotations, layer.Annotations) {
			return nil
		}
	}
	if len(a.envelopes) == maxEnvelopes {
		return &failure{doing: doing, code: codeTooMany, detail: fmt.Sprintf("want at most %d envelopes", maxEnvelopes)}
	}
	if a.bytes+layer.Size > maxCollected {
		return &failure{doing: doing, code: codeTooLarge, detail: fmt.Sprintf("want at most %d bytes in all", maxCollected)}
	}
	body, err := a.client.blob(ctx, a.reference.Repository, layer, maxEnvelope)
	if err != nil {
		return missing(err)
	}
	a.bytes += int64(len(body))
	a.envelopes = append(a.envelopes, evidence.Envelope{Source: source, MediaType: layer.MediaType, Annotations: layer.Annotations, Digest: layer.Digest, Body: body})
	return nil
}

// missing turns "not there" into a contradiction: what a manifest lists and the registry has not was taken away.
func missing(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &failure{doing: "following a digest", code: codeInconsistent, detail: "the registry lists what it does not have: " + err.Error()}
}

// referrers reads the API and the fallback tag, both: on registries that drop the subject, GitHub's attestations are found only by
// the tag though the API answers.
func (a *collection) referrers(ctx context.Context, tag string) []error {
	listed, err := a.client.listReferrers(ctx, a.reference)
	var problems []error
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		problems = append(problems, err)
	}
	more, err := a.client.fallbackReferrers(ctx, a.reference.Repository, tag)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		problems = append(problems, err)
	}
	seen := map[digest.Digest]bool{}
	for _, entry := range append(listed, more...) {
		if !mayHoldEnvelope(entry.ArtifactType) || seen[entry.Digest] {
			continue
		}
		if len(seen) == maxEnvelopes {
			return append(problems, &failure{doing: fmt.Sprintf("reading referrers of %q", a.reference), code: codeTooMany, detail: fmt.Sprintf("want at most %d", maxEnvelopes)})
		}
		seen[entry.Digest] = true
		problems = append(problems, a.referrer(ctx, entry)...)
	}
	return problems
}

// referrer reads one referrer: no index of more of them, and nothing that refers to it in turn (A32).
func (a *collection) referrer(ctx context.Context, entry evidence.Descriptor) []error {
	if entry.Digest.IsZero() {
		return []error{&failure{doing: fmt.Sprintf("reading a referrer of %q", a.reference), code: codeUnsupported, detail: "want a sha256 digest"}}
	}
	m, err := a.client.Manifest(ctx, digest.Reference{Repository: a.reference.Repository, Digest: entry.Digest})
	if err != nil {
		return []error{missing(err)}
	}
	return a.layers(ctx, evidence.SourceReferrers, m)
}

// fallbackReferrers reads the tag that clients keep where a registry has no referrers endpoint (OCI distribution 1.1). Unlike other
// manifests it may list what this project cannot follow: one such entry must not hide the others.
func (c *Client) fallbackReferrers(ctx context.Context, repository digest.Repository, tag string) ([]evidence.Descriptor, error) {
	got, err := c.document(ctx, repository, tag, digest.Digest{})
	if err != nil {
		return nil, err
	}
	return evidence.ParseReferrers(got.body)
}

// listReferrers asks the referrers endpoint (OCI distribution 1.1), all pages. Registries without one answer in several ways.
func (c *Client) listReferrers(ctx context.Context, reference digest.Reference) ([]evidence.Descriptor, error) {
	var all []evidence.Descriptor
	path := "referrers/" + reference.Digest.String()
	page := path
	for range maxReferrerPages {
		got, err := c.get(ctx, reference.Repository, resource{path: page, accept: evidence.MediaTypeOCIIndex, limit: evidence.MaxManifest, beyond: evidence.CodeManifestTooLarge})
		var f *failure
		if errors.As(err, &f) && (f.status == http.StatusBadRequest || f.status == http.StatusMethodNotAllowed || f.status == http.StatusNotImplemented) {
			return nil, &failure{doing: f.doing, detail: f.detail, code: codeAbsent, status: f.status, err: fs.ErrNotExist}
		}
		if err != nil {
			return all, err
		}
		// A front end that answers every path with its start page has no referrers endpoint.
		if served, _, err := mime.ParseMediaType(got.header.Get("Content-Type")); err == nil && served == "text/html" {
			return nil, nil
		}
		entries, err := evidence.ParseReferrers(got.body)
		if err != nil {
			return all, &failure{doing: fmt.Sprintf("listing referrers of %q", reference), code: codeOf(err), detail: "the answer is no index", err: err}
		}
		all = append(all, entries...)
		query, more := nextPage(got.header)
		if !more {
			return all, nil
		}
		page = path + "?" + query
	}
	return all, &failure{doing: fmt.Sprintf("listing referrers of %q", reference), code: codeTooMany, detail: fmt.Sprintf("want at most %d pages", maxReferrerPages)}
}
