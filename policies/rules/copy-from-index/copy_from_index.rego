# METADATA
# title: COPY --from counts stages
# description: >-
#   A number means another stage as soon as one is added above it, and says nothing to who reads it.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [--from]
#   fix: "Name the stage (`FROM ... AS build`) and copy from that name."
#   aliases: [kics/using_unnamed_build_stages]
#   controls: []
#   since: "0.1"
package gate.rules["copy-from-index"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.between
	number := files.flag(copy.instruction, "--from")
	regex.match(`^[0-9]+$`, number)
	message := sprintf("stage %s is meant by its number", [number])
}
