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
	names := ({name | some name in each.instruction.unresolved} & {name | some [name, _] in each.instruction.pairs}) - _arguments(each)
	count(names) > 0
	values := regex.split(`(^|[ \t])[A-Za-z_][A-Za-z0-9_]*=`, each.instruction.raw)
	count(values) == count(each.instruction.pairs) + 1
	some index, pair in each.instruction.pairs
	some name in (_used(values[index + 1]) & names)
	pair[0] != name
	message := sprintf("%s uses %s, which this ENV sets: it is still empty here", [pair[0], name])
}

# What the build may be given: not empty for certain.
_arguments(env) := {name |
	some each in instructions.of("ARG")
	each.stage == env.stage
	each.instruction.line < env.instruction.line
	some [name, _] in each.instruction.pairs
}

# ${NAME:-default} says itself what holds until the variable is set.
_used(text) := {regex.find_n(`[A-Za-z0-9_]+`, found, 1)[0] |
	some found in regex.find_n(`\$([A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*(\}|:\+|[+#%/]))`, text, -1)
}

violations contains finding.at(dockerfile.at(each.instruction), sprintf("this ENV sets %s twice", [name])) if {
	some each in instructions.of("ENV")
	names := sort([name | some [name, _] in each.instruction.pairs])
	some index, name in names
	names[index + 1] == name
}
