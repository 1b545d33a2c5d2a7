# METADATA
# title: COPY from a stage with nothing in it
# description: >-
#   A stage from scratch that copies nothing is empty: the build stops with "not found", or copies nothing where
#   a pattern is used.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [--from]
#   fix: Copy from the stage that holds the files.
#   aliases: [tally/copy-from-empty-scratch-stage]
#   controls: []
#   since: "0.1"
package gate.rules["copy-from-empty"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.between
	some stage in input.evidence.dockerfile.stages
	stage.index == copy.from
	stage.base.reference == "scratch"
	not _replaceable(stage.base)
	every instruction in stage.instructions {
		not instruction.cmd in {"COPY", "ADD", "RUN", "WORKDIR"}
	}
	message := sprintf("stage %s is empty", [dockerfile.called(stage)])
}

# Where a build argument names the base, scratch is what stands there until an image is given.
_replaceable(base) if contains(base.raw, "$")
