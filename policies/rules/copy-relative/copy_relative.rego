# METADATA
# title: A relative target where no WORKDIR is set
# description: >-
#   Where the files go is decided by the WORKDIR of the base image, which a newer base may change, and which
#   nobody sees in this file.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: "Docker, Dockerfile reference"
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [COPY, ADD]
#   fix: "Set WORKDIR before, or write an absolute target."
#   aliases: [DL3045]
#   controls: []
#   since: "0.1"
package gate.rules["copy-relative"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.target == null
	last := copy.instruction.args[count(copy.instruction.args) - 1]
	not regex.match(`^("?[A-Za-z]:|%|\$)`, last)
	last != ""
	not _set(copy.stage)
	message := sprintf("%s is relative, and only the base image says to what", [last])
}

_set(index) if {
	some stage in input.evidence.dockerfile.stages
	stage.index in files.chain[index]
	stage.index != index
	some instruction in stage.instructions
	instruction.cmd == "WORKDIR"
}
