package gate.main_test

import data.gate.main

_known := {"state": "known", "reason": null, "root": false, "origin": null}

_assumed := {"state": "assumed", "reason": "alpine ships one", "present": true, "origin": null}

_unknown := {"state": "unknown", "reason": "not built yet", "origin": {"kind": "config", "field": "x"}}

_evidence := {
	"kind": "dockerfile",
	"facts": {"user": _known, "shell": _assumed, "size": _unknown, "base": _known},
	"dockerfile": {"stages": [{}]},
	"workload": null,
}

_spec(needs, settled_on) := {"needs": needs, "settled_on": settled_on, "kinds": ["dockerfile"], "parameters": []}

_finding := {"origin": null, "message": "m"}

_certain := {"origin": null, "message": "c", "certain": true}

_report(rules, evidence, answers) := report if {
	report := main.report with input as {"evidence": evidence, "parameters": {}, "rules": rules}
		with data.gate.rules as answers
		with data.custom as answers
}

_says(violations) := {"violations": violations}

test_an_empty_question_has_an_empty_answer if {
	_report({}, _evidence, {}) == {"findings": set(), "settled_later": set(), "assumed": set()}
}

test_a_violation_on_known_facts_is_known if {
	_report({"r": _spec(["user"], [])}, _evidence, {"r": _says({_finding})}) == {
		"findings": {{"rule": "r", "status": "violation", "state": "known", "origin": null, "message": "m"}},
		"settled_later": set(),
		"assumed": set(),
	}
}

test_rules_that_are_not_asked_for_are_silent if {
	_report({}, _evidence, {"r": _says({_finding})}).findings == set()
}

test_a_violation_on_assumed_facts_is_assumed if {
	report := _report({"r": _spec(["user", "shell"], [])}, _evidence, {"r": _says({_finding, _certain})})
	{[each.message, each.state] | some each in report.findings} == {["m", "assumed"], ["c", "known"]}
	report.assumed == set()
}

test_silence_on_assumed_facts_is_told if {
	_report({"r": _spec(["user", "shell"], [])}, _evidence, {"r": _says(set())}) == {
		"findings": set(),
		"settled_later": set(),
		"assumed": {{"rule": "r", "reason": "alpine ships one"}},
	}
}

test_an_unknown_need_is_undecided_and_its_violations_are_dropped if {
	_report({"r": _spec(["size"], [])}, _evidence, {"r": _says({_finding})}) == {
		"findings": {{
			"rule": "r",
			"status": "undecided",
			"state": "unknown",
			"origin": {"kind": "config", "field": "x"},
			"message": "the size is not known: not built yet",
			"reason": "not built yet",
		}},
		"settled_later": set(),
		"assumed": set(),
	}
}

test_an_unknown_need_is_settled_later_where_a_later_checkpoint_knows if {
	_report({"r": _spec(["size"], ["image"])}, _evidence, {"r": _says({_finding})}) == {
		"findings": set(),
		"settled_later": {"r"},
		"assumed": set(),
	}
}

test_it_is_undecided_where_it_should_be_settled if {
	report := _report({"r": _spec(["size"], ["dockerfile"])}, _evidence, {"r": _says(set())})
	{each.status | some each in report.findings} == {"undecided"}
	report.settled_later == set()
}

test_a_certain_violation_settles_an_unknown_need if {
	_report({"r": _spec(["size"], ["image"])}, _evidence, {"r": _says({_finding, _certain})}) == {
		"findings": {{
			"rule": "r",
			"status": "violation",
			"state": "known",
			"origin": null,
			"message": "c",
			"certain": true,
		}},
		"settled_later": set(),
		"assumed": set(),
	}
}

test_a_certain_warning_settles_nothing if {
	warning := object.union(_certain, {"level": "warn"})
	report := _report({"r": _spec(["size"], ["image"])}, _evidence, {"r": _says({warning})})
	{[each.message, each.level] | some each in report.findings} == {["c", "warn"]}
	report.settled_later == {"r"}
}

test_a_fact_without_its_decisive_part_is_unknown if {
	hollow := json.remove(_evidence, ["facts/user/root"])
	report := _report({"r": _spec(["user"], [])}, hollow, {"r": _says(set())})
	{each.message | some each in report.findings} == {"the user is not known: the evidence does not say"}
}

