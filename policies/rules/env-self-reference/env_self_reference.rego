# METADATA
# title: ENV uses a variable that the same ENV sets
# description: >-
#   An instruction is expanded with the variables from before it, so a variable that the same ENV sets is still
#   empty, or has its old value, when another one uses it.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Set the variable in an ENV of its own, before the one that uses it.
#   aliases: [DL3044]
#   controls: []
#   since: "0.1"
#   only_with: [ENV]
package gate.rules["env-self-reference"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), message) if {
	some each in instructions.of("ENV")
	count(each.instruction.pairs) > 1
	some [name, _] in each.instruction.pairs
	name in each.instruction.unresolved
	values := regex.split(`(^|[ \t])[A-Za-z_][A-Za-z0-9_]*=`, each.instruction.raw)
	count(values) == count(each.instruction.pairs) + 1
	some index, pair in each.instruction.pairs
	pair[0] != name
	regex.match(sprintf(`\$(\{%s[^A-Za-z0-9_]|%s([^A-Za-z0-9_]|$))`, [name, name]), values[index + 1])
	message := sprintf("%s uses %s, which this ENV sets: it is still empty here", [pair[0], name])
}

violations contains finding.at(dockerfile.at(each.instruction), sprintf("this ENV sets %s twice", [name])) if {
	some each in instructions.of("ENV")
	some first, [name, _] in each.instruction.pairs
	some second, [again, _] in each.instruction.pairs
	first < second
	name == again
}
