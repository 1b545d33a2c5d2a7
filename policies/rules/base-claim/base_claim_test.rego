package gate.rules["base-claim_test"]

import data.gate.rules["base-claim"] as rule

_claim(holds, reason) := {"source": "label", "reference": "docker.io/library/alpine:3.20", "holds": holds, "reason": reason}

_base(claims, state, reference) := {"state": state, "reference": reference, "claims": claims, "origin": null}

_found(base) := {found.message | some found in found_} if {
	found_ := rule.violations with input.evidence.facts.base as base
}

_doubts(base) := {found.message | some found in found_} if {
	found_ := rule.undecided with input.evidence.facts.base as base
}

test_accepts_no_claim_and_one_that_holds if {
	_found(_base([], "unknown", null)) == set()
	_found(_base([_claim(true, null)], "known", "docker.io/library/alpine:3.20")) == set()
	_doubts(_base([_claim(true, null)], "known", "docker.io/library/alpine:3.20")) == set()
}

test_reports_a_lie if {
	lie := _claim(false, "layer 1 is another than the base's")
	_found(_base([lie], "unknown", null)) == {"the label says the base is docker.io/library/alpine:3.20, but layer 1 is another than the base's"}
}

test_names_the_base_that_is_proven if {
	lie := _claim(false, "layer 2 is another than the base's")
	_found(_base([lie], "known", "docker.io/library/debian:12")) == {concat("", [
		"the label says the base is docker.io/library/alpine:3.20, but layer 2 is another than the base's; ",
		"the layers prove docker.io/library/debian:12",
	])}
}

test_doubts_what_is_not_proven if {
	base := _base([_claim(null, "it is not in gate.lock, and nothing may be asked offline")], "unknown", null)
	_doubts(base) == {concat("", [
		"the label says the base is docker.io/library/alpine:3.20, which is not proven: ",
		"it is not in gate.lock, and nothing may be asked offline",
	])}
}
