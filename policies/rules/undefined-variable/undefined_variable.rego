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
import data.gate.lib.slips

violations contains finding.at(dockerfile.at(instruction), message) if {
	some place, stage in input.evidence.dockerfile.stages
	stage.reachable
	some instruction in stage.instructions
	instruction.cmd != "ARG"
	count(instruction.unresolved) > 0
	own := {name | some [name, _] in instruction.pairs}
	some name in instruction.unresolved
	not name in own
	reason := _reason(place, instruction, name)
	message := sprintf("%s is empty here: %s", [name, reason])
}

_reason(place, instruction, name) := reason if {
	not _declared(place, instruction, name)
	reason := _reasons[name]
} else := "the ARG that declares it comes later" if {
	some line in object.get(_lines, [place, name], set())
	line > instruction.line
} else := sprintf("%s is meant, by the look of it", [near[0]]) if {
	not _lines[place][name]
	near := _near(place, name)
	count(near) > 0
} else := "nothing sets it, and scratch has no environment" if {
	input.evidence.dockerfile.stages[place].base.reference == "scratch"
	not _lines[place][name]
}

# A value may come with --build-arg.
_declared(place, instruction, name) if {
	some line in _lines[place][name]
	line < instruction.line
}

# Per stage: the names that its ENV and ARG set, with their lines.
_lines[place][name] contains instruction.line if {
	some place, stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	instruction.cmd in {"ARG", "ENV"}
	some [name, _] in instruction.pairs
}

# Names are looked up by their letters and stems, so that many of them take no longer than they have to.
_near(place, name) := array.concat(
	[other | some other in ["PATH", "HOME"]; other != name; not _lines[place][other]; slips.alike(name, other)],
	sort([other | some other in _candidates(place, name); other != name]),
)

_candidates(place, name) := (object.get(_by_letters, [place, slips.letters(name)], set()) | _shorter(place, name)) | object.get(_by_stem, [place, name], set())

_shorter(place, name) := {slips.stem(name)} if _lines[place][slips.stem(name)]

else := set()

_by_letters[place][letters] contains name if {
	some place, names in _lines
	some name, _ in names
	letters := slips.letters(name)
}

_by_stem[place][stem] contains name if {
	some place, names in _lines
	some name, _ in names
	stem := slips.stem(name)
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
