package gate.rules["single-instruction_test"]

import data.gate.lib.fixture
import data.gate.rules["single-instruction"] as rule

test_reports_all_but_the_last if {
	instructions := [fixture.instruction("CMD", line, {}) | some line in [2, 3, 4]]
	message := "this CMD never counts: its stage has a later one"
	found := {{"origin": fixture.at(line), "message": message} | some line in [2, 3]}
	rule.violations == found with input.evidence as fixture.single(instructions)
}

test_accepts_one_a_stage if {
	rule.violations == set() with input.evidence as fixture.dockerfile([
		fixture.stage(0, {"instructions": [fixture.instruction("CMD", 2, {})]}),
		fixture.stage(1, {"base": {"stage": 0}, "target": true, "instructions": [
			fixture.instruction("CMD", 4, {}),
			fixture.instruction("ENTRYPOINT", 5, {}),
		]}),
	])
}
