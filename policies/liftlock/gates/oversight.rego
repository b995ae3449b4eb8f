# METADATA
# scope: package
# title: oversight
# description: The overlay has real owners, the branch rules make their review binding, and the bot cannot bypass them.
package liftlock.gates.oversight

import data.liftlock.lib

# METADATA
# title: The facts were gathered
# description: A gate that is demanded but whose facts are not gathered is unknown, never pass.
# custom:
#   codes: [EVIDENCE_NOT_GATHERED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("EVIDENCE_NOT_GATHERED", "branch rules: not gathered by this version", {})

instants := set()
