# METADATA
# title: A working directory is relative
# description: >-
#   A relative WORKDIR continues the one before it, and whoever reads or moves a line has to look for it. Where none
#   is set in the Dockerfile it continues the one of the base image, and moves when the base does.
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
#   fix: "Write an absolute path: `WORKDIR /app`."
#   aliases: [DL3000, DS-0009, CKV_DOCKER_10, WorkdirRelativePath, kics/workdir_path_not_absolute, dockerfilelint/invalid_workdir]
#   controls: []
#   since: "0.1"
#   only_with: [WORKDIR]
package gate.rules["workdir-absolute"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), message) if {
	some each in instructions.of("WORKDIR")
	path := each.instruction.args[0]
	_relative(each.instruction, path)
	message := sprintf("WORKDIR %s is relative to %s", [path, _start(each)])
}

_start(each) := "the WORKDIR before it" if _anchored(each)

else := "the working directory of the base image"

_relative(instruction, path) if {
	count(instruction.unresolved) == 0
	not regex.match(`^([/\\]|[A-Za-z]:)`, path)
}

# An absolute one before it, in this stage or in one that it is built on.
_anchored(each) if {
	some earlier in instructions.of("WORKDIR")
	earlier.instruction.line < each.instruction.line
	earlier.stage in graph.reachable(_bases, {each.stage})
	not _relative(earlier.instruction, earlier.instruction.args[0])
}

_bases[index] := {base |
	some stage in input.evidence.dockerfile.stages
	stage.index == index
	base := stage.base.stage
	is_number(base)
} if {
	some index in {stage.index | some stage in input.evidence.dockerfile.stages}
}
