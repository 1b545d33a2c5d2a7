# METADATA
# title: RUNs that follow each other could be one
# description: >-
#   Each RUN is a layer. Short ones in a row can be one RUN, so that what one of them leaves another can remove.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Join them with `&&`, or write one RUN with a here-document."
#   aliases: [DL3059, kics/multiple_run_add_copy_instructions_listed]
#   controls: []
#   since: "0.1"
package gate.rules["merge-runs"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(run), "this RUN could be part of the one before it") if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	some place, run in stage.instructions
	_short(run)
	before := stage.instructions[place - 1]
	_short(before)
	run.flags == before.flags
	run.mounts == before.mounts
}

_short(run) if {
	run.cmd == "RUN"
	is_null(run.onbuild_from)
	count(run.commands) == 1
	count(run.heredocs) == 0
}
