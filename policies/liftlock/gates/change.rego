# METADATA
# scope: package
# title: change
# description: The proposal's tree is exactly base tree and intended edits.
package liftlock.gates.change

import data.liftlock.lib

findings contains lib.finding("EVIDENCE_NOT_GATHERED", "not gathered by this version", {})

instants := set()