test_an_undecided_rule_points_at_the_image_of_a_manifest_or_at_the_base if {
	pointer := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec", "line": 7}
	line := {"kind": "line", "path": "Dockerfile", "line": 1, "end_line": 1}
	shell := {"state": "unknown", "reason": "not read", "present": null}
	container := {"kind": "container", "facts": {"shell": shell}, "workload": {"image_origin": pointer}}
	dockerfile := {"kind": "dockerfile", "facts": {"shell": shell, "base": {"origin": line}}}
	places := [{each.origin | some each in report.findings} |
		some evidence in [container, dockerfile]
		report := _report({"r": _spec(["shell"], [])}, evidence, {"r": _says(set())})
	]
	places == [{pointer}, {line}]
}

test_a_fact_that_is_not_there_is_unknown if {
	report := _report({"r": _spec(["filesystem"], [])}, _evidence, {"r": _says(set())})
	{each.message | some each in report.findings} == {"what files the image has is not known: the evidence does not say"}
}

test_a_need_that_nobody_knows_is_unknown if {
	report := _report({"r": _spec(["colour"], [])}, _evidence, {"r": _says(set())})
	{each.message | some each in report.findings} == {"colour is not known: the evidence does not say"}
}

test_documents_are_known_when_they_are_there if {
	_report({"r": _spec(["dockerfile"], [])}, _evidence, {"r": _says(set())}).findings == set()
	without := _report({"r": _spec(["workload"], [])}, _evidence, {"r": _says(set())})
	{each.status | some each in without.findings} == {"undecided"}
}

test_a_dockerfile_without_stages_is_unknown_for_the_bases_reason if {
	hidden := {
		"kind": "dockerfile",
		"facts": {"base": {"state": "unknown", "reason": "a foreign frontend", "origin": null}},
		"dockerfile": {"stages": []},
	}
	report := _report({"r": _spec(["dockerfile"], [])}, hidden, {"r": _says(set())})
	{each.message | some each in report.findings} == {"what the Dockerfile builds is not known: a foreign frontend"}
}

test_a_rule_may_doubt if {
	doubting := {"violations": set(), "undecided": {{"origin": null, "message": "cannot tell"}}}
	report := _report({"r": _spec(["user"], [])}, _evidence, {"r": doubting})
	report.findings == {{
		"rule": "r",
		"status": "undecided",
		"state": "unknown",
		"origin": null,
		"message": "cannot tell",
		"reason": "cannot tell",
	}}
}

test_a_rule_that_doubts_and_finds_has_found if {
	doubting := {"violations": {_finding}, "undecided": {{"origin": null, "message": "cannot tell"}}}
	report := _report({"r": _spec(["user"], [])}, _evidence, {"r": doubting})
	{each.status | some each in report.findings} == {"violation"}
}

test_a_doubt_is_settled_later_where_a_later_checkpoint_knows if {
	doubting := {"violations": set(), "undecided": {{"origin": null, "message": "cannot tell"}}}
	report := _report({"r": _spec(["user"], ["image"])}, _evidence, {"r": doubting})
	report == {"findings": set(), "settled_later": {"r"}, "assumed": set()}
}

test_a_rule_that_is_not_there_is_undecided if {
	report := _report({"r": _spec(["user"], [])}, _evidence, {})
	{[each.status, each.reason] | some each in report.findings} == {[
		"undecided",
		"rule-error: the policy has no such rule",
	]}
}

test_a_parameter_that_is_not_there_is_undecided if {
	spec := object.union(_spec(["user"], []), {"parameters": ["limit"]})
	report := _report({"r": spec}, _evidence, {"r": _says(set())})
	{[each.status, each.reason] | some each in report.findings} == {[
		"undecided",
		"rule-error: the parameter limit is not set",
	]}
}

test_custom_rules_are_asked_by_their_name if {
	report := _report({"custom/r": _spec(["user"], [])}, _evidence, {"r": _says({_finding})})
	{[each.rule, each.message] | some each in report.findings} == {["custom/r", "m"]}
}

test_custom_rules_may_doubt if {
	doubting := {"violations": set(), "undecided": {{"origin": null, "message": "cannot tell"}}}
	report := _report({"custom/r": _spec(["user"], [])}, _evidence, {"r": doubting})
	{each.reason | some each in report.findings} == {"cannot tell"}
}
