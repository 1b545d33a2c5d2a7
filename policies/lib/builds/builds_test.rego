package gate.lib.builds_test

import data.gate.lib.builds
import data.gate.lib.fixture

_workdir := fixture.instruction("WORKDIR", 1, {"args": ["/src"]})

_built(command, more) := [[program.language, program.output, program.dynamic] | some program in found] if {
	stage := fixture.stage(0, object.union({"target": true, "instructions": [_workdir, fixture.run(2, [command])]}, more))
	found := builds.programs with input.evidence as fixture.dockerfile([stage])
}

test_go_says_where_and_for_what if {
	_built(fixture.command("go", ["build", "-o", "bin/x", "."]), {}) == [["Go", "/src/bin/x", true]]
	_built(fixture.command("go", ["build", "-o=/x"]), {"libc": "none"}) == [["Go", "/x", false]]
	_built(fixture.command("go", ["build"]), {"libc": "musl"}) == [["Go", "/src", false]]
	_built(fixture.command("go", ["test"]), {}) == []
	_built(fixture.command("go", []), {}) == []
}

test_tags_and_flags_link_statically if {
	_built(fixture.command("go", ["build", "-tags", "netgo,osusergo"]), {}) == [["Go", "/src", false]]
	_built(fixture.command("go", ["build", "-ldflags", "-extldflags=-static"]), {}) == [["Go", "/src", false]]
	_built(fixture.command("gcc", ["-static", "-o", "x", "x.c"]), {}) == [["C", "/src/x", false]]
	_built(fixture.command("gcc", ["$CFLAGS", "x.c"]), {}) == [["C", "/src/a.out", false]]
	_built(fixture.command("gcc", ["x.c"]), {"libc": null}) == [["C", "/src/a.out", false]]
	_built(fixture.command("cc", ["x.c"]), {}) == [["C", "/src/a.out", true]]
}

test_rust_writes_below_target if {
	_built(fixture.command("cargo", ["build", "--release"]), {}) == [["Rust", "/src/target", true]]
	_built(fixture.command("cargo", ["install", "x"]), {"libc": "musl"}) == [["Rust", "/usr/local/cargo/bin", false]]
	env := {"config": {"env": {"CARGO_BUILD_TARGET": "x86_64-unknown-linux-musl"}}}
	_built(fixture.command("cargo", ["build"]), env) == [["Rust", "/src/target", false]]
}

test_settings_are_what_is_written if {
	instructions := [
		fixture.instruction("ARG", 1, {"pairs": [["A", "1"], ["B", null]]}),
		fixture.instruction("ARG", 2, {"pairs": [["A", "2"]]}),
	]
	commands := [fixture.command("export", ["C=3", "D"]), object.union(fixture.command("x", []), {"env": {"E": "5"}})]
	call := {"run": fixture.run(3, commands), "position": 1, "command": commands[1]}
	env := {"config": {"env": {"F": "6"}}, "instructions": instructions}
	builds.settings(call, env) == {"A": "2", "C": "3", "E": "5", "F": "6"}
	builds.settings(call, {"config": null, "instructions": []}) == {"C": "3", "E": "5"}
}

_moved := fixture.run(2, [fixture.command("go", ["build", "-o", "x"]), fixture.command("mv", ["x", "/bin/x"])])

_stages(source) := [
	fixture.stage(0, {"instructions": [_workdir, _moved]}),
	fixture.stage(1, {
		"target": true,
		"instructions": [fixture.instruction("COPY", 9, {"args": [source, "/x"], "source_stage": 0})],
	}),
]

_shipped(source) := [[each.stage, each.copy.instruction.line] | some each in found] if {
	found := builds.shipped with input.evidence as fixture.dockerfile(_stages(source))
}

test_what_is_moved_ships_too if {
	_shipped("/bin/x") == [[1, 9]]
	_shipped("/src/*") == [[1, 9]]
	_shipped("/bin/y") == []
}

test_what_is_moved_from_nobody_knows_where_is_left_alone if {
	stages := [
		fixture.stage(0, {"instructions": [_moved]}),
		fixture.stage(1, {
			"target": true,
			"instructions": [fixture.instruction("COPY", 9, {"args": ["/bin/x", "/x"], "source_stage": 0})],
		}),
	]
	shipped := builds.shipped with input.evidence as fixture.dockerfile(stages)
	shipped == []
}
