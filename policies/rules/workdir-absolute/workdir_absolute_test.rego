package gate.rules["workdir-absolute_test"]

import data.gate.lib.fixture
import data.gate.rules["workdir-absolute"] as rule

_workdir(line, path) := fixture.instruction("WORKDIR", line, {"args": [path]})

_found(instructions) := {[each.origin.line, each.message] | some each in found} if {
	found := rule.violations with input.evidence as fixture.single(instructions)
}

test_reports_a_path_without_an_anchor if {
	_found([_workdir(2, "app")]) == {[2, "WORKDIR app is relative to the working directory of the base image"]}
}

test_accepts_absolute_paths if {
	_found([_workdir(2, "C:/app")]) == set()
	_found([object.union(_workdir(2, ""), {"unresolved": ["HOME"]})]) == set()
}

test_says_what_a_path_is_relative_to if {
	_found([_workdir(2, "/app"), _workdir(3, "web")]) == {[3, "WORKDIR web is relative to the WORKDIR before it"]}
	found := {{"origin": fixture.at(4), "message": "WORKDIR web is relative to the WORKDIR before it"}}
	rule.violations == found with input.evidence as fixture.dockerfile([
		fixture.stage(0, {"instructions": [_workdir(2, "/app")]}),
		fixture.stage(1, {"base": {"stage": 0}, "target": true, "instructions": [_workdir(4, "web")]}),
	])
}
