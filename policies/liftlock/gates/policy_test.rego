package liftlock_test.policy

import data.liftlock.gates.policy
import data.liftlock_test.good

test_conftest_names[name] if {
	some name, code in {
		"deny": "POLICY_DENIED",
		"deny_latest_tag": "POLICY_DENIED",
		"violation": "POLICY_DENIED",
		"violation_a1": "POLICY_DENIED",
		"warn": "POLICY_WARNED",
		"warn_x": "POLICY_WARNED",
	}
	{found.code | some found in policy.findings} == {code} with input as good.document with data.custom as {"a": {name: {"no"}}}
}

test_other_names[name] if {
	some name in ["denied", "allow", "deny_", "deny-x", "warning"]
	policy.findings == set() with input as good.document with data.custom as {name: {"no"}}
}

test_messages[note] if {
	some note, message in {
		"custom.deny: m": "m",
		"custom.deny: n": {"msg": "n", "details": {"a": 1}},
		`custom.deny: {"details":1}`: {"details": 1},
		"custom.deny: 1.5": 1.5,
		"custom.deny: null": null,
	}
	{found.message | some found in policy.findings} == {note} with input as good.document with data.custom as {"deny": {message}}
}

test_good_until_the_next_hour if {
	policy.instants == {1795150800, 0} with input as good.document with data.custom as {"deny": set()}
}
