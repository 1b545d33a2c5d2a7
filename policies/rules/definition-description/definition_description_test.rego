package gate.rules["definition-description_test"]

import data.gate.lib.fixture
import data.gate.rules["definition-description"] as rule

_evidence(comments, directives) := object.union(
	fixture.single([fixture.instruction("ARG", 4, {"pairs": [["a", "1"], ["b", null]]})]),
	{"dockerfile": {
		"arguments": [],
		"comments": comments,
		"directives": directives,
		"stages": [fixture.stage(0, {"name": "build", "target": true, "line": 2, "instructions": [fixture.instruction("ARG", 4, {"pairs": [
			["a", "1"],
			["b", null],
		]})]})],
	}},
)

_found(comments, directives) := {[each.origin.line, each.message] | some each in found} if {
	found := rule.violations with input.evidence as _evidence(comments, directives)
}

_asked := {"check": "experimental=InvalidDefinitionDescription"}

test_reports_what_does_not_begin_with_the_name if {
	comments := [{"line": 1, "text": "the compiler"}, {"line": 3, "text": "some numbers"}]
	_found(comments, _asked) == {
		[2, "the comment above it does not begin with build"],
		[4, "the comment above it does not begin with a or b"],
	}
	_found(comments, {}) == set()
}

test_reports_what_nearly_does if {
	_found([{"line": 1, "text": "Build: the compiler"}], {}) == {[2, "the comment above it does not begin with build"]}
}

test_accepts_descriptions_and_what_is_apart if {
	_found([{"line": 1, "text": "build compiles"}, {"line": 3, "text": "b is a number"}], _asked) == set()
	_found([{"line": 1, "text": ""}, {"line": 2, "text": "far away"}], _asked) == set()
}
