package gate.rules["undefined-variable_test"]

import data.gate.lib.fixture
import data.gate.rules["undefined-variable"] as rule

_found(instruction) := {each.message | some each in found} if {
	evidence := object.union(fixture.single([instruction]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"pairs": [
		["REGISTRY", "x"],
		["NODE_VERSION", "22"],
	]})]}})
	found := rule.violations with input.evidence as evidence
}

_uses(name) := fixture.instruction("LABEL", 3, {"unresolved": [name]})

test_reports_arguments_of_no_stage if {
	_found(_uses("REGISTRY")) == {"REGISTRY is empty here: the ARG before FROM is not visible in this stage"}
	_found(_uses("TARGETARCH")) == {"TARGETARCH is empty here: without an ARG it is not visible in this stage"}
}

test_accepts_what_the_base_may_set if {
	_found(_uses("NODE_VERSION")) == set()
	_found(_uses("JAVA_HOME")) == set()
	_found(fixture.instruction("ENV", 3, {"unresolved": ["REGISTRY"], "pairs": [["REGISTRY", ""]]})) == set()
}

_reason(name, set) := reason if {
	arguments := [fixture.instruction("ARG", index + 5, {"pairs": [[each, "x"]]}) | some index, each in set]
	uses := fixture.instruction("LABEL", 6, {"unresolved": [name]})
	found := rule.violations with input.evidence as fixture.single(array.concat(arguments, [uses]))
	some each in found
	reason := split(each.message, ": ")[1]
} else := null

test_reports_slips if {
	_reason("VERSOIN", ["VERSION"]) == "VERSION is meant, by the look of it"
	_reason("VERSIONS", ["VERSION"]) == "VERSION is meant, by the look of it"
	_reason("VERSIO", ["VERSION"]) == "VERSION is meant, by the look of it"
	_reason("PAHT", []) == "PATH is meant, by the look of it"
	_reason("PATHS", ["PATH"]) == "PATH is meant, by the look of it"
	_reason("HOM", []) == "HOME is meant, by the look of it"
	_reason("HOMES", []) == "HOME is meant, by the look of it"
	_reason("VERSION1", ["VERSION"]) == null
	_reason("A", ["B"]) == null
}

test_reports_what_is_declared_later if {
	_reason("C", ["A", "B", "C"]) == "the ARG that declares it comes later"
	_reason("A", ["A"]) == null
}

test_reports_what_scratch_has_not if {
	stage := fixture.stage(0, {
		"target": true,
		"base": {"reference": "scratch", "stage": null},
		"instructions": [fixture.instruction("LABEL", 2, {"unresolved": ["ANY"]})],
	})
	found := rule.violations with input.evidence as fixture.dockerfile([stage])
	{each.message | some each in found} == {"ANY is empty here: nothing sets it, and scratch has no environment"}
}

_own(line) := fixture.instruction("ARG", line, {"pairs": [["REGISTRY", null]]})

test_accepts_what_the_stage_declares_before if {
	arguments := {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"pairs": [["REGISTRY", null]]})]}}
	count(rule.violations) == 0 with input.evidence as object.union(fixture.single([_own(2), _uses("REGISTRY")]), arguments)
	count(rule.violations) == 1 with input.evidence as object.union(fixture.single([_uses("REGISTRY"), _own(4)]), arguments)
}
