package pipeline

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Place is a mapping in a document's file, so that its bytes can be edited.
type Place struct {
	File   string // below the repository's root; empty: nowhere
	line   int
	column int
}

// TrustEntry is a trust root that a pipeline uses, with the defaults filled in.
type TrustEntry struct {
	TrustSource
	Entry    Place // in spec.trust; File is empty where there is none yet
	Pipeline Place // the document that would hold one
}

// KeyEntry is a key that a service keeps.
type KeyEntry struct {
	KMSKey
	Signer string
	Entry  Place
}

// Sources is what liftlock trust refresh keeps up to date: in order of file and line.
type Sources struct {
	Roots     []TrustEntry
	Keys      []KeyEntry
	Pipelines []Place // the documents
}

// ReadSources reads what a repository's documents rely on. Unlike Load it does not mind files that are absent or not the pinned ones:
// they are about to be fetched. Documents that cannot be read are Problems.
func ReadSources(tree fs.FS) (Sources, error) {
	l := newLoader(tree)
	if err := l.start(); err != nil {
		return Sources{}, err
	}
	if err := l.walk(Directory, 0); err != nil {
		return Sources{}, fmt.Errorf("reading %s: %w", Directory, err)
	}
	// A trust root or key that is broken is replaced, so that only documents count.
	problems := slices.DeleteFunc(l.documents.problems, func(p Problem) bool { return p.Line == 0 && !l.documents.broken })
	if len(problems) > 0 {
		return Sources{}, problems.sorted()
	}
	var sources Sources
	for i := range l.documents.pipelines {
		p := &l.documents.pipelines[i]
		fillPipeline(&p.doc)
		sources.add(p)
	}
	return sources, nil
}

// add lists the roots with an entry, then those that signers rely on without one, then the keys of services.
func (s *Sources) add(p *located[Pipeline]) {
	whole := p.source.place("")
	s.Pipelines = append(s.Pipelines, whole)
	listed := map[string]bool{}
	for i, root := range p.doc.Spec.Trust {
		listed[root.Name] = true
		s.Roots = append(s.Roots, TrustEntry{TrustSource: root, Entry: p.source.place(fmt.Sprintf("spec.trust[%d]", i)), Pipeline: whole})
	}
	for i, signer := range p.doc.Spec.Signers {
		if signer.Keyless != nil && !listed[signer.Keyless.Trust] {
			listed[signer.Keyless.Trust] = true
			root, _ := trustSource(&p.doc, signer.Keyless.Trust)
			s.Roots = append(s.Roots, TrustEntry{TrustSource: root, Pipeline: whole})
		}
		if signer.Key != nil && signer.Key.KMS != nil {
			s.Keys = append(s.Keys, KeyEntry{KMSKey: *signer.Key.KMS, Signer: signer.Name, Entry: p.source.place(fmt.Sprintf("spec.signers[%d].key.kms", i))})
		}
	}
}

// place is where a field stands.
func (s *source) place(path string) Place {
	at := s.at[path]
	return Place{File: s.file, line: at.line, column: at.column}
}

// NewRoot describes a trust root that no document speaks of yet. Its profile is "" where the name stands for none.
func NewRoot(name string) TrustSource {
	root, _ := trustSource(&Pipeline{}, name)
	return root
}

// RootInfo is what a trust root's file says of itself.
type RootInfo struct {
	SHA256           string // of its bytes, in hexadecimal
	AuthoritiesUntil int64  // when the last certificate authority ends; 0: it has none
}

// ReadRoot checks a trust root's file as Load does.
func ReadRoot(content []byte, profile evidence.Profile) (RootInfo, error) {
	if len(content) > maxTrustBytes {
		return RootInfo{}, fmt.Errorf("reading a trust root: wanted at most %d bytes, got %d", maxTrustBytes, len(content))
	}
	file, err := parseTrustFile(content)
	if err != nil {
		return RootInfo{}, fmt.Errorf("reading a trust root: %w", err)
	}
	if wanted, got := file.fits(profile); wanted != "" {
		return RootInfo{}, fmt.Errorf("reading a trust root: wanted %s, got %s", wanted, got)
	}
	return RootInfo{SHA256: file.sum.Hex(), AuthoritiesUntil: file.ends(profile)}, nil
}

// ReadKey checks a public key as Load does, and returns the digest of its SubjectPublicKeyInfo.
func ReadKey(content []byte) (digest.Digest, error) {
	key, err := parseKey(content)
	return key.spki, err
}

// Stale says why a root with these bytes does not count at an instant, in the words of the rules; "": it does.
func (t TrustSource) Stale(info RootInfo, at int64) string {
	limit := int64(t.Refreshed) + int64(t.MaxAge)
	switch {
	case t.SHA256 != "" && t.SHA256 != info.SHA256:
		return fmt.Sprintf("its file has sha256 %s, pinned is %s", info.SHA256, t.SHA256)
	case t.Refreshed != 0 && t.MaxAge != 0 && at > limit:
		return "it counted until " + written(limit)
	default:
		return ""
	}
}

// written writes epoch seconds as documents do.
func written(at int64) string {
	text, err := Time(at).MarshalText()
	if err != nil {
		return ""
	}
	return string(text)
}

// line writes an entry for spec.trust in one line.
func (t TrustSource) line() string {
	fields := []string{"name: " + t.Name, "file: " + t.File, "profile: " + string(t.Profile), "sha256: " + t.SHA256, "refreshed: " + written(int64(t.Refreshed))}
	return "{" + strings.Join(fields, ", ") + "}"
}
