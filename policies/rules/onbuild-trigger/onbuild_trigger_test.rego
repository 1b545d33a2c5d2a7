package gate.rules["onbuild-trigger_test"]

import data.gate.lib.fixture
import data.gate.rules["onbuild-trigger"] as rule

_onbuild := fixture.instruction("ONBUILD", 2, {"sub": "RUN"})

test_reports_triggers_of_the_image if {
	found := {{"origin": fixture.at(2), "message": "ONBUILD RUN runs in the builds of others"}}
	rule.violations == found with input.evidence as fixture.single([_onbuild])
}

test_accepts_triggers_that_were_used_up if {
	rule.violations == set() with input.evidence as fixture.dockerfile([
		fixture.stage(0, {"instructions": [_onbuild]}),
		fixture.stage(1, {"base": {"stage": 0}, "target": true}),
	])
}
