# METADATA
# title: Fixtures
# description: Small Dockerfile evidence for tests; the line of an instruction is its place among all of them.
package gate.lib.fixture

command(program, args) := {
	"program": program,
	"args": args,
	"line": 1,
	"opaque": false,
	"wrappers": [],
	"env": {},
	"piped_to": null,
	"connector": null,
	"redirects": [],
}

instruction(cmd, line, more) := object.union(
	{
		"cmd": cmd,
		"line": line,
		"end_line": line,
		"flags": [],
		"mounts": [],
		"json": null,
		"args": [],
		"commands": [],
		"raw": "",
		"heredocs": [],
		"pairs": [],
		"sub": null,
		"unresolved": [],
		"onbuild_from": null,
		"source_stage": null,
		"source_image": null,
		"comments": [],
		"keyword": null,
	},
	more,
)

run(line, commands) := instruction("RUN", line, {"commands": commands})

stage(index, more) := object.union(
	{
		"index": index,
		"name": null,
		"base": {"reference": "docker.io/library/debian:12-slim", "stage": null},
		"reachable": true,
		"target": false,
		"line": 1,
		"end_line": 9,
		"user": null,
		"libc": "glibc",
		"ships": null,
		"config": {"shell": null, "workdir": null, "env": {}, "user": null},
		"keywords": ["FROM"],
		"instructions": [],
	},
	more,
)

dockerfile(stages) := {
	"kind": "dockerfile",
	"subject": {"name": "Dockerfile"},
	"facts": {},
	"dockerfile": {"stages": stages, "inputs": [], "arguments": [], "comments": [], "ignore": null},
	"image": null,
	"workload": null,
}

# One stage that ships, with some instructions.
single(instructions) := dockerfile([stage(0, {"target": true, "instructions": instructions})])

# One stage that ships, with one RUN on line 2.
ran(commands) := single([run(2, commands)])

at(line) := {"kind": "line", "path": "Dockerfile", "line": line, "end_line": line}
