// Package policies holds the built-in rules, their tests and the table of codes, embedded in the binary.
package policies

import "embed"

// Files is the content of this directory: what `opa eval --data policies` would load, tests included.
//
//go:embed liftlock
var Files embed.FS

// CodesFile is the path of the code table in Files.
const CodesFile = "liftlock/codes.json"
