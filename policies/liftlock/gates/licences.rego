# METADATA
# scope: package
# title: licences
# description: Every component's SPDX expression is allowed.
package liftlock.gates.licences

import data.liftlock.lib

# METADATA
# title: The facts were gathered
# description: A gate that is demanded but whose facts are not gathered is unknown, never pass.
# custom:
#   codes: [EVIDENCE_NOT_GATHERED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("EVIDENCE_NOT_GATHERED", "licences: not gathered by this version", {})

instants := set()
