package gate.lib.instructions_test

import data.gate.lib.fixture
import data.gate.lib.instructions

_stages := [
	fixture.stage(0, {
		"config": {"shell": ["/bin/bash", "-c"]},
		"instructions": [
			fixture.instruction("CMD", 2, {}),
			fixture.instruction("SHELL", 3, {"args": ["/bin/zsh", "-c"]}),
			fixture.instruction("RUN", 4, {}),
		],
	}),
	fixture.stage(1, {"base": {"stage": 0}, "target": true, "instructions": [
		fixture.instruction("CMD", 6, {}),
		fixture.instruction("CMD", 7, {"onbuild_from": 0}),
	]}),
	fixture.stage(2, {"instructions": [fixture.instruction("CMD", 9, {})]}),
	fixture.stage(3, {"reachable": false, "instructions": [fixture.instruction("CMD", 11, {})]}),
]

_lines(found) := [each.instruction.line | some each in found]

test_instructions_are_found_by_keyword_in_stages_that_are_built if {
	[2, 6, 9] == _lines(instructions.of("CMD")) with input.evidence as fixture.dockerfile(_stages)
	[] == instructions.of("USER") with input.evidence as fixture.dockerfile(_stages)
}

test_what_ships_is_told_from_what_builds if {
	[2, 6] == _lines(instructions.shipped("CMD")) with input.evidence as fixture.dockerfile(_stages)
	6 == instructions.last("CMD").instruction.line with input.evidence as fixture.dockerfile(_stages)
	not instructions.last("USER") with input.evidence as fixture.dockerfile(_stages)
}

_shell(stage, line) := found if {
	each := {"stage": stage, "instruction": {"line": line}}
	found := instructions.shell_at(each) with input.evidence as fixture.dockerfile(_stages)
}

test_the_shell_is_the_last_one_before_or_inherited if {
	_shell(0, 4) == ["/bin/zsh", "-c"]
	_shell(0, 2) == []
	_shell(1, 6) == ["/bin/bash", "-c"]
	_shell(2, 9) == []
}
