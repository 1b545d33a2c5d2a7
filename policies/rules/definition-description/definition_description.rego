# METADATA
# title: A description of an argument or stage does not begin with its name
# description: >-
#   A comment right above ARG or FROM is what `docker build --call=outline` shows for it, if it begins with the name.
#   This holds for files that ask BuildKit for this check, and for comments that nearly do.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/invalid-definition-description/
#   description: "Docker, build checks"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `# NAME what it is for` above it, or leave an empty line between."
#   aliases: [InvalidDefinitionDescription]
#   controls: []
#   since: "0.1"
package gate.rules["definition-description"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(each.line, each.line), message) if {
	some each in _defined
	some comment in input.evidence.dockerfile.comments
	comment.line == each.line - 1
	comment.text != ""
	first := split(comment.text, " ")[0]
	not first in each.names
	_meant(first, each.names)
	message := sprintf("the comment above it does not begin with %s", [concat(" or ", each.names)])
}

_defined := array.concat(
	[{"line": stage.line, "names": [stage.name]} |
		some stage in input.evidence.dockerfile.stages
		is_string(stage.name)
	],
	[{"line": argument.line, "names": [pair[0] | some pair in argument.pairs]} | some argument in _arguments],
)

_arguments := array.concat(input.evidence.dockerfile.arguments, [instruction |
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	instruction.cmd == "ARG"
	is_null(instruction.onbuild_from)
])

_meant(_, _) if contains(object.get(input.evidence.dockerfile.directives, "check", ""), "InvalidDefinitionDescription")

# The name in other letters, or with a colon.
_meant(first, names) if {
	some name in names
	trim_suffix(lower(first), ":") == lower(name)
}
