package gate.rules.casing_test

import data.gate.lib.fixture
import data.gate.rules.casing as rule

_found(keywords, words) := {[each.origin.line, each.message] | some each in found} if {
	instructions := [fixture.instruction("RUN", line, {"keyword": word}) | some line, word in words]
	stage := fixture.stage(0, {"target": true, "line": 9, "keywords": keywords, "instructions": instructions})
	found := rule.violations with input.evidence as fixture.dockerfile([stage])
}

test_reports_what_differs_from_most if {
	_found(["FROM"], ["Run", null]) == {[0, "Run is not written like the other keywords, RUN"]}
	_found(["from"], ["run", null]) == {[1, "RUN is not written like the other keywords, run"]}
	_found(["From"], [null]) == {[9, "From is not written like the other keywords, FROM"]}
	_found(["FROM", "as"], [null]) == {[9, "as is not written like its FROM"]}
}

test_accepts_one_style if {
	_found(["FROM", "AS"], [null, null]) == set()
	_found(["from", "as"], ["run", "run"]) == set()
}
