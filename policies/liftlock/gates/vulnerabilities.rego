# METADATA
# scope: package
# title: vulnerabilities
# description: No finding over the line of the chosen method, within grace, on a fresh report by an allowed signer.
package liftlock.gates.vulnerabilities

import data.liftlock.lib
import data.liftlock.signers
import data.liftlock.trust

demand := lib.demand("vulnerabilities")

reports := lib.list(lib.evidence, ["vulnerabilities", "reports"])

# most is how many findings of a severity are told one by one: enough to work on, whatever a hostile report lists.
most := 200

# skew is how far a report may come from the future: clocks differ by minutes, not more.
skew := 300

# METADATA
# title: Reports were looked for
# description: Where nobody looked, no finding proves nothing.
# custom:
#   codes: [EVIDENCE_NOT_GATHERED, SUBJECT_NEEDED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.unsought("nobody looked for scan reports") if not looked

looked if {
	lib.gathered("vulnerabilities")
	lib.looked_at({"legacy-attestation", "referrers"})
}

# METADATA
# title: Every place was read
# description: A place that could not be read may hold a newer and worse report. That is so of every place that is asked, the forge included, whatever was found elsewhere.
# custom:
#   codes: [REGISTRY_UNREACHABLE, REGISTRY_DENIED, FORGE_UNREACHABLE, FORGE_DENIED, TOO_MANY_REFERRERS, EVIDENCE_TOO_LARGE, VERIFIER_FAILED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains unread[_]

unread := lib.unread({"manifest", "configuration", "legacy-signature", "children"}) | {found |
	some child in lib.list(lib.evidence, ["children"])
	some found in lib.unread_among(child, {"legacy-signature"}, sprintf(" of its %s", [child.platform]))
}

# METADATA
# title: A report by an allowed signer is attached
# description: A report that anybody may attach says nothing. Says why attached ones do not count. None is absent where a place could not be read.
# custom:
#   codes: [SCAN_ABSENT, SCAN_UNTRUSTED, NOT_CONFIGURED, PREDICATE_SCHEMA, EVIDENCE_MALFORMED, SUBJECT_MISMATCH]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("SCAN_ABSENT", "no scan report of this digest was found", {}) if {
	looked
	count(reports) == 0
	count(unread) == 0
	not doubtful
}

findings contains lib.finding("SCAN_UNTRUSTED", sprintf("%s, %s: signed by none of the signers (%s)", [report.envelope, report.tool, signers.name(report.signer)]), {}) if {
	count(trusted) == 0
	not doubtful
	some report in array.slice(reports, 0, 3)
}

findings contains found if {
	count(trusted) == 0
	not doubtful
	some found in lib.rejected("vulnerabilities")
}

findings contains found if {
	count(trusted) == 0
	some found in lib.unasked
}

# METADATA
# title: What signers of reports rely on is fresh
# description: A stale trust root leaves open who signed a report.
# custom:
#   codes: [TRUST_ROOT_STALE]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains found if {
	count(trusted) == 0
	doubtful
	some found in trust.findings
}

doubtful if {
	count(trust.stale) > 0
	count(lib.list(lib.evidence, ["rejected"])) > 0
}

doubtful if {
	some report in reports
	report.signer.trust in trust.stale
}

trusted := [report | some report in reports; count(signers.accepting(report.signer)) > 0]

# METADATA
# title: Every platform was scanned
# description: What nobody looked at on one platform may hold anything there, however clean the others are. A report covers the manifest that it is attached to; attached to the index, the platform that it names, or, where it names none, all of them.
# custom:
#   codes: [PLATFORM_UNCOVERED]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("PLATFORM_UNCOVERED", sprintf("no scan report covers %s (%s)", [platform.name, platform.digest]), {"{platform}": platform.name}) if {
	count(trusted) > 0
	count(unread) == 0
	some platform in platforms
	not covered(platform)
}

subject := object.get(lib.evidence, "subject", {})

# platforms is what has to be scanned; of an image that is no index, the image itself.
platforms := found if {
	found := lib.list(subject, ["platforms"])
	count(found) > 0
} else := [{"name": "the image", "digest": object.get(subject, "digest", "?")}]

covered(platform) if {
	some report in trusted
	covers(report, platform)
}

covers(report, platform) if report.subject == platform.digest

covers(report, platform) if {
	report.subject == subject.digest
	object.get(report, "platform", "") in {"", platform.name}
}

# METADATA
# title: The newest report of each tool decides
# description: For each platform, by the trusted time of its signature, so that an old clean report cannot be replayed over a newer bad one.
# custom:
#   owner: liftlock
#   review_by: "2027-06-01"
deciding := [report |
	some report in trusted
	decides_any(report)
]

decides_any(report) if {
	some platform in platforms
	decides(report, platform)
}

