package overlay

import (
	"fmt"
	"strings"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// Argument is one argument of "liftlock image set", in the notation of "kustomize edit set image".
type Argument struct {
	edit                Edit
	keepTag, keepDigest bool // "*": as the entry has it
}

// keep is kustomize's sign for "as it is".
const keep = "*"

const argumentForms = "want NAME:TAG, NAME@DIGEST, NAME:TAG@DIGEST, NAME=NEWNAME, or NAME=NEWNAME with :TAG, @DIGEST or both, " +
	"for example app=ghcr.io/acme/checkout:v1.4.0@sha256:…"

// ParseArgument reads NAME:TAG, NAME@DIGEST, NAME:TAG@DIGEST, NAME=NEWNAME[:TAG][@DIGEST]. NAME is the entry's name, which need not be an
// image's; "*" as NEWNAME, TAG or DIGEST keeps what the entry has. Unlike kustomize, an absent NEWNAME keeps the entry's too.
func ParseArgument(argument string) (Argument, error) {
	wrong := func(err error) (Argument, error) {
		return Argument{}, fmt.Errorf("image %q: %s: %w", clip(argument), argumentForms, err)
	}
	name, image, renamed := strings.Cut(argument, "=")
	if !renamed {
		image = argument
	}
	image, hash, pinned := strings.Cut(image, "@")
	base, tag, _ := split(image)
	tagged := base != image
	switch {
	case !renamed && !tagged && !pinned:
		return wrong(fmt.Errorf("neither a tag nor a digest"))
	case tagged && tag == "" || pinned && hash == "":
		return wrong(fmt.Errorf("an empty tag or digest"))
	case renamed && base == "":
		return wrong(fmt.Errorf("an empty new name"))
	}
	a := Argument{edit: Edit{Name: base, Tag: tag, ShowTag: true}}
	if renamed {
		a.edit.Name, a.edit.NewName = name, base
	}
	if a.edit.NewName == keep {
		a.edit.NewName = ""
	}
	if tag == keep {
		a.edit.Tag, a.keepTag = "", true
	}
	if hash == keep {
		a.keepDigest = true
	} else if pinned {
		d, err := digest.Parse(hash)
		if err != nil {
			return wrong(err)
		}
		a.edit.Digest = d
	}
	if a.keepTag || a.keepDigest {
		if err := checkName(a.edit.Name); err != nil {
			return wrong(err)
		}
		return a, nil
	}
	if err := a.edit.check(); err != nil {
		return wrong(err)
	}
	return a, nil
}

// Name returns the name of the entry that the argument is about.
func (a Argument) Name() string { return a.edit.Name }

// SetArguments applies arguments in order, as Set does. A digest is dropped only with unpin.
func SetArguments(path string, data []byte, arguments []Argument, unpin bool) (Result, error) {
	result := Result{Data: data}
	for _, a := range arguments {
		edit := a.edit
		edit.Unpin = unpin
		if a.keepTag || a.keepDigest {
			d, err := parse(path, result.Data)
			if err != nil {
				return Result{}, err
			}
			if i := d.index(edit.Name); i >= 0 && a.keepTag {
				edit.Tag = d.rows[i].Tag
			}
			if i := d.index(edit.Name); i >= 0 && a.keepDigest {
				edit.Digest = d.rows[i].Digest
			}
		}
		next, err := Set(path, result.Data, edit)
		if err != nil {
			return Result{}, err
		}
		result.Data = next.Data
		result.Entries = append(result.Entries, next.Entries...)
	}
	return result, nil
}
