# METADATA
# title: A build argument is declared and never used
# description: >-
#   An ARG that nothing reads is a switch without a wire: who passes `--build-arg` believes to have changed the
#   build, and has not. Often it stands before the first FROM and was to be declared again inside a stage.
# related_resources:
# - ref: https://docs.docker.com/build/building/variables/#scoping
#   description: "Docker, the scope of ARG"
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the ARG, or declare it again inside the stage that is to read it."
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules["arg-unused"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(argument), message), fix) if {
	some argument in input.evidence.dockerfile.arguments
	some pair in argument.pairs
	not _special(pair[0])
	not _declared_in_a_stage(pair[0])
	not _used_by_from(pair)
	message := sprintf("ARG %s stands before the first FROM, and no FROM and no stage uses it", [pair[0]])
	fix := sprintf("Remove it, or write `ARG %s` inside the stage that is to read it.", [pair[0]])
}

# A RUN may read any ARG from its environment; without one after it, nothing is hidden.
violations contains finding.at(dockerfile.at(argument), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some argument in stage.instructions
	argument.cmd == "ARG"
	not is_number(argument.onbuild_from)
	some pair in argument.pairs
	not _special(pair[0])
	after := [instruction |
		some other in input.evidence.dockerfile.stages
		stage.index in files.chain[other.index]
		some instruction in other.instructions
		_later(other, instruction, stage, argument)
	]
	every instruction in after {
		instruction.cmd != "RUN"
		not _names(instruction, pair[0])
	}
	message := sprintf("nothing after ARG %s uses it", [pair[0]])
}

_later(other, _, stage, _) if other.index != stage.index

_later(other, instruction, stage, argument) if {
	other.index == stage.index
	instruction.line > argument.line
}

_names(instruction, name) if contains(instruction.raw, name)

_names(instruction, name) if {
	some text in instruction.flags
	contains(text, name)
}

_names(instruction, _) if instruction.cmd == "ONBUILD"

# Evidence has here-documents expanded.
_names(instruction, _) if instruction.heredocs[_].expand == true

_declared_in_a_stage(name) if {
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	instruction.cmd == "ARG"
	some pair in instruction.pairs
	pair[0] == name
}

_used_by_from(pair) if {
	some stage in input.evidence.dockerfile.stages
	contains(stage.base.raw, pair[0])
}

_used_by_from(pair) if {
	some stage in input.evidence.dockerfile.stages
	is_string(stage.base.platform_raw)
	contains(stage.base.platform_raw, pair[0])
}

_used_by_from(pair) if {
	some other in input.evidence.dockerfile.arguments
	some each in other.pairs
	each[0] != pair[0]
	contains(other.raw, pair[0])
}

# Read by BuildKit or by every tool that downloads.
_special(name) if startswith(name, "BUILDKIT_")

_special(name) if {
	lower(name) in {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch"}
}
