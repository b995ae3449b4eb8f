# Own rules add denials and warnings to the built-in gates, by conftest's convention; they cannot overrule a gate.
package custom.releases

# Release candidates are for tests.
deny contains message if {
	input.evidence.target.environment == "production"
	regex.match(`^v?[0-9]+\.[0-9]+\.[0-9]+-`, input.evidence.subject.tag)
	message := sprintf("%s is a release candidate", [input.evidence.subject.tag])
}
