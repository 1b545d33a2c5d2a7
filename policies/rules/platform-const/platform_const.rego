# METADATA
# title: "FROM says for which platform, by a constant"
# description: >-
#   A constant platform builds the same architecture for everyone: the image for arm64 then runs emulated, or
#   not at all. `--platform=$TARGETPLATFORM` is what FROM does anyway.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/
#   description: "Docker, build checks"
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove --platform, use `--platform=$BUILDPLATFORM` for a builder that cross-compiles, or name the architecture in the name of the stage."
#   aliases: [DL3029, DL3065, FromPlatformFlagConstDisallowed, RedundantTargetPlatform, kics/using_platform_with_from]
#   controls: []
#   since: "0.1"
package gate.rules["platform-const"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	written := stage.base.platform_raw
	is_string(written)
	not contains(written, "$")
	not _named(stage, written)
	message := sprintf("--platform=%s holds for every build", [written])
}

violations contains finding.at(dockerfile.lines(stage.line, stage.line), "--platform=$TARGETPLATFORM is what FROM does anyway") if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	stage.base.platform_raw in {"$TARGETPLATFORM", "${TARGETPLATFORM}"}
}

# build_amd64 is there to be chosen: FROM build_${TARGETARCH}.
_named(stage, written) if {
	is_string(stage.name)
	some part in array.slice(split(written, "/"), 0, 2)
	contains(stage.name, lower(part))
}
