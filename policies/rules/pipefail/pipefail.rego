# METADATA
# title: A failure before a pipe is not seen
# description: >-
#   The status of a pipeline is that of its last command: when a download before the pipe fails, the build goes
#   on with half of it.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: medium
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Put `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` before the RUN (alpine: `/bin/ash`), start it with `set -o pipefail &&`, or use a file."
#   aliases: [DL4006, kics/shell_running_a_pipe_without_pipefail_flag]
#   controls: []
#   since: "0.1"
package gate.rules.pipefail

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(call.run), message) if {
	some call in commands.calls
	is_string(call.command.piped_to)
	_fails(call.command)
	some next in array.slice(call.run.commands, call.position + 1, call.position + 2)
	next.connector in {"|", "|&"}
	not _set(call)
	message := sprintf("a failure of %s before the pipe to %s is not seen", [call.command.program, call.command.piped_to])
}

_fails(command) if {
	is_string(command.program)
	not command.program in {"echo", "printf", "yes", "true", "false", ":", "cat"}
}

_set(call) if {
	shell := instructions.shell_at({"stage": call.stage, "instruction": call.run})
	some word in shell
	contains(word, "pipefail")
	not _plain(shell[0], call.stage)
}

# Debian's sh does not have the option; busybox's and bash under the name of sh do.
_plain(program, index) if {
	program in {"sh", "/bin/sh", "/bin/dash", "dash"}
	some stage in input.evidence.dockerfile.stages
	stage.index == index
	not stage.libc == "musl"
	count([call | some name in ["apk", "yum", "dnf", "microdnf"]; some call in commands.of(name)]) == 0
}

_set(call) if {
	some command in call.run.commands
	command.program == "set"
	some arg in command.args
	contains(arg, "pipefail")
}

_set(call) if contains(concat(" ", call.run.args), "-o pipefail")
