# METADATA
# title: A RUN starts with cd
# description: >-
#   The working directory of a RUN ends with it: a later instruction starts in WORKDIR again. WORKDIR says where
#   commands run, for all that follow and in view of the reader.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Set WORKDIR before the RUN, or keep the change inside parentheses.
#   aliases: [DL3003, DS-0013, kics/run_command_cd_instead_of_workdir]
#   controls: []
#   since: "0.1"
#   only_with: [cd]
package gate.rules["no-run-cd"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some call in commands.of("cd")
	message := _fault(call)
}

_fault(call) := "cd is the last command of a RUN and has no effect" if {
	call.position == count(call.run.commands) - 1
} else := "this RUN starts with cd; WORKDIR says it for all that follows" if {
	call.position == 0
	startswith(concat(" ", call.command.args), "/")
	regex.match(`^[(]`, trim_space(call.run.raw)) == false
}
