# METADATA
# title: The base image is for another platform
# description: >-
#   Repositories such as arm64v8/alpine and amd64/debian hold one platform. Whoever builds for another one gets its
#   programs all the same: the build runs emulated or stops, and the image does not start where it is deployed.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-platform/
#   description: Docker, multi-platform builds
# custom:
#   severity: medium
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Name the image without its platform (`alpine`, not `arm64v8/alpine`) and let the build choose, or say `--platform` where you build."
#   aliases: [InvalidBaseImagePlatform]
#   controls: []
#   since: "0.1"
package gate.rules["base-platform"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	stage.base.registry == "docker.io"
	is_string(stage.base.repository)
	platform := _platforms[split(stage.base.repository, "/")[0]]
	wanted := _wanted(stage)
	not startswith(sprintf("%s/", [wanted]), sprintf("%s/", [platform]))
	message := sprintf("%s holds images for %s, and this is built for %s", [stage.base.repository, platform, wanted])
}

# The repositories of Docker's official images that hold one platform each.
_platforms := {
	"amd64": "linux/amd64",
	"arm32v5": "linux/arm",
	"arm32v6": "linux/arm",
	"arm32v7": "linux/arm",
	"arm64v8": "linux/arm64",
	"i386": "linux/386",
	"mips64le": "linux/mips64le",
	"ppc64le": "linux/ppc64le",
	"riscv64": "linux/riscv64",
	"s390x": "linux/s390x",
	"winamd64": "windows/amd64",
}

_wanted(stage) := stage.base.platform if is_string(stage.base.platform)

else := input.evidence.subject.platform if is_string(input.evidence.subject.platform)
