package pipeline

import _ "embed"

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (2020-12) of one document of any kind, for editors. It is made from the types of this package,
// with their comments as descriptions; a test holds it to them, and -update writes it anew.
func Schema() []byte { return []byte(schema) }
