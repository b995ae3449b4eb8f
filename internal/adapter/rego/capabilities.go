package rego

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// capabilities is what rules may call: everything of this version of OPA but what depends on more than its arguments. A verdict must
// come out the same at replay, years later and on another machine.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.AllowNet = []string{}
	kept := make([]*ast.Builtin, 0, len(all.Builtins))
	for _, builtin := range all.Builtins {
		if !builtin.IsNondeterministic() && !forbidden(builtin.Name) {
			kept = append(kept, builtin)
		}
	}
	all.Builtins = kept
	return all
}

// forbidden names functions that OPA does not mark itself.
func forbidden(name string) bool {
	switch name {
	case "crypto.x509.parse_and_verify_certificates", // compare with the clock
		"crypto.x509.parse_and_verify_certificates_with_options",
		"io.jwt.decode_verify",
		"json.match_schema", // fetch what a schema refers to
		"json.verify_schema",
		"graphql.schema_is_valid",
		"http.send",
		"net.lookup_ip_addr",
		"opa.runtime", // the environment variables, credentials among them
		"rego.parse_module",
		"time.now_ns",
		"trace", // leaves the evaluation
		"uuid.rfc4122":
		return true
	}
	return strings.HasPrefix(name, "rand.") || strings.HasPrefix(name, "providers.") || strings.HasPrefix(name, "io.jwt.encode_sign")
}
