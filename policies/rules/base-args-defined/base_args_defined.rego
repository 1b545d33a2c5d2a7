# METADATA
# title: FROM uses an argument that has no value
# description: >-
#   A variable without a value becomes nothing: `FROM alpine:3${SUFFIX}` silently is another image than the
#   author meant, and where nothing is left of its name or tag, the build cannot run without the right `--build-arg`.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/undefined-arg-in-from/
#   description: "Docker, build checks"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Declare `ARG NAME=default` before the first FROM, or write `${NAME:-default}`."
#   aliases: [UndefinedArgInFrom, InvalidDefaultArgInFrom]
#   controls: []
#   since: "0.1"
package gate.rules["base-args-defined"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	some name in _names(stage.base.raw)
	not name in _known
	message := sprintf("FROM %s: %s is not declared", [stage.base.raw, name])
}

# A part that may be left out is no fault: what counts is whether there is an image without it.
violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	some name in _names(stage.base.raw)
	name in _known
	not name in _given
	_no_image(_without(stage.base.raw, name))
	message := sprintf("FROM %s: ARG %s has no default", [stage.base.raw, name])
}

_names(raw) := {trim(found, "${}") | some found in regex.find_n(`\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\}`, raw, -1)}

_without(raw, name) := replace(replace(raw, sprintf("${%s}", [name]), ""), sprintf("$%s", [name]), "") if {
	count([other | some other in _names(raw); other != name; startswith(other, name)]) == 0
}

_no_image(text) if text == ""

_no_image(text) if regex.match(`^[^A-Za-z0-9$]|[:@/]$|[:@/][^A-Za-z0-9_$]`, text)

_known contains name if some name in _given

_known contains pair[0] if {
	some argument in input.evidence.dockerfile.arguments
	some pair in argument.pairs
}

_given contains pair[0] if {
	some argument in input.evidence.dockerfile.arguments
	some pair in argument.pairs
	is_string(pair[1])
	pair[1] != ""
	_has_default(argument, pair[0])
}

# What a build passes is its value, and no default.
_has_default(argument, name) if {
	some word in split(replace(argument.raw, "\t", " "), " ")
	text := trim(word, `"`)
	startswith(text, sprintf("%s=", [name]))
	not trim(trim_prefix(text, sprintf("%s=", [name])), `"'`) == ""
}

_given contains name if {
	some scope in ["BUILD", "TARGET"]
	some part in ["PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION", "STAGE"]
	name := sprintf("%s%s", [scope, part])
}
