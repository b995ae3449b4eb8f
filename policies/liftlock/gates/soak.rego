# METADATA
# scope: package
# title: soak
# description: It has been healthy where it must soak, for long enough.
package liftlock.gates.soak

import data.liftlock.lib

# METADATA
# title: The facts were gathered
# description: A gate that is demanded but whose facts are not gathered is unknown, never pass.
# custom:
#   codes: [EVIDENCE_NOT_GATHERED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("EVIDENCE_NOT_GATHERED", "health: not gathered by this version", {})

instants := set()
