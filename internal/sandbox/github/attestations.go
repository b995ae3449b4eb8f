package github

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/golang/snappy"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Attestation is a bundle that a workflow of a repository has left with GitHub.
type Attestation struct {
	Repository string // owner/name
	// Subjects are the digests that the bundle is found by; none means those of the statement in it, as GitHub reads them.
	Subjects []digest.Digest
	Bundle   []byte // a Sigstore bundle, JSON
	Inline   bool   // in the answer itself, as older servers do; else behind a signed address of the storage
	Stored   []byte // what the storage serves in place of the compressed bundle
}

// attestation is a bundle as it is kept.
type attestation struct {
	Attestation
	id     int64
	repo   *repository
	secret string // signs the address of the storage
}

// storagePath is where bundles lie, apart from the API: whoever knows the signed address may read, whoever sends credentials may not.
const storagePath = "/-/attestations/"

// AddAttestation keeps a bundle under a repository.
func (s *Server) AddAttestation(a Attestation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.wantRepository(a.Repository)
	if err != nil {
		return fmt.Errorf("adding an attestation: %w", err)
	}
	if len(a.Subjects) == 0 {
		if a.Subjects, err = subjectsOf(a.Bundle); err != nil {
			return fmt.Errorf("adding an attestation to %s: %w", a.Repository, err)
		}
	}
	secret, err := s.secret("")
	if err != nil {
		return fmt.Errorf("adding an attestation to %s: %w", a.Repository, err)
	}
	s.attestations = append(s.attestations, &attestation{Attestation: a, id: s.newID(), repo: r, secret: secret})
	return nil
}

// subjectsOf reads the digests that a bundle's statement is about.
func subjectsOf(bundle []byte) ([]digest.Digest, error) {
	var read struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(bundle, &read); err != nil {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	var statement struct {
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(read.Envelope.Payload, &statement); err != nil {
		return nil, fmt.Errorf("reading the bundle's statement: %w", err)
	}
	var subjects []digest.Digest
	for _, subject := range statement.Subject {
		d, err := digest.Parse("sha256:" + subject.Digest["sha256"])
		if err != nil {
			return nil, fmt.Errorf("reading the bundle's subject: %w", err)
		}
		subjects = append(subjects, d)
	}
	if len(subjects) == 0 {
		return nil, fmt.Errorf("reading the bundle: want a statement with a subject")
	}
	return subjects, nil
}

// listAttestations answers page by page, by cursors. A digest that nothing is kept about is not found.
func (c *call) listAttestations() (answer, error) {
	subject, err := digest.Parse(c.path("digest"))
	if err != nil {
		return answer{}, notFound()
	}
	var found []*attestation
	for _, a := range c.attestations {
		if a.repo == c.repo && slices.Contains(a.Subjects, subject) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return answer{}, notFound()
	}
	q := c.request.URL.Query()
	after, _ := strconv.ParseInt(q.Get("after"), 10, 64) // nonsense is the first page, as everywhere
	from := slices.IndexFunc(found, func(a *attestation) bool { return a.id > after })
	if from < 0 {
		from = len(found)
	}
	to := min(len(found), from+boundedInt(q.Get("per_page"), defaultPageSize, maxPageSize))
	header := http.Header{}
	if to < len(found) {
		q.Set("after", strconv.FormatInt(found[to-1].id, 10))
		header.Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, c.api(c.request.URL.Path), q.Encode()))
	}
	list := []object{}
	for _, a := range found[from:to] {
		list = append(list, c.attestationJSON(a))
	}
	return answer{status: http.StatusOK, body: object{"attestations": list}, header: header}, nil
}

func (s *Server) attestationJSON(a *attestation) object {
	o := object{"repository_id": a.repo.ID, "initiator": "user"}
	if a.Inline {
		o["bundle"] = json.RawMessage(a.Bundle)
		return o
	}
	o["bundle_url"] = s.html(storagePath + strconv.FormatInt(a.id, 10) + "?" + url.Values{"sig": {a.secret}}.Encode())
	return o
}

// serveStorage answers like the blob storage behind GitHub: compressed, by signed address, and never to credentials.
func (s *Server) serveStorage(w http.ResponseWriter, r *http.Request) {
	if f := s.faultFor(r); f != nil {
		f.write(w)
		return
	}
	if r.Header.Get("Authorization") != "" {
		http.Error(w, "Authentication information is not given in the correct format.", http.StatusBadRequest)
		return
	}
	a := s.storedAttestation(r)
	if a == nil {
		http.Error(w, "Server failed to authenticate the request.", http.StatusForbidden)
		return
	}
	body := a.Stored
	if body == nil {
		body = snappy.Encode(nil, a.Bundle)
	}
	w.Header().Set("Content-Type", "application/x-snappy")
	_, _ = w.Write(body) // a client that went away misses its answer
}

func (s *Server) storedAttestation(r *http.Request) *attestation {
	id, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, storagePath), 10, 64)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attestations {
		if a.id == id && subtle.ConstantTimeCompare([]byte(a.secret), []byte(r.URL.Query().Get("sig"))) == 1 {
			return a
		}
	}
	return nil
}
