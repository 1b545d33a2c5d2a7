# METADATA
# title: Variables
# description: >-
#   Where a stage, and the stages built on it, may read a variable that it has set: what runs sees all of them, other
#   instructions name them. Everything is worked out once a document.
package gate.lib.variables

import data.gate.lib.files

# METADATA
# description: Whether something after a line of a stage, or in a stage built on it, may read any variable.
read_after(index, _) if index in _read_by_others

read_after(index, line) if object.get(_last_reader, index, 0) > line

# METADATA
# description: Whether an instruction after a line of a stage, or in a stage built on it, has a variable's name in it.
named_after(index, _, name) if index in object.get(_said_by_others, name, set())

named_after(index, line, name) if object.get(_last_said, [index, name], 0) > line

# METADATA
# description: What could be the names of variables in a text; undefined for null.
words(text) := {word | some word in regex.find_n(`[A-Za-z0-9_]+`, text, -1)} if is_string(text)

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
	some word in words(text)
}

_last_said[index] := {word: max(lines) | some word, lines in named} if some index, named in _said

_said_by_others[word] contains index if {
	some other, named in _said
	some index in files.chain[other]
	index != other
	some word, _ in named
}
