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
import data.gate.lib.files
import data.gate.lib.finding

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
	not stage.index in _read_by_others
	object.get(_last_reader, stage.index, 0) <= argument.line
	some [name, _] in argument.pairs
	not _special(name)
	not stage.index in object.get(_said_by_others, name, set())
	object.get(_last_said, [stage.index, name], 0) <= argument.line
}

_declared contains pair[0] if {
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	instruction.cmd == "ARG"
	some pair in instruction.pairs
}

_words(text) := {word | some word in regex.find_n(`[A-Za-z0-9_]+`, text, -1)} if is_string(text)

_words_of_from contains word if {
	some stage in input.evidence.dockerfile.stages
	some text in [stage.base.raw, object.get(stage.base, "platform_raw", null)]
	some word in _words(text)
}

# An ARG alone in its instruction does not use itself.
_words_of_arguments contains word if {
	some argument in input.evidence.dockerfile.arguments
	some word in (_words(argument.raw) - {argument.pairs[0][0] | count(argument.pairs) == 1})
}

# What may read any variable: commands, triggers, and here-documents, which evidence has expanded.
_reads(instruction) if instruction.cmd in {"RUN", "ONBUILD"}

_reads(instruction) if instruction.heredocs[_].expand == true

_readers[stage.index] contains instruction.line if {
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	_reads(instruction)
}

_last_reader := {index: max(lines) | some index, lines in _readers}

_read_by_others contains index if {
	some other, _ in _readers
	some index in files.chain[other]
	index != other
}

# Where the other instructions name what.
_said[stage.index][word] contains instruction.line if {
	some stage in input.evidence.dockerfile.stages
	some instruction in stage.instructions
	not _reads(instruction)
	some text in array.concat([instruction.raw], instruction.flags)
	some word in _words(text)
}

_last_said[index] := {word: max(lines) | some word, lines in words} if some index, words in _said

_said_by_others[word] contains index if {
	some other, words in _said
	some index in files.chain[other]
	index != other
	some word, _ in words
}

# Read by BuildKit or by every tool that downloads.
_special(name) if startswith(name, "BUILDKIT_")

_special(name) if {
	lower(name) in {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch"}
}
