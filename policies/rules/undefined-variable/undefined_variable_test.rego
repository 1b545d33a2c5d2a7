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
