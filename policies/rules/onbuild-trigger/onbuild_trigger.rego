# METADATA
# title: The image carries instructions for builds on top of it
# description: >-
#   ONBUILD runs in the build of whoever starts FROM this image, before the first line of their Dockerfile, and
#   nothing there shows it. An image that is deployed needs none.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: medium
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Remove ONBUILD, or keep it in a base image that is documented as one.
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [ONBUILD]
package gate.rules["onbuild-trigger"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.target
	some each in instructions.shipped("ONBUILD")
	each.stage == stage.index
	message := sprintf("ONBUILD %s runs in the builds of others", [each.instruction.sub])
}
