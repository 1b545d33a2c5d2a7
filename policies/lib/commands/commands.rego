# METADATA
# title: Commands
# description: >-
#   The commands of RUN instructions, parsed: who calls what with which flags, in a stage that is built, and whether
#   what they leave behind ships. Everything is worked out once a document, and looked up by program.
package gate.lib.commands

# METADATA
# description: Indexes of the stages whose layers are in the image, the target and the stages it is built on.
shipped := graph.reachable(_bases, {stage.index | some stage in input.evidence.dockerfile.stages; stage.target})

_bases := {index: bases |
	some index in {stage.index | some stage in input.evidence.dockerfile.stages}
	bases := {stage.base.stage |
		some stage in input.evidence.dockerfile.stages
		stage.index == index
		is_number(stage.base.stage)
	}
}

# METADATA
# description: >-
#   Every command of a RUN in a stage that is built, ONBUILD RUN included: `command`, its `run` (the instruction), `position` in it, `stage`
#   and whether it `ships`.
calls := [call |
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some run in stage.instructions
	_runs(run)
	some position, command in run.commands
	call := {
		"command": command,
		"run": run,
		"position": position,
		"stage": stage.index,
		"ships": stage.index in shipped,
	}
]

_runs(instruction) if instruction.cmd == "RUN"

# A trigger is written here, whoever it is run for. What it mounts is not read.
_runs(instruction) if {
	instruction.cmd == "ONBUILD"
	instruction.sub == "RUN"
	not contains(instruction.raw, "--mount")
}

# METADATA
# description: Calls by program; paths are left out, so that /usr/bin/apt-get is apt-get.
by_program[program] := found if {
	some program in {named.program | some named in _named}
	found := [named.call | some named in _named; named.program == program]
}

# METADATA
# description: The calls of one program, none where nobody calls it.
of(program) := object.get(by_program, program, [])

_named := [{"program": _base_name(call.command.program), "call": call} | some call in calls]

_base_name(path) := parts[count(parts) - 1] if {
	is_string(path)
	parts := split(path, "/")
}

# METADATA
# description: What follows the program and is no flag.
operands(command) := [arg | some arg in command.args; not startswith(arg, "-")]

# METADATA
# description: Whether a command has one of the flags; a long one may carry a value, short ones may be bundled.
has_flag(command, names) if {
	some arg in command.args
	arg in names
}

has_flag(command, names) if {
	some arg in command.args
	startswith(arg, "--")
	split(arg, "=")[0] in names
}

has_flag(command, names) if {
	some arg in command.args
	startswith(arg, "-")
	not startswith(arg, "--")
	regex.match(`^-[A-Za-z]{2,}$`, arg)
	some letter in split(substring(arg, 1, -1), "")
	sprintf("-%s", [letter]) in names
}

# METADATA
# description: Whether a RUN keeps a folder out of the image, by a cache or tmpfs mount at it or above it.
mounted(run, folder) if {
	some mount in run.mounts
	mount.type in {"cache", "tmpfs"}
	is_string(mount.target)
	target := trim_suffix(mount.target, "/")
	_within(folder, target)
}

_within(folder, above) if folder == above

_within(folder, above) if startswith(folder, sprintf("%s/", [above]))

# METADATA
# description: Whether a command of the same RUN removes a folder, or what is in it.
removed(run, folder) if {
	some command in run.commands
	command.program in {"rm", "/bin/rm"}
	some arg in command.args
	path := trim_suffix(trim_suffix(arg, "*"), "/")
	_within(folder, path)
	path != ""
}
