package gate.rules.healthcheck_test

import data.gate.lib.fixture
import data.gate.rules.healthcheck as rule

test_reports_none if {
	found := {{"origin": fixture.at(1), "message": "this Dockerfile has no HEALTHCHECK"}}
	rule.violations == found with input.evidence as fixture.single([])
}

test_accepts_one_of_its_own_and_of_its_base if {
	rule.violations == set() with input.evidence as fixture.single([fixture.instruction("HEALTHCHECK", 2, {})])
	inherited := fixture.stage(0, {"target": true, "config": {"healthcheck": ["CMD", "/check"]}})
	rule.violations == set() with input.evidence as fixture.dockerfile([inherited])
}
