package overlay

import (
	"errors"
	"fmt"
	"slices"
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
	a, err := readArgument(argument)
	if err == nil {
		err = a.check()
	}
	if err != nil {
		return Argument{}, fmt.Errorf("image %q: %s: %w", clip(quoted(argument)), argumentForms, err)
	}
	return a, nil
}

// readArgument cuts an argument into its parts: first at "=", which no image name has, then at "@", then at the tag's colon.
func readArgument(argument string) (Argument, error) {
	name, image, renamed := strings.Cut(argument, "=")
	if !renamed {
		image = argument
	}
	image, hash, pinned := strings.Cut(image, "@")
	base, tag, _ := split(image)
	tagged := base != image
	switch {
	case !renamed && !tagged && !pinned:
		return Argument{}, errors.New("neither a tag nor a digest")
	case tagged && tag == "" || pinned && hash == "":
		return Argument{}, errors.New("an empty tag or digest")
	case renamed && base == "":
		return Argument{}, errors.New("an empty new name")
	}
	// Who types a tag wants to read it in the file, also beside a digest.
	a := Argument{edit: Edit{Name: base, Tag: tag, ShowTag: true}, keepTag: tag == keep, keepDigest: hash == keep}
	if renamed {
		a.edit.Name, a.edit.NewName = name, base
	}
	if base == keep {
		a.edit.NewName = ""
	}
	if a.keepTag {
		a.edit.Tag = ""
	}
	if !pinned || a.keepDigest {
		return a, nil
	}
	var err error
	a.edit.Digest, err = digest.Parse(hash)
	return a, err
}

// check refuses what could never be written. What "*" keeps is known only with the file, so that the rest is checked there.
func (a Argument) check() error {
	if a.keepTag || a.keepDigest {
		return checkName(a.edit.Name)
	}
	return a.edit.check()
}

// SetArguments applies arguments in order, as Set does. Two for one entry are refused: which of them is meant is anybody's guess. A
// digest is dropped only with unpin: "app:v2" on a pinned entry would otherwise take the pin away without a word.
func SetArguments(path string, data []byte, arguments []Argument, unpin bool) (Result, error) {
	result := Result{Data: data}
	for n, a := range arguments {
		if slices.ContainsFunc(arguments[:n], func(other Argument) bool { return other.edit.Name == a.edit.Name }) {
			return Result{}, fmt.Errorf("image %q: want one argument for each entry, got two", clip(quoted(a.edit.Name)))
		}
	}
	for n, a := range arguments {
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
		if n == 0 {
			result.Names = next.Names
		}
	}
	return result, nil
}
