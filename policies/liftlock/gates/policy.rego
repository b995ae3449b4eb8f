# METADATA
# scope: package
# title: policy
# description: The repository's own rules say so.
package liftlock.gates.policy

import data.liftlock.lib

findings contains lib.finding("EVIDENCE_NOT_GATHERED", "not gathered by this version", {})

instants := set()
