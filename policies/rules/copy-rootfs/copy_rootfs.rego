# METADATA
# title: The whole file system of another stage is copied
# description: >-
#   Copying `/` takes compilers, caches, package lists and leftovers of secrets along, in one layer that shares
#   nothing with other images.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: medium
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [--from]
#   fix: Copy the files that the program needs.
#   aliases: [DL3067]
#   controls: []
#   since: "0.1"
package gate.rules["copy-rootfs"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), "all of another file system is copied") if {
	some copy in files.copies
	copy.ships
	_elsewhere(copy)
	some source in copy.sources
	regex.match(`^/+(\.?/?|\*)$`, source)
}

_elsewhere(copy) if is_number(copy.from)

_elsewhere(copy) if is_string(copy.instruction.source_image)
