# METADATA
# title: ENV is written without an equals sign
# description: >-
#   The form `ENV name value` takes the rest of the line for one value, cannot set two variables, and may be
#   removed. `LABEL name value` is the same.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `ENV name=value`, with quotes around a value that has blanks."
#   aliases: [LegacyKeyValueFormat]
#   controls: []
#   since: "0.1"
#   only_with: [ENV, LABEL]
package gate.rules["env-format"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), message) if {
	some each in array.concat(instructions.of("ENV"), instructions.of("LABEL"))
	first := regex.split(`[ \t]`, trim_space(each.instruction.raw))[0]
	not contains(first, "=")
	not regex.match(`["']`, first)
	message := sprintf("%s %s has no equals sign", [each.instruction.cmd, first])
}
