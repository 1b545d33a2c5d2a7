# METADATA
# title: An instruction is silently replaced by a later one
# description: >-
#   Only the last CMD, ENTRYPOINT and HEALTHCHECK of a stage counts. An earlier one never runs, and whoever
#   reads the file may think it does.
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
#   fix: Keep one of them; combine programs in a script.
#   aliases: [DL4003, DL4004, DL3012, DS-0016, DS-0007, DS-0023, MultipleInstructionsDisallowed, kics/multiple_cmd_instructions_listed, kics/multiple_entrypoint_instructions_listed]
#   controls: []
#   since: "0.1"
#   only_with: [CMD, ENTRYPOINT, HEALTHCHECK]
package gate.rules["single-instruction"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(each), message) if {
	some stage in input.evidence.dockerfile.stages
	some cmd in ["CMD", "ENTRYPOINT", "HEALTHCHECK"]
	all := [instruction |
		some instruction in stage.instructions
		instruction.cmd == cmd
		is_null(instruction.onbuild_from)
	]
	some place, each in all
	place < count(all) - 1
	message := sprintf("this %s never counts: its stage has a later one", [cmd])
}
