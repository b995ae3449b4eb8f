# METADATA
# scope: package
# title: provenance
# description: SLSA provenance of the demanded level, whose facts agree with the certificate.
package liftlock.gates.provenance

import data.liftlock.lib

# METADATA
# title: The facts were gathered
# description: A gate that is demanded but whose facts are not gathered is unknown, never pass.
# custom:
#   codes: [EVIDENCE_NOT_GATHERED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("EVIDENCE_NOT_GATHERED", "provenance: not gathered by this version", {})

instants := set()
