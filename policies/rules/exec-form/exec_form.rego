# METADATA
# title: The program is started through a shell
# description: >-
#   In shell form /bin/sh starts the program. Where the shell stays process 1 it does not pass SIGTERM on, so the
#   program is killed without notice when it is stopped; and the image needs a shell. A JSON array starts the
#   program itself; `exec` before it does too.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write a JSON array: `CMD [\"program\", \"argument\"]`; where a shell must expand something, start the program with `exec`."
#   aliases: [DL3025, JSONArgsRecommended, kics/not_using_json_in_cmd_and_entrypoint_arguments, tally/invalid-json-form]
#   controls: []
#   since: "0.1"
#   only_with: [CMD, ENTRYPOINT]
package gate.rules["exec-form"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.with_fix(finding.at(dockerfile.at(each.instruction), message), fix) if {
	some cmd in ["CMD", "ENTRYPOINT"]
	each := instructions.last(cmd)
	is_null(each.instruction.json)
	not _cleared(each)
	not _other_shell(each)
	message := sprintf("%s %s", [cmd, _fault(each.instruction)])
	fix := sprintf("Write a JSON array: `%s [\"program\", \"argument\"]`; %s.", [
		cmd,
		"where a shell must expand something, start the program with `exec`",
	])
}

# An element of a JSON array is not split: this would be a program with a blank in its name.
violations contains finding.with_fix(finding.at(dockerfile.at(each.instruction), message), fix) if {
	some cmd in ["CMD", "ENTRYPOINT"]
	each := instructions.last(cmd)
	is_array(each.instruction.json)
	program := each.instruction.json[0]
	regex.match(`^[a-z][a-z0-9_.-]*( [A-Za-z0-9_:=./@,+%${}-]+)+$`, program)
	_is_program(each)
	message := sprintf("%s starts a program whose whole name is \"%s\", and there is none", [cmd, program])
	fix := _in_words(cmd, program, each.instruction.json)
}

_in_words(cmd, program, json) := sprintf("Write `%s exec %s`: a JSON array expands no variables.", [cmd, concat(" ", json)]) if {
	contains(program, "$")
} else := sprintf("Write one element for each word: `%s [\"%s\"]`.", [cmd, concat("\", \"", words)]) if {
	words := array.concat(split(program, " "), array.slice(json, 1, count(json)))
}

# A CMD may be what an ENTRYPOINT gets; those of official images run it.
_is_program(each) if each.instruction.cmd == "ENTRYPOINT"

_is_program(each) if {
	not instructions.last("ENTRYPOINT")
	some stage in input.evidence.dockerfile.stages
	stage.index == each.stage
	is_string(stage.base.repository)
	startswith(stage.base.repository, "library/")
}

# Who sets a shell that is not POSIX wants it for its commands.
_other_shell(each) if {
	shell := instructions.shell_at(each)
	count(shell) > 0
	not regex.match(`(^|/)(sh|bash|ash|dash|zsh|ksh|mksh)$`, shell[0])
}

_fault(instruction) := "looks like JSON but is not, so a shell reads it" if startswith(instruction.raw, "[")

else := "is in shell form: a shell starts it, and may keep its signals" if {
	count(instruction.commands) > 0
	not _replaces_the_shell(instruction)
}

_replaces_the_shell(instruction) if {
	some command in instruction.commands
	"exec" in command.wrappers
}

# An ENTRYPOINT clears the CMD of the stage below.
_cleared(each) if {
	each.instruction.cmd == "CMD"
	above := instructions.last("ENTRYPOINT")
	above.stage > each.stage
}
