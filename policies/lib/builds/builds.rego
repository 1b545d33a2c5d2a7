# METADATA
# title: Programs that are built
# description: >-
#   Compilers called in stages that are built: what they write, for which C library, and what of it ships. Only what
#   is written in the Dockerfile: a Makefile says nothing here.
package gate.lib.builds

import data.gate.lib.commands
import data.gate.lib.files

# METADATA
# description: >-
#   Every program built by a visible command: `call`, `language`, `output` (absolute path, null where unknown),
#   `dynamic` (it needs the C library of its stage), and `stage`, the stage's document.
programs := array.concat(_go, array.concat(_rust, _c))

_go := [program |
	some call in commands.of("go")
	call.command.args[0] == "build"
	some stage in _stage(call.stage)
	program := {
		"language": "Go",
		"call": call,
		"stage": stage,
		"output": _output(call, stage, "."),
		"dynamic": _cgo(call, stage),
	}
]

_rust := [program |
	some call in commands.of("cargo")
	some verb in ["build", "install"]
	commands.operands(call.command)[0] == verb
	some stage in _stage(call.stage)
	program := {
		"language": "Rust",
		"call": call,
		"stage": stage,
		"output": files.absolute({"build": "target", "install": "/usr/local/cargo/bin"}[verb], _folder(call, stage)),
		"dynamic": _gnu(call, stage),
	}
]

_c := [program |
	some compiler in ["gcc", "cc", "g++", "c++", "clang", "clang++"]
	some call in commands.of(compiler)
	every arg in call.command.args {
		not arg in {"-c", "--version"}
	}
	some stage in _stage(call.stage)
	program := {
		"language": "C",
		"call": call,
		"stage": stage,
		"output": _output(call, stage, "a.out"),
		"dynamic": _linked(call, stage),
	}
]

# What a variable holds is not known here.
_linked(call, stage) if {
	stage.libc in {"glibc", "musl"}
	every arg in call.command.args {
		not arg in {"-static", "--static", "-static-pie", "-nostdlib", "-nolibc", "-ffreestanding"}
		not startswith(arg, "$")
	}
} else := false

_stage(index) := [stage | some stage in input.evidence.dockerfile.stages; stage.index == index]

_folder(call, stage) := files.workdir(stage, call.run.line)

_output(call, stage, otherwise) := files.absolute(_written(call.command.args, otherwise), _folder(call, stage))

_written(args, otherwise) := found[0] if {
	found := array.concat(
		[args[index + 1] | some index, arg in args; arg == "-o"; index + 1 < count(args)],
		[substring(arg, 3, -1) | some arg in args; startswith(arg, "-o=")],
	)
	count(found) > 0
}

else := otherwise

_cgo(call, stage) if {
	object.get(settings(call, stage), "CGO_ENABLED", "1") != "0"
	_has_compiler(stage)
	not _static_link(call)
}

else := false

# golang's alpine images have no C compiler, and without one Go builds without cgo.
_has_compiler(stage) if stage.libc == "glibc"

_has_compiler(stage) if {
	stage.libc == "musl"
	some call in commands.of("apk")
	call.stage in files.chain[stage.index]
	some name in call.command.args
	name in {"gcc", "build-base", "clang", "musl-dev", "alpine-sdk"}
}

_static_link(call) if {
	some arg in call.command.args
	contains(arg, "-static")
}

_static_link(call) if {
	some index, arg in call.command.args
	contains(arg, "-tags")
	contains(concat(" ", array.slice(call.command.args, index, index + 2)), "netgo")
}

_gnu(call, stage) if {
	stage.libc == "glibc"
	env := settings(call, stage)
	every text in array.concat(call.command.args, [env[name] | some name in ["CARGO_BUILD_TARGET", "RUSTFLAGS"]; env[name]]) {
		not contains(text, "musl")
		not contains(text, "+crt-static")
	}
}

else := false

# METADATA
# description: >-
#   The environment that a command sees as far as the Dockerfile writes it: ARG and ENV of the stage, what the RUN
#   exported before it, and its own assignments.
settings(call, stage) := object.union(object.union(_arguments(stage), _env(stage)), object.union(_exports(call), call.command.env))

_env(stage) := stage.config.env if is_object(stage.config)

else := {}

_arguments(stage) := {name: last |
	some name in {pair[0] | some instruction in stage.instructions; instruction.cmd == "ARG"; some pair in instruction.pairs}
	values := [pair[1] |
		some instruction in stage.instructions
		instruction.cmd == "ARG"
		some pair in instruction.pairs
		pair[0] == name
		is_string(pair[1])
	]
	last := values[count(values) - 1]
}

_exports(call) := {name: last |
	texts := [arg |
		some index, command in call.run.commands
		index < call.position
		command.program == "export"
		some arg in command.args
		contains(arg, "=")
	]
	some name in {split(text, "=")[0] | some text in texts}
	last := [substring(text, count(name) + 1, -1) | some text in texts; split(text, "=")[0] == name][0]
}

# METADATA
# description: >-
#   Programs that ship: the `program`, and the `copy` that brings it into the image (null where it is built in a stage
#   that ships itself).
shipped := array.concat(
	[{"program": program, "copy": null, "stage": program.stage.index} |
		some program in programs
		program.call.ships
	],
	[{"program": program, "copy": copy, "stage": copy.stage} |
		some copy in files.between
		copy.ships
		some program in programs
		program.stage.index in files.chain[copy.from]
		some path in _paths(program)
		some source in copy.sources
		_takes(files.absolute(trim_suffix(source, "*"), "/"), path)
	],
)

# What a cp or mv of the same stage makes of it counts as well.
_paths(program) := {path |
	some path in array.concat([program.output], _moved(program))
	is_string(path)
	path != "/"
}

_moved(program) := [path |
	some mover in ["cp", "mv", "install"]
	some call in commands.of(mover)
	call.stage == program.stage.index
	words := commands.operands(call.command)
	count(words) == 2
	is_string(program.output)
	folder := _folder(call, program.stage)
	is_string(folder)
	_takes(files.absolute(words[0], folder), program.output)
	path := files.absolute(words[1], folder)
]

# A copy takes a program when it names it, a folder above it, or something in the folder that it was written to.
_takes(source, path) if files.within(path, source)

_takes(source, path) if files.within(source, path)

# METADATA
# description: >-
#   Calls that turn sources into something to ship, in stages that are built: the `call` and the `text` to show.
compilations := [found |
	some program, verbs in _compilers
	some call in commands.of(program)
	not call.command.opaque
	some text in verbs
	_says(call.command.args, split(text, " "))
	found := {"call": call, "text": trim_space(sprintf("%s %s", [program, text]))}
]

_says(args, words) if array.slice(args, 0, count(words)) == words

# Maven, Gradle and their like take several tasks, flags between them.
_says(args, words) if {
	count(words) == 1
	words[0] in {"package", "install", "verify", "assemble", "bootJar", "shadowJar", "installDist"}
	words[0] in args
}

_compilers := {
	"go": {"build", "install"},
	"cargo": {"build", "install"},
	"mvn": _maven,
	"mvnw": _maven,
	"gradle": _gradle,
	"gradlew": _gradle,
	"dotnet": {"publish", "build"},
	"npm": {"run build"},
	"yarn": {"build", "run build"},
	"pnpm": {"build", "run build"},
	"tsc": {""},
	"webpack": {""},
}

_maven := {"package", "install", "verify"}

_gradle := {"build", "assemble", "bootJar", "jar", "shadowJar", "installDist"}
