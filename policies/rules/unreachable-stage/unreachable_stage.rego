# METADATA
# title: A stage is not used
# description: >-
#   BuildKit skips a stage that the target does not reach: its tests never run, and its contents go nowhere. Often a
#   `COPY --from` is missing. The legacy builder and kaniko build it all the same.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/#differences-between-legacy-builder-and-buildkit
#   description: Docker, legacy builder and BuildKit
# custom:
#   severity: low
#   collection: essential
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Remove the stage, or use it with `COPY --from`.
#   aliases: [tally/no-unreachable-stages]
#   controls: []
#   since: "0.1"
package gate.rules["unreachable-stage"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.lines(stage.line, stage.line), message), fix) if {
	some stage in input.evidence.dockerfile.stages
	not stage.reachable
	name := dockerfile.called(stage)
	message := sprintf("stage %s is not used by %s", [name, _target])
	fix := sprintf("Remove stage %s, copy from it, or build it on purpose with `--target`.", [name])
}

_target := sprintf("the target, stage %s", [dockerfile.called(dockerfile.target)]) if {
	dockerfile.target
} else := "the target"
