package overlay

import (
	"fmt"
	"unicode/utf8"
)

// The codes of the errors and findings of this package.
const (
	CodeUnsafePath     = "UNSAFE_PATH"             // a path that could leave the tree or reach git's own files
	CodeUnsafeEntry    = "UNSAFE_TREE_ENTRY"       // a symbolic link or submodule on the way
	CodeMissing        = "OVERLAY_MISSING"         // no such directory, or none with a kustomization file; wraps fs.ErrNotExist
	CodeAmbiguousFile  = "AMBIGUOUS_KUSTOMIZATION" // several kustomization files in one directory
	CodeMalformed      = "KUSTOMIZATION_MALFORMED" // not readable, or not readable in one way only
	CodeAmbiguousImage = "AMBIGUOUS_IMAGE"         // an entry that is there twice, or that cannot be edited with certainty
	CodeRemote         = "REMOTE_RESOURCE"         // a remote resource, plugin, chart, or file outside the directory's root
	CodePinLost        = "PIN_LOST"                // a digest would be, or is, dropped
	CodeRenderFailed   = "RENDER_FAILED"           // kustomize cannot build the overlay
	CodeRenderDiffers  = "RENDER_DIFFERS"          // the change does more, or less, than intended
	CodeEntryUnused    = "ENTRY_UNUSED"            // an entry that changes no image
)

// fault is an error with a code and a position.
type fault struct {
	code string
	path string
	line int // 0: the whole file or path
	text string
	err  error // nil: text says it all
}

func (f *fault) Error() string {
	at := f.path
	if f.line > 0 {
		at = fmt.Sprintf("%s:%d", f.path, f.line)
	}
	return at + ": " + f.message()
}

// message is the error without its position.
func (f *fault) message() string {
	if f.err == nil {
		return f.text
	}
	return f.text + ": " + f.err.Error()
}

// Code returns the code table's name of the error.
func (f *fault) Code() string { return f.code }

func (f *fault) Unwrap() error { return f.err }

// clip keeps a message readable when the value in it is hostile.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
