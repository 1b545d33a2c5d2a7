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
#   only_with: [ARG]
package gate.rules["arg-unused"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.variables

violations contains finding.with_fix(finding.at(dockerfile.at(argument), message), fix) if {
	some argument in input.evidence.dockerfile.arguments
	argument.cmd == "ARG"
	some [name, _] in argument.pairs
	not _special(name)
	not name in _declared
	not name in _words_of_from
	not name in _words_of_arguments
	message := sprintf("ARG %s stands before the first FROM, and no FROM and no stage uses it", [name])
	fix := sprintf("Remove it, or write `ARG %s` inside the stage that is to read it.", [name])
}

# A RUN may read any ARG from its environment; without one after it, nothing is hidden.
violations contains finding.at(dockerfile.at(argument), sprintf("nothing after ARG %s uses it", [name])) if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some argument in stage.instructions
	argument.cmd == "ARG"
	not is_number(argument.onbuild_from)
	not variables.read_after(stage.index, argument.line)
	some [name, _] in argument.pairs
	not _special(name)
	not variables.named_after(stage.index, argument.line, name)
}

_declared contains pair[0] if {
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	instruction.cmd == "ARG"
	some pair in instruction.pairs
}

_words_of_from contains word if {
	some stage in input.evidence.dockerfile.stages
	some text in [stage.base.raw, object.get(stage.base, "platform_raw", null)]
	some word in variables.words(text)
}

# An ARG alone in its instruction does not use itself.
_words_of_arguments contains word if {
	some argument in input.evidence.dockerfile.arguments
	some word in (variables.words(argument.raw) - {argument.pairs[0][0] | count(argument.pairs) == 1})
}

# Read by BuildKit or by every tool that downloads.
_special(name) if startswith(name, "BUILDKIT_")

_special(name) if {
	lower(name) in {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch"}
}
