package bot

import "testing"

func TestDowngradeIsSaidByRecordTagsOrDates(t *testing.T) {
	for name, c := range map[string]struct {
		comparison
		answer, by string
	}{
		"newer in every way":                          {comparison{order: -1, by: "semver", created: 2, replaced: 1, read: true}, "no", "semver"},
		"held before, whatever the tag":               {comparison{held: true, order: -1, by: "semver", created: 2, replaced: 1, read: true}, "yes", "history"},
		"held before, unreadable":                     {comparison{held: true}, "yes", "history"},
		"older build under a higher tag":              {comparison{order: -1, by: "semver", created: 1, replaced: 2, read: true}, "yes", "created"},
		"older build, no order":                       {comparison{created: 1, replaced: 2, read: true}, "yes", "created"},
		"newer build, no order":                       {comparison{created: 2, replaced: 1, read: true}, "no", "created"},
		"newer build under a lower tag":               {comparison{order: 1, by: "order", created: 2, replaced: 1, read: true}, "yes", "order"},
		"lower tag, unreadable":                       {comparison{order: 1, by: "semver"}, "yes", "semver"},
		"higher tag, unreadable":                      {comparison{order: -1, by: "semver"}, "unknown", "created"},
		"higher tag, what it replaces is gone":        {comparison{order: -1, by: "semver", created: 2, gone: true}, "no", "semver"},
		"no order, what it replaces is gone":          {comparison{gone: true}, "unknown", "created"},
		"no order, unreadable":                        {comparison{created: 2}, "unknown", "created"},
		"higher tag, both undated":                    {comparison{order: -1, by: "semver", read: true}, "no", "semver"},
		"higher tag, the replaced one undated":        {comparison{order: -1, by: "semver", created: 2, read: true}, "no", "semver"},
		"higher tag, reproducible builds":             {comparison{order: -1, by: "semver", created: 2, replaced: 2, read: true}, "no", "semver"},
		"no order, reproducible builds":               {comparison{created: 2, replaced: 2, read: true}, "no", "history"},
		"no order, both undated":                      {comparison{read: true}, "no", "history"},
		"no order, the candidate undated":             {comparison{replaced: 2, read: true}, "unknown", "created"},
		"no order, what it replaces undated":          {comparison{created: 2, read: true}, "unknown", "created"},
		"older build of an older line than what runs": {comparison{order: 1, by: "semver", created: 1, replaced: 2, read: true}, "yes", "semver"},
	} {
		if answer, by := c.downgrade(); answer != c.answer || by != c.by {
			t.Errorf("%s: got %s by %s, want %s by %s", name, answer, by, c.answer, c.by)
		}
	}
}
