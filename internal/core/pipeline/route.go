package pipeline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// EnvironmentRoute is an environment with everything filled in.
type EnvironmentRoute struct {
	Name      string
	Pipeline  string
	After     []string // environments that must hold a digest before; sorted
	Lane      Lane
	Branch    string // that holds the overlays; "": the default branch
	Proposals int    // most open at once in the environment
	Total     int    // most open at once in its pipeline
}

// ImageRoute is an image with everything filled in.
type ImageRoute struct {
	Name         string // of the Image document
	Repository   digest.Repository
	Names        []string // placeholders, sorted
	Watch        Watch
	Application  string
	Pipeline     string
	Environments []string // that it is routed to, each after those that it comes after
}

// Environments returns the environments of all pipelines, each after those that it comes after.
func (s *Set) Environments() []EnvironmentRoute {
	list := make([]EnvironmentRoute, len(s.steps))
	for i := range s.steps {
		list[i] = s.steps[i].route()
	}
	return list
}

// Environment returns one environment; the zero EnvironmentRoute where there is none of that name.
func (s *Set) Environment(name string) EnvironmentRoute {
	if i := s.step(name); i >= 0 {
		return s.steps[i].route()
	}
	return EnvironmentRoute{}
}

func (st step) route() EnvironmentRoute {
	return EnvironmentRoute{Name: st.Name, Pipeline: st.pipeline.doc.Metadata.Name, After: sorted(st.After),
		Lane: st.Lane, Branch: st.Branch, Proposals: st.Proposals, Total: st.pipeline.doc.Spec.Proposals}
}

func (s *Set) step(name string) int {
	return slices.IndexFunc(s.steps, func(st step) bool { return st.Name == name })
}

// Images returns the images, by name.
func (s *Set) Images() []ImageRoute {
	list := make([]ImageRoute, len(s.images))
	for i := range s.images {
		list[i] = routeOf(&s.images[i].doc)
	}
	return list
}

// Image returns one image by the name of its document; the zero ImageRoute where there is none.
func (s *Set) Image(name string) ImageRoute {
	if i := s.image(name); i >= 0 {
		return routeOf(&s.images[i].doc)
	}
	return ImageRoute{}
}

// image returns the index of an image; they are sorted by name. -1: none.
func (s *Set) image(name string) int {
	i, found := slices.BinarySearchFunc(s.images, name, func(l located[Image], name string) int {
		return strings.Compare(l.doc.Metadata.Name, name)
	})
	if !found {
		return -1
	}
	return i
}

func routeOf(image *Image) ImageRoute {
	spec := &image.Spec
	return ImageRoute{Name: image.Metadata.Name, Repository: spec.Repository, Names: sorted(spec.Names),
		Watch:       Watch{Every: time.Duration(spec.Watch.Every) * time.Second, rule: spec.Watch},
		Application: spec.Application, Pipeline: spec.Pipeline, Environments: spec.Environments}
}

// ImagesOf returns the images that are routed to an environment, by name.
func (s *Set) ImagesOf(environment string) []ImageRoute {
	var list []ImageRoute
	for i := range s.images {
		if slices.Contains(s.images[i].doc.Spec.Environments, environment) {
			list = append(list, routeOf(&s.images[i].doc))
		}
	}
	return list
}

// EnvironmentsOf returns the environments that an image is routed to, each after those that it comes after.
func (s *Set) EnvironmentsOf(image string) []string { return s.Image(image).Environments }

// OwnRules returns the repository's own rules: content by path below .liftlock/policies.
func (s *Set) OwnRules() map[string][]byte { return s.rules }

// Ledger returns where the record of the repository is kept; repository "" is the repository itself.
func (s *Set) Ledger() (repository, branch string) {
	for i := range s.pipelines {
		if ledger := s.pipelines[i].doc.Spec.Ledger; ledger != (Ledger{}) {
			return ledger.Repository, cmp.Or(ledger.Branch, defaultBranch)
		}
	}
	return "", defaultBranch
}

// Trust returns the trust roots and keys that the signers of an environment's pipeline rely on, sorted by name. A root has the
// name by which signers refer to it, a key that of its file, for example keys/2026.pub.
func (s *Set) Trust(environment string) evidence.Trust {
	trust := evidence.Trust{Roots: []evidence.TrustRoot{}, Keys: []evidence.TrustKey{}}
	i := s.step(environment)
	if i < 0 {
		return trust
	}
	p := &s.steps[i].pipeline.doc
	keys := map[string]bool{}
	var names []string
	for _, signer := range p.Spec.Signers {
		names = append(names, signer.Name)
		if signer.Key != nil {
			if file, _ := signer.Key.pinned(); !keys[file] {
				keys[file] = true
				trust.Keys = append(trust.Keys, evidence.TrustKey{Name: file, PEM: s.keys[file].pem})
			}
		}
	}
	for _, root := range reliedOn(p, names) {
		trust.Roots = append(trust.Roots, evidence.TrustRoot{Name: root.Name, Profile: root.Profile, JSON: s.roots[root.File].content})
	}
	slices.SortFunc(trust.Keys, func(a, b evidence.TrustKey) int { return strings.Compare(a.Name, b.Name) })
	return trust
}
