package gate.rules["empty-continuation_test"]

import data.gate.lib.fixture
import data.gate.rules["empty-continuation"] as rule

_found(warnings) := {each.origin.line | some each in found} if {
	evidence := object.union(fixture.single([]), {"dockerfile": {"warnings": warnings}})
	found := rule.violations with input.evidence as evidence
}

test_reports_blank_lines if {
	_found(["line 3: empty continuation line in: RUN a", "line 7: empty continuation line in: RUN b"]) == {3, 7}
}

test_accepts_other_warnings if {
	_found(["line 3: something else"]) == set()
}
