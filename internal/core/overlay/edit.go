package overlay

import (
	"fmt"
	"regexp"
	"slices"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Edit is the intended state of one entry. An entry that is not there is added.
type Edit struct {
	Name    string        // of the entry
	NewName string        // "" keeps the entry's
	Tag     string        // "" shows none: a stale tag beside a new digest would be a lie. Tag and Digest both empty keep both.
	Digest  digest.Digest // zero pins nothing, and is refused where the entry pins something
	ShowTag bool          // write Tag even where an entry shows only a digest
	Unpin   bool          // allow Digest to be zero where the entry pins something
}

// Result is an edited file.
type Result struct {
	Data    []byte
	Entries []Entry  // as they are now, in the order of the edits; Form says where tag and digest are kept
	Names   []string // of the entries that were there before, in the order of the file
}

// Set applies edits to the bytes of a kustomization file. Only the values change, or single lines are added in the file's own style.
// The result was parsed again: kustomize sees exactly the intended difference. Applying twice is applying once.
func Set(path string, data []byte, edits ...Edit) (Result, error) {
	result := Result{Data: data}
	d, err := parse(path, data)
	if err != nil {
		return Result{}, err
	}
	for _, r := range d.rows {
		result.Names = append(result.Names, r.Name)
	}
	for _, edit := range edits {
		if d, err = d.set(edit); err != nil {
			return Result{}, err
		}
		result.Data = d.data
		result.Entries = append(result.Entries, d.rows[d.index(edit.Name)].Entry)
	}
	return result, nil
}

// index returns the place of an entry among the rows, or -1.
func (d *document) index(name string) int {
	return slices.IndexFunc(d.rows, func(r row) bool { return r.Name == name })
}

// set applies one edit and proves it by reading the result. Positions change with each edit, so that each reads the file anew.
func (d *document) set(edit Edit) (*document, error) {
	want, at, err := d.want(edit)
	if err != nil {
		return nil, err
	}
	var cuts []splice
	if at < len(d.rows) {
		cuts, err = d.editEntry(d.rows[at], want)
	} else {
		cuts, err = d.addEntry(want)
	}
	if err != nil {
		return nil, err
	}
	if len(cuts) == 0 {
		return d, nil
	}
	after, err := parse(d.path, apply(d.data, cuts))
	if err != nil {
		return nil, d.fault(CodeAmbiguousImage, 0, fmt.Sprintf("editing image %q breaks the file", clip(edit.Name)), err)
	}
	if !sameBut(d, after, at, want) {
		return nil, d.fault(CodeAmbiguousImage, 0, fmt.Sprintf("editing image %q would change more than that image", clip(edit.Name)), nil)
	}
	return after, nil
}

// want returns the image as kustomize shall read it after the edit, and its place; len(d.rows) where it is new.
func (d *document) want(edit Edit) (types.Image, int, error) {
	if err := edit.check(); err != nil {
		return types.Image{}, 0, d.fault(CodeAmbiguousImage, 0, "editing image "+clip(quoted(edit.Name)), err)
	}
	at := d.index(edit.Name)
	if at < 0 {
		image := types.Image{Name: edit.Name, NewName: edit.NewName, NewTag: edit.Tag, Digest: edit.Digest.String()}
		if !edit.ShowTag && !edit.Digest.IsZero() && d.digestsOnly() {
			image.NewTag = ""
		}
		return image, len(d.rows), nil
	}
	r := d.rows[at]
	if r.Err != nil {
		return types.Image{}, 0, r.Err
	}
	// The most common mistake with kustomize's own command: setting a tag silently takes the digest away.
	if !r.Digest.IsZero() && edit.Digest.IsZero() && edit.Tag != "" && !edit.Unpin {
		return types.Image{}, 0, d.fault(CodePinLost, r.Line, fmt.Sprintf(
			"image %q is pinned to %s: want a digest beside the tag, or say that it shall be unpinned", clip(edit.Name), r.Digest.Short()), nil)
	}
	image := edit.onto(r)
	// "@sha256:…" alone in newTag would render as NAME:@sha256:…, which is no reference.
	if r.Form == FormDigestInTag && edit.Tag == "" && !edit.Digest.IsZero() {
		return types.Image{}, 0, d.fault(CodeAmbiguousImage, r.Line, fmt.Sprintf(
			"image %q keeps its digest inside newTag: want a tag with the digest", clip(edit.Name)), nil)
	}
	return image, at, nil
}

// onto returns the entry's image with the edit applied, in the entry's own form: people and other tools look for the value where it
// was, and a digest field beside a tag inside newName would make kustomize write NAME:TAG@DIGEST only by accident.
func (e Edit) onto(r row) types.Image {
	image := r.image
	name, tag, hash := r.NewName, e.Tag, e.Digest.String()
	if e.NewName != "" {
		name = e.NewName
	}
	if e.Tag == "" && e.Digest.IsZero() { // only renamed
		tag, hash = r.Tag, r.Digest.String()
	} else if r.Tag == "" && !r.Digest.IsZero() && hash != "" && !e.ShowTag {
		tag = ""
	}
	switch {
	case r.Form == FormTagInName && image.Digest != "":
		image.NewName, image.Digest = join(name, tag, ""), hash
	case r.Form == FormTagInName:
		image.NewName = join(name, tag, hash)
	case r.Form == FormDigestInTag:
		image.NewName, image.NewTag = name, join(tag, "", hash)
	default:
		image.NewName, image.NewTag, image.Digest = name, tag, hash
	}
	return image
}

// check refuses values that could not be written as they are meant.
func (e Edit) check() error {
	if err := checkName(e.Name); err != nil {
		return err
	}
	if e.NewName != "" {
		if err := checkName(e.NewName); err != nil {
			return err
		}
		if _, err := digest.ParseRepository(e.NewName); err != nil {
			return err
		}
	}
	if e.Tag != "" {
		if _, err := digest.ParseTag(e.Tag); err != nil {
			return err
		}
	}
	if e.NewName == "" && e.Tag == "" && e.Digest.IsZero() {
		return fmt.Errorf("nothing to set: want a new name, a tag or a digest")
	}
	return nil
}

var nameForm = regexp.MustCompile(`\A[A-Za-z0-9_]([A-Za-z0-9_./:-]*[A-Za-z0-9_])?\z`)

// checkName accepts what image names and placeholders are made of. Anything else would need escapes in YAML, and kustomize takes
// a name for a regular expression.
func checkName(name string) error {
	if len(name) > maxName || !nameForm.MatchString(name) {
		return fmt.Errorf("name %q: want letters, digits and, between them, . _ - / :, for example ghcr.io/acme/checkout", clip(name))
	}
	return nil
}

// digestsOnly reports whether the file has entries and all of them show digests without tags: then a new one does so too.
func (d *document) digestsOnly() bool {
	return len(d.rows) > 0 && !slices.ContainsFunc(d.rows, func(r row) bool { return r.Tag != "" || r.Digest.IsZero() })
}

// sameBut reports whether after is before with the image at one place replaced or added, by kustomize's own reading. It is what makes
// splicing safe: a position that was computed wrongly, or a value that YAML reads as something else, shows here.
func sameBut(before, after *document, at int, want types.Image) bool {
	images := make([]types.Image, len(before.rows), len(before.rows)+1)
	for i, r := range before.rows {
		images[i] = r.image
	}
	if at < len(images) {
		images[at] = want
	} else {
		images = append(images, want)
	}
	if len(after.rows) != len(images) {
		return false
	}
	for i, r := range after.rows {
		if r.image != images[i] {
			return false
		}
	}
	same, err := sameRest(before, after)
	return same && err == nil
}
