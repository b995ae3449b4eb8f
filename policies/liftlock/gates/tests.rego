# METADATA
# scope: package
# title: tests
# description: The required tests passed for this digest or its verified source commit.
package liftlock.gates.tests

import data.liftlock.lib

# METADATA
# title: The facts were gathered
# description: A gate that is demanded but whose facts are not gathered is unknown, never pass.
# custom:
#   codes: [EVIDENCE_NOT_GATHERED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("EVIDENCE_NOT_GATHERED", "test results: not gathered by this version", {})

instants := set()
