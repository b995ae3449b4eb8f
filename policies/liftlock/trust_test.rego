package liftlock_test.trust

import data.liftlock.trust
import data.liftlock_test.good

root(change) := good.changed([{"op": "replace", "path": "requirements/trust/0", "value": object.union(good.document.requirements.trust[0], change)}])

test_good_root if {
	trust.stale == set() with input as good.document
	trust.warnings == set() with input as good.document
}

# A26, at both ends of each instant.
test_stale[note] if {
	some note, case in {
		"another file": {"change": {"sha256": "1"}, "want": true},
		"no file": {"change": {"sha256": ""}, "want": true},
		"not pinned": {"change": {"sha256": "1", "pinned": ""}, "want": false},
		"last second": {"change": {"refreshedAt": 1795150000 - 7776000}, "want": false},
		"too old": {"change": {"refreshedAt": 1795149999 - 7776000}, "want": true},
		"no age": {"change": {"refreshedAt": 5, "maxAge": 0}, "want": false},
		"clocks differ": {"change": {"refreshedAt": 1795150300}, "want": false},
		"of the future": {"change": {"refreshedAt": 1795150301}, "want": true},
	}
	found := trust.stale with input as root(case.change)
	count(found) > 0 == case.want
}

test_a_root_that_is_not_described_is_stale if {
	trust.stale == {"public-good"} with input as good.changed([{"op": "remove", "path": "requirements/trust"}])
	trust.stale == {"public-good"} with input as root({"name": "other"})
}

# Of two that have one name, none is believed in place of the other.
test_two_of_one_name if {
	trust.stale == {"public-good"} with input as good.changed([{"op": "add", "path": "requirements/trust/-", "value": {"name": "public-good", "pinned": "1", "sha256": "2"}}])
}

test_instants if {
	trust.instants == {
		1795000000 - 300, (1795000000 + 7776000) - trust.month, (1795000000 + 7776000) + 1,
		1900000000 - trust.month, 1803790000 - trust.month, 1803790000,
	} with input as good.document
}
