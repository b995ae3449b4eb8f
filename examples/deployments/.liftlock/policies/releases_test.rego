package custom.releases_test

import data.custom.releases

shown(environment, tag) := {"evidence": {"target": {"environment": environment}, "subject": {"tag": tag}}}

test_release_candidates_stay_out_of_production if {
	releases.deny == {"1.5.0-rc.1 is a release candidate"} with input as shown("production", "1.5.0-rc.1")
}

test_others_may_pass[tag] if {
	some tag in ["1.5.0", "v1.5.0", "main-17"]
	releases.deny == set() with input as shown("production", tag)
}

test_release_candidates_may_be_tried if {
	releases.deny == set() with input as shown("staging", "1.5.0-rc.1")
}
