# METADATA
# title: A build argument is not visible where it is used
# description: >-
#   An ARG before the first FROM, and the arguments that name the platform, belong to no stage: until the stage
#   says `ARG name` itself, the name is empty in it, and paths, labels and users come out wrong without an
#   error.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `ARG name`, without a value, to the stage that uses it."
#   aliases: [UndefinedVar]
#   controls: []
#   since: "0.1"
package gate.rules["undefined-variable"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(instruction), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some instruction in stage.instructions
	instruction.cmd != "ARG"
	some name in instruction.unresolved
	reason := _reason(stage, instruction, name)
	count([name | some [own, _] in instruction.pairs; own == name]) == 0
	message := sprintf("%s is empty here: %s", [name, reason])
}

_reason(stage, instruction, name) := reason if {
	reason := _reasons[name]
} else := "the ARG that declares it comes later" if {
	some line in _declared(stage)[name]
	line > instruction.line
} else := sprintf("%s is meant, by the look of it", [close[0]]) if {
	not name in object.keys(_declared(stage))
	close := [other |
		some other in array.concat(["PATH", "HOME"], sort(object.keys(_declared(stage))))
		_near(name, other)
	]
	count(close) > 0
} else := "nothing sets it, and scratch has no environment" if {
	stage.base.reference == "scratch"
	not name in object.keys(_declared(stage))
}

# Names that ENV and ARG of a stage set, with their lines.
_declared(stage) := {name: lines |
	some name in {pair[0] | some instruction in stage.instructions; some pair in instruction.pairs}
	lines := {instruction.line |
		some instruction in stage.instructions
		instruction.cmd in {"ARG", "ENV"}
		some [own, _] in instruction.pairs
		own == name
	}
}

# Two letters changed places, or one at the end is missing or too many.
_near(name, other) if {
	name != other
	sort(split(name, "")) == sort(split(other, ""))
}

_near(name, other) if {
	some [short, long] in [[name, other], [other, name]]
	startswith(long, short)
	regex.match(`^[A-Za-z]$`, trim_prefix(long, short))
}

_reasons[name] := "the ARG before FROM is not visible in this stage" if {
	some argument in input.evidence.dockerfile.arguments
	some [name, _] in argument.pairs
	not regex.match(`(^|_)VERSION$`, name)
	not name in _platform
}

_reasons[name] := "without an ARG it is not visible in this stage" if some name in _platform

_platform := {
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
	"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT",
}
