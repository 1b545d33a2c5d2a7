# METADATA
# title: MAINTAINER is deprecated
# description: >-
#   MAINTAINER has been deprecated since Docker 1.13. It sets a field that few tools show; a label says the same
#   and can be read with all the others.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `LABEL org.opencontainers.image.authors=\"name <mail>\"`."
#   aliases: [DL4000, DS-0022, CKV_DOCKER_6, MaintainerDeprecated, kics/maintainer_instruction_being_used, dockerfilelint/deprecated_in_1.13]
#   controls: []
#   since: "0.1"
#   only_with: [MAINTAINER]
package gate.rules["no-maintainer"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), "MAINTAINER is deprecated; a label says the same") if {
	some each in instructions.of("MAINTAINER")
}
