package gate.rules["no-inline-ignore_test"]

import data.gate.lib.fixture
import data.gate.rules["no-inline-ignore"] as rule

_found(comments, directives) := {each.message | some each in found} if {
	evidence := object.union(fixture.single([]), {"dockerfile": {"comments": comments, "directives": directives}})
	found := rule.violations with input.evidence as evidence
}

test_reports_waivers_of_other_tools if {
	_found([{"line": 2, "text": "hadolint ignore=DL3008"}], {}) == {"this comment switches off a check: hadolint ignore="}
	_found([], {"check": "skip=all"}) == {"a directive switches off checks of the build: check=skip=all"}
}

test_accepts_other_comments if {
	_found([{"line": 2, "text": "ignore this"}], {"check": "error=true", "escape": "`"}) == set()
}
