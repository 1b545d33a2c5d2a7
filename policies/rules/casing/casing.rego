# METADATA
# title: Keywords are not written alike
# description: >-
#   Docker reads keywords in any case; people find the stages of a file faster when all keywords look alike, and
#   AS looks like its FROM.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write keywords in capitals: FROM, AS, RUN."
#   aliases: [ConsistentInstructionCasing, FromAsCasing, dockerfilelint/uppercase_commands]
#   controls: []
#   since: "0.1"
package gate.rules.casing

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(instruction), message) if {
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	is_null(instruction.onbuild_from)
	written := _written(instruction)
	written != _style(instruction.cmd)
	message := sprintf("%s is not written like the other keywords, %s", [written, _style(instruction.cmd)])
}

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.keywords[0] != _style("FROM")
	message := sprintf("%s is not written like the other keywords, %s", [stage.keywords[0], _style("FROM")])
}

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	first := stage.keywords[0]
	second := stage.keywords[1]
	first == _style("FROM")
	second != _style("AS")
	message := sprintf("%s is not written like its %s", [second, first])
}

_written(instruction) := instruction.keyword if is_string(instruction.keyword)

else := instruction.cmd

# Capitals, unless most keywords are in lower case.
_style(word) := lower(word) if _mostly_lower

else := upper(word)

_mostly_lower if count([word | some word in _words; word == lower(word)]) * 2 > count(_words)

_words := array.concat(
	[stage.keywords[0] | some stage in input.evidence.dockerfile.stages],
	[_written(instruction) |
		some stage in input.evidence.dockerfile.stages
		some instruction in stage.instructions
		is_null(instruction.onbuild_from)
	],
)
