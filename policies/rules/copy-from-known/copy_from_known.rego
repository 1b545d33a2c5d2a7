# METADATA
# title: COPY --from names no stage
# description: >-
#   A name that is no stage is taken for an image of a registry: a typing error fetches, and runs, whatever
#   somebody published under that name.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [--from]
#   fix: "Name a stage above, or an image with its tag or digest."
#   aliases: [DL3022]
#   controls: []
#   since: "0.1"
package gate.rules["copy-from-known"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	is_string(copy.instruction.source_image)
	name := files.flag(copy.instruction, "--from")
	regex.match(`^[A-Za-z0-9_-]+$`, name)
	message := sprintf("no stage above is called %s: it is taken for the image %s", [name, copy.instruction.source_image])
}
