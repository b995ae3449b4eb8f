package evidence

import "fmt"

// Codes of what is wrong with a foreign document. They stand in the code table.
const (
	CodeMalformed       = "EVIDENCE_MALFORMED"    // not the one JSON document that every reader would see
	CodeTooManySubjects = "TOO_MANY_SUBJECTS"     // the statement names more subjects than an image has
	CodeSubjectMismatch = "SUBJECT_MISMATCH"      // the statement is about something else
	CodeClaimMismatch   = "CLAIM_DIGEST_MISMATCH" // the signature is about another image
	CodePredicateSchema = "PREDICATE_SCHEMA"      // the predicate is not what its type says

	CodeManifestMalformed = "MANIFEST_MALFORMED" // not a manifest that every reader would take for the same
	CodeManifestTooLarge  = "MANIFEST_TOO_LARGE" // beyond MaxManifest
)

// codedError is a problem with a foreign document, under a code of the code table.
type codedError struct {
	code string
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// Code returns the code of the code table.
func (e *codedError) Code() string { return e.code }

func coded(code, format string, args ...any) error {
	return &codedError{code: code, err: fmt.Errorf(format, args...)}
}

// clip keeps a message readable when the value is hostile.
func clip(s string) string {
	if len(s) > 96 {
		return s[:96] + "…"
	}
	return s
}
