# METADATA
# title: A build argument can replace an image the build uses
# description: >-
#   `--build-arg` replaces the default of an ARG without a trace in the Dockerfile: what was judged here is then not
#   what is built. A tag alone is enough to swap a distroless image for its debug variant.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact
#   description: Docker, how ARG and FROM interact
# custom:
#   severity: medium
#   collection: essential
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Write the image in the FROM line itself.
#   aliases: []
#   controls: [CIS Docker 4.2]
#   since: "0.1"
package gate.rules["base-overridable"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(one), message), fix) if {
	some one in dockerfile.inputs
	count(one.overridable_by) > 0
	not _checked(one)
	names := sort(one.overridable_by)
	message := sprintf("%s %s can replace %s", [_arguments(names), concat(", ", names), one.reference])
	fix := sprintf("Write %s in the line itself, without build arguments.", [one.reference])
}

# What has another checksum is refused by the build. A checksum that is an argument can be replaced, too.
_checked(one) if {
	is_string(one.checksum)
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	instruction.cmd == "ADD"
	instruction.line == one.line
	some flag in instruction.flags
	regex.match(`^--checksum=[^$]+$`, flag)
}

_arguments(names) := "the build argument" if count(names) == 1

else := "the build arguments"
