package gate.rules["env-format_test"]

import data.gate.lib.fixture
import data.gate.rules["env-format"] as rule

_found(cmd, raw) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.single([fixture.instruction(cmd, 2, {"raw": raw})])
}

test_reports_the_old_form if {
	_found("ENV", "A b c") == {"ENV A has no equals sign"}
	_found("LABEL", "a\tb") == {"LABEL a has no equals sign"}
}

test_accepts_the_new_form if {
	_found("ENV", "A=b C=d") == set()
	_found("LABEL", "\"a b\"=c") == set()
}
