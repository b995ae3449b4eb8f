package digest

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// Repository is a registry host with a path, in normal form: "nginx" is docker.io/library/nginx.
// The zero Repository means "none".
type Repository struct{ name string }

// ParseRepository reads a repository as people write it, without tag or digest.
func ParseRepository(s string) (Repository, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Repository{}, fmt.Errorf("repository %q: want HOST/PATH in lower case, for example ghcr.io/acme/checkout: %w", clip(s), err)
	}
	if !reference.IsNameOnly(named) {
		return Repository{}, fmt.Errorf("repository %q: want no tag and no digest, for example %s", clip(s), named.Name())
	}
	return Repository{name: named.Name()}, nil
}

// String returns the full name, host included.
func (r Repository) String() string { return r.name }

// IsZero reports whether r names nothing.
func (r Repository) IsZero() bool { return r.name == "" }

// Host returns the registry, with its port if one was written.
func (r Repository) Host() string {
	host, _, _ := strings.Cut(r.name, "/")
	return host
}

// Name returns the last element of the path: what people call the image.
func (r Repository) Name() string { return r.name[strings.LastIndexByte(r.name, '/')+1:] }

// MarshalText writes the full name.
func (r Repository) MarshalText() ([]byte, error) { return []byte(r.name), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Repository) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Repository{}
		return nil
	}
	parsed, err := ParseRepository(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// Reference is a repository with a digest: the only way this project names an image that it acts on.
type Reference struct {
	Repository Repository
	Digest     Digest
}

// String returns REPOSITORY@DIGEST.
func (r Reference) String() string { return r.Repository.String() + "@" + r.Digest.String() }

// Compare orders references by repository, then digest.
func (r Reference) Compare(other Reference) int {
	if c := strings.Compare(r.Repository.name, other.Repository.name); c != 0 {
		return c
	}
	return strings.Compare(r.Digest.hex, other.Digest.hex)
}

// Image is what a person may type: a repository with a tag, a digest, both or neither.
type Image struct {
	Repository Repository
	Tag        string
	Digest     Digest
}

// ParseImage reads REPOSITORY[:TAG][@DIGEST]; nothing is added where nothing was written.
func ParseImage(s string) (Image, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Image{}, fmt.Errorf("image %q: want REPOSITORY[:TAG][@sha256:…]: %w", clip(s), err)
	}
	image := Image{Repository: Repository{name: named.Name()}}
	if tagged, ok := named.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		if image.Digest, err = Parse(digested.Digest().String()); err != nil {
			return Image{}, fmt.Errorf("image %q: %w", clip(s), err)
		}
	}
	return image, nil
}

// ParseTag checks one tag: at most 128 of [A-Za-z0-9_.-], not starting with '.' or '-'.
func ParseTag(s string) (string, error) {
	if !reference.TagRegexp.MatchString(s) || reference.TagRegexp.FindString(s) != s {
		return "", fmt.Errorf("tag %q: want at most 128 of [A-Za-z0-9_.-], not starting with '.' or '-'", clip(s))
	}
	return s, nil
}
