# METADATA
# title: A stage has a name that means something else
# description: >-
#   `scratch` and `context` mean the empty image and the build context: `FROM scratch` below a stage of that
#   name is built on the stage, and `COPY --from=context` reads the stage. Names of stages are kept in lower case, and
#   `FROM Build` does not find the stage `Build`.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/reserved-stage-name/
#   description: "Docker, build checks"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Give the stage another name, in lower case.
#   aliases: [DL3063, ReservedStageName, StageNameCasing]
#   controls: []
#   since: "0.1"
package gate.rules["stage-name"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	is_string(stage.name)
	lower(stage.name) in {"scratch", "context"}
	message := sprintf("stage %s has a name that means something else", [stage.name])
}

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	name := stage.keywords[2]
	name != lower(name)
	message := sprintf("the stage %s is not in lower case", [name])
}
