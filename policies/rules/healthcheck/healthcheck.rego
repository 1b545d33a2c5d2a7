# METADATA
# title: Nothing says how to tell whether the program is well
# description: >-
#   Docker and Swarm restart a container that ends, and only HEALTHCHECK lets them see one that hangs.
#   Kubernetes ignores it and has probes of its own: this rule is for those who run Docker.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `HEALTHCHECK CMD [\"/app\", \"--health\"]`, or `HEALTHCHECK NONE` to say that there is none."
#   aliases: [DL3057, DS-0026, CKV_DOCKER_2, CIS-DI-0006, kics/healthcheck_instruction_missing]
#   controls: [CIS Docker 4.6]
#   since: "0.1"
package gate.rules.healthcheck

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.lines(stage.line, stage.line), "this Dockerfile has no HEALTHCHECK") if {
	some stage in input.evidence.dockerfile.stages
	stage.target
	count(instructions.shipped("HEALTHCHECK")) == 0
	not _inherits(stage)
}

_inherits(stage) if is_array(stage.config.healthcheck)
