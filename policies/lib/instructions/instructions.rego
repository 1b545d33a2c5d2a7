# METADATA
# title: Instructions
# description: >-
#   Instructions of stages that are built, looked up by keyword. Each has `instruction`, the index of its `stage` and
#   whether it `ships`. What an ONBUILD of another stage brought is left out: it is written elsewhere.
package gate.lib.instructions

import data.gate.lib.commands

_by[instruction.cmd][[number, place]] := {"instruction": instruction, "stage": stage.index, "ships": ships} if {
	some number, stage in input.evidence.dockerfile.stages
	stage.reachable
	ships := stage.index in commands.shipped
	some place, instruction in stage.instructions
	is_null(instruction.onbuild_from)
}

# METADATA
# description: The instructions with a keyword in stages that are built, in order; none where there is none.
of(cmd) := [each | some each in object.get(_by, cmd, {})]

# METADATA
# description: The instructions with a keyword whose effect is in the image.
shipped(cmd) := [each | some each in of(cmd); each.ships]

# METADATA
# description: The last instruction with a keyword in the image; undefined where there is none.
last(cmd) := found[count(found) - 1] if {
	found := shipped(cmd)
	count(found) > 0
}

# METADATA
# description: A SHELL in force at an instruction of a stage, as far as this Dockerfile says; empty for the default.
shell_at(each) := earlier[count(earlier) - 1] if {
	earlier := _shells_before(each)
	count(earlier) > 0
} else := inherited[0] if {
	inherited := _inherited(each)
	count(inherited) > 0
} else := []

_inherited(each) := [stage.config.shell |
	some above in input.evidence.dockerfile.stages
	above.index == each.stage
	some stage in input.evidence.dockerfile.stages
	stage.index == above.base.stage
	is_array(stage.config.shell)
]

_shells_before(each) := [shell.instruction.args |
	some shell in of("SHELL")
	shell.stage == each.stage
	shell.instruction.line < each.instruction.line
]
