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
	not stage.index in _used
	name := dockerfile.called(stage)
	message := sprintf("stage %s is not used by %s", [name, _target])
	fix := sprintf("Remove stage %s, copy from it, or build it on purpose with `--target`.", [name])
}

_target := sprintf("the target, stage %s", [dockerfile.called(dockerfile.target)]) if {
	dockerfile.target
} else := "the target"

# What this build uses, and what it would use with other build arguments.
_used := graph.reachable(_uses, {stage.index | some stage in input.evidence.dockerfile.stages; stage.reachable})

_uses[stage.index] contains index if {
	some stage in input.evidence.dockerfile.stages
	copied := [instruction.source_stage | some instruction in stage.instructions]
	mounted := [mount.stage | some instruction in stage.instructions; some mount in instruction.mounts]
	some index in array.concat([stage.index, stage.base.stage], array.concat(copied, mounted))
	is_number(index)
}

# FROM build-${TARGETOS} finds another stage for each system.
_uses[stage.index] contains other.index if {
	some stage in input.evidence.dockerfile.stages
	is_number(stage.base.stage)
	parts := regex.split(`\$\{[^}]*\}|\$[A-Za-z_][A-Za-z0-9_]*`, lower(stage.base.raw))
	count(parts) > 1
	some other in input.evidence.dockerfile.stages
	is_string(other.name)
	other.index < stage.index
	startswith(lower(other.name), parts[0])
	endswith(lower(other.name), parts[count(parts) - 1])
}
