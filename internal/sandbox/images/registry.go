// Package images is a container registry in one process, and the images to fill it with.
package images

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Push is what an observer is told: a manifest has been stored under a tag, or under its digest alone (Tag is then empty).
type Push struct {
	Name      string // path of the repository, without the registry's host
	Tag       string
	Digest    digest.Digest
	MediaType string
}

// Options configure a Registry.
type Options struct {
	// Pushed is called after each manifest was stored, before the answer is sent, as a registry sends its webhooks.
	Pushed func(Push)
	// TagPage is how many tags a page holds at most; 0: as many as are asked for.
	TagPage int
	// NoReferrers leaves the referrers endpoint out, as registries before OCI 1.1 do.
	NoReferrers bool
}

// Registry is a registry at the wire: an http.Handler that speaks the OCI distribution protocol and keeps all in memory.
type Registry struct {
	options Options
	inner   http.Handler

	mu       sync.Mutex
	stored   map[string]map[string]stored // by repository, then by tag or digest
	faults   []Fault
	requests []string
}

// stored is a manifest as it was pushed.
type stored struct {
	digest    digest.Digest
	mediaType string
	body      []byte
}

// New returns an empty registry.
func New(options Options) *Registry {
	inner := registry.New(registry.WithReferrersSupport(!options.NoReferrers), registry.Logger(log.New(io.Discard, "", 0)))
	return &Registry{options: options, inner: inner, stored: map[string]map[string]stored{}}
}

// ServeHTTP answers like a registry, faults permitting.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, request.Method+" "+request.URL.RequestURI())
	r.mu.Unlock()
	name, kind, target := split(request.URL.Path)
	if fault, ok := r.fault(request); ok {
		if fault.answer(w, request) {
			return
		}
		w = &liar{ResponseWriter: w, fault: fault}
	}
	switch {
	case kind == "manifests" && request.Method == http.MethodPut:
		r.put(w, request, name, target)
	case kind == "manifests" && request.Method == http.MethodDelete:
		r.remove(w, request, name, target)
	case kind == "tags" && request.Method == http.MethodGet:
		r.tags(w, request, name)
	case kind == "referrers" && !r.options.NoReferrers:
		r.referrers(w, name, target)
	default:
		r.inner.ServeHTTP(w, request)
	}
}

// split takes /v2/<name>/<kind>/<target> apart.
func split(path string) (name, kind, target string) {
	parts := strings.Split(strings.TrimPrefix(path, "/v2/"), "/")
	if len(parts) < 3 {
		return "", "", ""
	}
	n := len(parts)
	return strings.Join(parts[:n-2], "/"), parts[n-2], parts[n-1]
}

// Requests returns what was asked since the last call, as "METHOD /path?query".
func (r *Registry) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.requests
	r.requests = nil
	return asked
}

func (r *Registry) put(w http.ResponseWriter, request *http.Request, name, target string) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxManifest+1))
	if err != nil || len(body) > maxManifest {
		refuse(w, http.StatusRequestEntityTooLarge, "MANIFEST_INVALID", "the manifest is too large or was cut off")
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	answer := newRecorder()
	r.inner.ServeHTTP(answer, request)
	push := Push{Name: name, Digest: digest.Of(body), MediaType: request.Header.Get("Content-Type")}
	if answer.status == http.StatusCreated {
		r.keep(name, target, stored{digest: push.Digest, mediaType: push.MediaType, body: body})
		if subject := subjectOf(body); !subject.IsZero() && !r.options.NoReferrers {
			// OCI distribution 1.1: tells the client that no fallback tag is needed.
			w.Header().Set("OCI-Subject", subject.String())
		}
		if !strings.Contains(target, ":") {
			push.Tag = target
		}
		if r.options.Pushed != nil {
			r.options.Pushed(push)
		}
	}
	answer.replay(w)
}

func (r *Registry) keep(name, target string, m stored) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stored[name] == nil {
		r.stored[name] = map[string]stored{}
	}
	r.stored[name][m.digest.String()] = m
	r.stored[name][target] = m
}

func (r *Registry) remove(w http.ResponseWriter, request *http.Request, name, target string) {
	answer := newRecorder()
	r.inner.ServeHTTP(answer, request)
	if answer.status == http.StatusAccepted {
		r.mu.Lock()
		delete(r.stored[name], target)
		r.mu.Unlock()
	}
	answer.replay(w)
}

// tags answers page by page with a Link header, which the wrapped registry leaves out.
func (r *Registry) tags(w http.ResponseWriter, request *http.Request, name string) {
	r.mu.Lock()
	all := []string{}
	for target := range r.stored[name] {
		if !strings.Contains(target, ":") && target > request.URL.Query().Get("last") {
			all = append(all, target)
		}
	}
	known := r.stored[name] != nil
	r.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "no such repository")
		return
	}
	slices.Sort(all)
	size := len(all)
	if asked, err := strconv.Atoi(request.URL.Query().Get("n")); err == nil && asked > 0 {
		size = min(size, asked)
	}
	if r.options.TagPage > 0 {
		size = min(size, r.options.TagPage)
	}
	if size < len(all) {
		next := url.Values{"last": {all[size-1]}, "n": {strconv.Itoa(size)}}
		w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, request.URL.Path, next.Encode()))
	}
	respond(w, http.StatusOK, "application/json", map[string]any{"name": name, "tags": all[:size]})
}

// descriptor is an entry of a referrers index.
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       digest.Digest     `json:"digest"`
	Size         int               `json:"size"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

// referrers answers with the artifact types that the manifests have; the wrapped registry shows the configuration's in their place.
func (r *Registry) referrers(w http.ResponseWriter, name, target string) {
	found := []descriptor{}
	r.mu.Lock()
	for key, m := range r.stored[name] {
		if key == m.digest.String() && subjectOf(m.body).String() == target {
			found = append(found, describe(m))
		}
	}
	r.mu.Unlock()
	slices.SortFunc(found, func(a, b descriptor) int { return cmp.Compare(a.Digest.Hex(), b.Digest.Hex()) })
	respond(w, http.StatusOK, ociIndex, index{SchemaVersion: 2, MediaType: ociIndex, Manifests: found})
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

// referrer is the part of a manifest that a referrers list repeats.
type referrer struct {
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"`
	Config       struct {
		MediaType string `json:"mediaType"`
	} `json:"config"`
	Subject *struct {
		Digest digest.Digest `json:"digest"`
	} `json:"subject"`
}

func describe(m stored) descriptor {
	var read referrer
	if err := json.Unmarshal(m.body, &read); err != nil {
		return descriptor{MediaType: m.mediaType, Digest: m.digest, Size: len(m.body)}
	}
	return descriptor{MediaType: m.mediaType, Digest: m.digest, Size: len(m.body), ArtifactType: cmp.Or(read.ArtifactType, read.Config.MediaType), Annotations: read.Annotations}
}

// subjectOf returns what a manifest refers to, or the zero Digest.
func subjectOf(body []byte) digest.Digest {
	var read referrer
	if err := json.Unmarshal(body, &read); err != nil || read.Subject == nil {
		return digest.Digest{}
	}
	return read.Subject.Digest
}

func respond(w http.ResponseWriter, status int, mediaType string, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	write(w, body)
}

func write(w io.Writer, body []byte) {
	// A client that hung up is no concern of a registry's.
	_, _ = w.Write(body)
}

// refuse answers with an error in the form of the distribution specification.
func refuse(w http.ResponseWriter, status int, code, message string) {
	respond(w, status, "application/json", map[string]any{"errors": []any{map[string]string{"code": code, "message": message}}})
}