decides(report, platform) if {
	covers(report, platform)
	not outdated(report, platform)
}

# outdated is true of a report that a newer one replaces. When it was signed does not make it newer than its scan: a key's signature can
# be stamped again by anybody.
outdated(report, platform) if {
	some other in trusted
	tool(other) == tool(report)
	anchor(other) > anchor(report)
	covers(other, platform)
}

# tool is the name of a scanner without its version.
tool(report) := split(report.tool, " ")[0]

# signed is when a report was signed, or, where no trusted time says so, when its scan finished.
signed(report) := report.signer.verifiedAt if {
	report.signer.verifiedAt > 0
} else := report.at

# METADATA
# title: The scan looked at something
# description: A scanner that could not read the image reports no findings, too.
# custom:
#   codes: [SCAN_EMPTY]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("SCAN_EMPTY", sprintf("%s: %s looked at no package and found nothing", [report.envelope, report.tool]), {}) if {
	some report in deciding
	not full(report)
}

full(report) if report.packages > 0

full(report) if report.findings > 0

# The distribution was read from inside the image, and its packages were looked up.
full(report) if object.get(report, "system", "") != ""

# METADATA
# title: The report is fresh
# description: For each platform at least one deciding report is younger than the limit, and its database was when it scanned.
# custom:
#   codes: [SCAN_STALE]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("SCAN_STALE", sprintf("%s: %s scanned %s%s, good until %s", [report.envelope, report.tool, lib.utc(anchor(report)), database(report), lib.utc(expires(report))]), {}) if {
	some platform in platforms
	not freshly(platform)
	some report in deciding
	decides(report, platform)
}

freshly(platform) if {
	some pair in fresh
	decides(pair[1], platform)
}

# fresh is an array of [until, report]; until 0 is for ever.
fresh := [[expires(report), report] |
	some report in deciding
	current(report)
]

current(_) if demand.maxReportAge == 0

current(report) if {
	demand.maxReportAge > 0
	lib.at < expires(report)
}

# anchor is when a report's age begins: never later than its signature.
anchor(report) := min([report.at, signed(report)])

# A database that was old already when it was used makes the report old by as much as it exceeds the limit.
expires(report) := anchor(report) if {
	made := object.get(report, "databaseAt", 0)
	made > 0
	anchor(report) - made >= demand.maxReportAge
} else := anchor(report) + demand.maxReportAge

database(report) := sprintf(" with a database of %s", [lib.utc(report.databaseAt)]) if {
	report.databaseAt > 0
} else := ""

# METADATA
# title: No report comes from the future
# description: A report from the future would stay fresh for longer than allowed.
# custom:
#   codes: [CLOCK_SKEW]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("CLOCK_SKEW", sprintf("%s: %s says that it scanned %s", [report.envelope, report.tool, lib.utc(report.at)]), {}) if {
	some report in deciding
	report.at > lib.at + skew
}

# METADATA
# title: No vulnerability is over the line
# description: By the chosen rating; where it is silent, by the worst of the others; where all are silent, as high.
# custom:
#   codes: [VULNERABILITY]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains over(entry, null) if {
	some severity in severities
	not fits(severity)
	some entry in array.slice(standing(severity), 0, most)
}

findings contains lib.finding("VULNERABILITY", sprintf("%d more of severity %s", [count(standing(severity)) - most, severity]), {"{fix}": "Update the base image."}) if {
	some severity in severities
	not fits(severity)
	count(standing(severity)) > most
}

severities := {entry.severity | some entry in entries_}

fits(severity) if not line(severity)

fits(severity) if count(standing(severity)) <= line(severity).count

standing(severity) := [entry | some entry in counted(severity); lib.waiver("VULNERABILITY", entry.ids) == null]

# What a waiver accepts is shown although it decides nothing any more.
findings contains over(pair[0], pair[1]) if {
	some severity in severities
	count(counted(severity)) > line(severity).count
	accepted := [[entry, waiver] |
		some entry in counted(severity)
		waiver := lib.waiver("VULNERABILITY", entry.ids)
		waiver != null
	]
	some pair in array.slice(accepted, 0, most)
}

over(entry, waiver) := object.union(lib.finding("VULNERABILITY", sprintf("%s; more than %d %s", [described(entry), line(entry.severity).count, entry.severity]), {"{fix}": fix(entry)}), {"waiver": waiver})

# METADATA
# title: What is within grace is said
# description: Grace runs from publication, so that everybody has the same time; a finding without a publication date has none.
# custom:
#   codes: [VULNERABILITY_IN_GRACE]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains object.union(lib.finding("VULNERABILITY_IN_GRACE", sprintf("%s; accepted until %s", [described(entry), lib.utc(entry.ends)]), {"{fix}": fix(entry)}), {"deadline": entry.ends}) if {
	some entry in array.slice([entry | some entry in entries_; graced(entry)], 0, most)
}

