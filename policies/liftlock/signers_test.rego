package liftlock_test.signers

import data.liftlock.signers
import data.liftlock_test.good

claims := good.document.evidence.signatures[0].signer

pattern(text) := {"name": "p", "keyless": {"trust": "public-good", "issuer": claims.issuer, "sanPattern": text}}

test_exact_identity if signers.accepting(claims) == {"release"} with input as good.document

test_pattern[note] if {
	some note, case in {
		"fits": {"san": "https://github.com/acme/app/x", "want": true},
		"longer name (A12)": {"san": "https://github.com/acme/app-evil/x", "want": false},
		"inside a query (A12)": {"san": "https://evil/?https://github.com/acme/app/x", "want": false},
		"new line (A12)": {"san": "https://github.com/acme/app/x\n", "want": false},
		"empty": {"san": "", "want": false},
	}
	fits := {true | signers.accepts(pattern(`\A(?:https://github\.com/acme/app/[a-z]+)\z`), object.union(claims, {"san": case.san}))} with input as good.document
	fits == {true | case.want}
}

# Demands that are missing never match claims that are missing.
test_empty_demands_accept_nobody[note] if {
	some note, signer in {
		"nothing": {"name": "x"},
		"empty keyless": {"name": "x", "keyless": {}},
		"no identity (A13)": {"name": "x", "keyless": {"trust": "", "issuer": "", "sans": []}},
		"no issuer (A13)": {"name": "x", "keyless": {"trust": "public-good", "issuer": "", "sans": [claims.san]}},
		"empty key": {"name": "x", "key": {"spki": ""}},
		"both": {"name": "x", "keyless": {"trust": "t", "issuer": "i", "sans": ["s"]}, "key": {"spki": "k"}},
	}
	every said in [{}, claims, {"trust": "", "issuer": "", "san": "", "key": ""}, {"key": "k", "trust": "t"}] {
		not accepted(signer, said)
	}
}

accepted(signer, said) if signers.accepts(signer, said) with input as good.document

key(limits) := {"name": "k", "key": object.union({"spki": "sha256:k"}, limits)}

signed(at) := {"key": "sha256:k", "verifiedAt": at}

test_key_validity[note] if {
	some note, case in {
		"no limits": {"limits": {}, "at": 0, "want": true},
		"begins": {"limits": {"notBefore": 100}, "at": 100, "want": true},
		"before it begins": {"limits": {"notBefore": 100}, "at": 99, "want": false},
		"last second": {"limits": {"notAfter": 100}, "at": 99, "want": true},
		"ends": {"limits": {"notAfter": 100}, "at": 100, "want": false},
		"revoked": {"limits": {"revokedAt": 100}, "at": 100, "want": false},
		"revoked later (A24)": {"limits": {"revokedAt": 100}, "at": 99, "want": false},
		"revoked later and accepted (A24)": {"limits": {"revokedAt": 100, "acceptBeforeRevocation": true}, "at": 99, "want": true},
		"revoked before and accepted (A24)": {"limits": {"revokedAt": 100, "acceptBeforeRevocation": true}, "at": 100, "want": false},
		"no trusted time and accepted (A24)": {"limits": {"revokedAt": 100, "acceptBeforeRevocation": true}, "at": 0, "want": false},
		"to be revoked": {"limits": {"revokedAt": 1795150001}, "at": 99, "want": true},
		"for this environment": {"limits": {"environments": ["production"]}, "at": 99, "want": true},
		"for another environment": {"limits": {"environments": ["staging"]}, "at": 99, "want": false},
		"no trusted time": {"limits": {"revokedAt": 100}, "at": 0, "want": false},
	}
	fits := {true | signers.accepts(key(case.limits), signed(case.at))} with input as good.document
	fits == {true | case.want}
}

test_another_key if not signers.accepts(key({}), {"key": "sha256:other", "verifiedAt": 1}) with input as good.document

test_time_matters_only_without_a_trusted_time if {
	signers.instants(signed(0)) == {1786510000, 1803790000} with input as good.document
	signers.instants(signed(5)) == set() with input as good.document
	signers.instants(claims) == set() with input as good.document
}

revoked(accept) := good.changed([{"op": "replace", "path": "requirements/signers/1/key", "value": {"spki": "k", "revokedAt": 7, "acceptBeforeRevocation": accept}}])

test_revocation_matters_whenever_it_signed if {
	signers.instants(signed(5)) == {7} with input as revoked(false)
	signers.instants(signed(5)) == set() with input as revoked(true)
}

# A26: a root that was rolled back may vouch for a time before the key was stolen.
test_no_time_under_a_stale_root if {
	stale := good.changed([{"op": "replace", "path": "requirements/trust/0/sha256", "value": "1"}])
	signers.signed(signed(5)) == good.document.at with input as stale
	signers.signed(signed(5)) == 5 with input as good.document
	not stolen_counts with input as stale
	stolen_counts with input as good.document
}

stolen_counts if signers.accepts(key({"revokedAt": 100, "acceptBeforeRevocation": true}), signed(5))

test_names[note] if {
	some note, case in {
		"keyless, a, signed 1970-01-01 00:00:05 UTC": {"san": "a", "verifiedAt": 5},
		"keyless, a": {"san": "a"},
		"key k, signed 1970-01-01 00:00:05 UTC": {"key": "k", "verifiedAt": 5},
		"key k, without a trusted time": {"key": "k"},
	}
	signers.name(case) == note
}
