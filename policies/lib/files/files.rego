# METADATA
# title: Copied files
# description: >-
#   What COPY and ADD bring into stages that are built: from where, to where, and whether it ships. Everything is
#   worked out once a document.
package gate.lib.files

import data.gate.lib.commands

# METADATA
# description: >-
#   Every COPY and ADD of a stage that is built: the `instruction`, its `position`, the `stage`, its `sources` and
#   `target` as absolute path (null where the working directory is the base's secret) and whether that is written as a
#   `folder`, `from` (a stage or null), whether it is the build `context` that is read, and whether it `ships`.
copies := [copy |
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some position, instruction in stage.instructions
	instruction.cmd in {"COPY", "ADD"}
	last := count(instruction.args) - 1
	last >= 0
	copy := {
		"instruction": instruction,
		"position": position,
		"stage": stage.index,
		"sources": array.slice(instruction.args, 0, last),
		"target": _target(instruction.args[last], stage, instruction.line),
		"from": instruction.source_stage,
		"folder": _into_folder(instruction),
		"context": _from_context(instruction),
		"ships": stage.index in commands.shipped,
	}
]

_into_folder(instruction) := true in {count(instruction.args) > 2, endswith(last, "/"), last in {".", ".."}} if {
	last := instruction.args[count(instruction.args) - 1]
}

_from_context(instruction) := false if is_number(instruction.source_stage)

else := false if is_string(instruction.source_image)

else := false if {
	some one in instruction.flags
	startswith(one, "--from=")
} else := true

# Only relative targets need to know where they are.
_target(path, stage, line) := _clean(path) if startswith(path, "/")

else := absolute(path, workdir(stage, line))

# METADATA
# description: The value of an instruction's flag, such as --chown; undefined without it.
flag(instruction, name) := values[count(values) - 1] if {
	prefix := sprintf("%s=", [name])
	values := [substring(one, count(prefix), -1) |
		some one in instruction.flags
		startswith(one, prefix)
	]
	count(values) > 0
}

# METADATA
# description: The working directory of a stage before a line; null where the base decides.
workdir(stage, line) := written[count(written) - 1] if {
	written := [instruction.args[0] |
		some instruction in stage.instructions
		instruction.cmd == "WORKDIR"
		instruction.line < line
	]
	count(written) > 0
} else := "/" if {
	stage.base.reference == "scratch"
} else := _inherited(stage.base.stage) if {
	is_number(stage.base.stage)
} else := null

_inherited(index) := folders[0] if {
	folders := [stage.config.workdir |
		some stage in input.evidence.dockerfile.stages
		stage.index == index
	]
	count(folders) > 0
	is_string(folders[0])
} else := null

# METADATA
# description: >-
#   A path seen from a folder, without `.`, `//` and an ending `/` (`/` itself stays); null where the folder is not
#   known.
absolute(path, folder) := _clean(path) if startswith(path, "/")

else := _clean(sprintf("%s/%s", [folder, path])) if {
	is_string(folder)
} else := null

_clean(path) := sprintf("/%s", [concat("/", parts)]) if {
	parts := [part |
		some part in split(path, "/")
		not part in {"", "."}
	]
}

# METADATA
# description: Whether a path is a folder, or lies below it.
within(path, folder) if path == folder

within(path, folder) if startswith(path, sprintf("%s/", [trim_suffix(folder, "/")]))

# METADATA
# description: The last part of a path.
name(path) := parts[count(parts) - 1] if parts := split(trim_suffix(path, "/"), "/")

# METADATA
# description: >-
#   What is copied between stages: `copy` (as in copies), and `from`, the index of the stage that it comes from. Only
#   stages that are built.
between := [copy | some copy in copies; is_number(copy.from)]

# METADATA
# description: The stages that a stage is built on, itself included.
chain[index] := found if {
	some index in {stage.index | some stage in input.evidence.dockerfile.stages}
	found := graph.reachable(_bases, {index})
}

_bases := {index: bases |
	some index in {stage.index | some stage in input.evidence.dockerfile.stages}
	bases := {stage.base.stage |
		some stage in input.evidence.dockerfile.stages
		stage.index == index
		is_number(stage.base.stage)
	}
}