# counted is the findings of a severity without those within grace.
counted(severity) := [entry | some entry in entries_; entry.severity == severity; not graced(entry)]

graced(entry) if lib.at < entry.ends

# ends is when the grace of a finding is over; 0 where it has none.
ends(severity, published) := published + line(severity).grace if {
	published > 0
	line(severity).grace > 0
} else := 0

# entries_ is what the deciding reports list, once for each package however many reports say so.
entries_ := [entry |
	some key, group in groups
	severity := worst[min({worst_first[rating(listed)] | some listed in group})]
	entry := {
		"id": key[0],
		"package": key[1],
		"installed": key[2],
		"ids": ({key[0]} | {alias | some listed in group; some alias in lib.list(listed, ["aliases"])}),
		"fixed": {version | some listed in group; some version in lib.list(listed, ["fixed"])},
		"ratings": {sprintf("%s %v", [source, severity]) | some listed in group; some source, severity in listed.severities},
		"severity": severity,
		"ends": ends(severity, earliest({listed.publishedAt | some listed in group})),
	}
]

groups[key] contains listed if {
	some listed in lib.list(lib.evidence, ["vulnerabilities", "findings"])
	decided(listed)
	key := [object.get(listed, name, "?") | some name in ["id", "package", "installed"]]
}

worst := ["critical", "high", "unknown", "medium", "low", "negligible"]

worst_first := {severity: place | some place, severity in worst}

earliest(instants_) := min(instants_) if {
	count(instants_) > 0
} else := 0

# decided leaves out what only outdated or untrusted reports list. What names no report counts.
decided(listed) if count(lib.list(listed, ["reports"])) == 0

decided(listed) if {
	some envelope in listed.reports
	envelope in deciding_envelopes
}

deciding_envelopes := {report.envelope | some report in deciding}

known_severities := {"critical", "high", "medium", "low", "negligible"}

rating(listed) := severity if {
	severity := chosen(listed)
	severity in known_severities
} else := listed.maxSeverity if {
	listed.maxSeverity in known_severities
} else := "unknown"

chosen(listed) := listed.maxSeverity if demand.severity == "max"

chosen(listed) := listed.severity if demand.severity == "vendor"

chosen(listed) := listed.severities.nvd if demand.severity == "nvd"

# line is what is allowed of a severity. An unknown severity without a line of its own counts as high.
line(severity) := demand.allow[severity] if {
	demand.allow[severity]
} else := demand.allow.high if {
	severity == "unknown"
}

# METADATA
# title: Low ones are counted
# description: Evidence lists findings of medium severity and above; of the others it holds the number.
# custom:
#   codes: [VULNERABILITIES_LOW]
#   owner: liftlock
#   review_by: "2027-06-01"
findings contains lib.finding("VULNERABILITIES_LOW", sprintf("%d of severity %s; more than %d", [number, severity, line(severity).count]), {}) if {
	count(deciding) > 0
	some severity in ["low", "negligible"]
	number := object.get(lib.evidence, ["vulnerabilities", "counts", severity], 0)
	number > line(severity).count
}

described(entry) := sprintf("%s (%s; %s) in %s %s", [entry.id, entry.severity, ratings(entry), entry.package, entry.installed])

ratings(entry) := text if {
	count(entry.ratings) > 0
	text := concat(", ", sort(entry.ratings))
} else := "not rated"

fix(entry) := sprintf("Update %s from %s to %s.", [entry.package, entry.installed, concat(" or ", sort(entry.fixed))]) if {
	count(entry.fixed) > 0
} else := sprintf("No version of %s fixes it yet.", [entry.package])

proof := sprintf("%s; %s", [concat("; ", sort([read(pair) | some pair in fresh])), tally]) if {
	demand.method == "severity"
	demand.severity in {"max", "vendor", "nvd"}
	is_object(demand.allow)
	every platform in platforms {
		freshly(platform)
	}
	every report in deciding {
		full(report)
		report.at <= lib.at + skew
	}
	every severity in severities {
		fits(severity)
	}
}

read(pair) := sprintf("%s scanned %s, good until %s", [pair[1].tool, lib.utc(anchor(pair[1])), lib.utc(pair[0])]) if {
	demand.maxReportAge > 0
} else := sprintf("%s scanned %s", [pair[1].tool, lib.utc(anchor(pair[1]))])

tally := concat(", ", [sprintf("%d %s", [count([entry | some entry in entries_; entry.severity == severity]), severity]) |
	some severity in ["critical", "high", "medium", "unknown"]
])

instants contains expires(report) if {
	demand.maxReportAge > 0
	some report in deciding
}

instants contains report.at - skew if some report in deciding

instants contains entry.ends if some entry in entries_

instants contains instant if {
	some report in reports
	some instant in signers.instants(report.signer)
}

instants contains trust.instants[_]
