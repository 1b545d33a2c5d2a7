# METADATA
# title: Two stages have the same name
# description: >-
#   Of stages with one name FROM takes the latest before it and COPY the last in the file: not the same one. Who
#   reads the file cannot tell which is meant.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/duplicate-stage-name/
#   description: "Docker, build checks"
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Give every stage a name of its own.
#   aliases: [DL3024, DS-0012, CKV_DOCKER_11, DuplicateStageName, kics/same_alias_in_different_froms]
#   controls: []
#   since: "0.1"
package gate.rules["stage-unique"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	is_string(stage.name)
	some earlier in input.evidence.dockerfile.stages
	earlier.index < stage.index
	is_string(earlier.name)
	lower(earlier.name) == lower(stage.name)
	message := sprintf("there is an earlier stage %s on line %d", [stage.name, earlier.line])
}
