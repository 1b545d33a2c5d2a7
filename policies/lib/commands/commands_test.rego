package gate.lib.commands_test

import data.gate.lib.commands
import data.gate.lib.fixture

_chain := [
	fixture.stage(0, {"base": {"reference": null, "stage": null}}),
	fixture.stage(1, {"base": {"reference": null, "stage": 0}}),
	fixture.stage(2, {"reachable": false, "instructions": [fixture.run(5, [fixture.command("gcc", [])])]}),
	fixture.stage(3, {"base": {"reference": null, "stage": 1}, "target": true}),
]

test_the_target_and_what_it_is_built_on_ship if {
	commands.shipped == {0, 1, 3} with input.evidence as fixture.dockerfile(_chain)
}

test_stages_that_are_not_built_call_nothing if {
	commands.calls == [] with input.evidence as fixture.dockerfile(_chain)
}

test_calls_are_found_by_program_whatever_its_path if {
	ran := [fixture.command("/usr/bin/curl", ["-k"]), fixture.command(null, []), fixture.command("rm", [])]
	{"curl", "rm"} == object.keys(commands.by_program) with input.evidence as fixture.ran(ran)
	[0] == [call.position | some call in commands.of("curl")] with input.evidence as fixture.ran(ran)
	[] == commands.of("wget") with input.evidence as fixture.ran(ran)
}

test_flags_are_found_alone_bundled_and_with_a_value if {
	command := fixture.command("x", ["-qy", "--target=a", "install"])
	commands.has_flag(command, {"-y"})
	commands.has_flag(command, {"-q"})
	commands.has_flag(command, {"--target"})
	not commands.has_flag(command, {"-t", "--yes", "install-x", "-qq"})
	commands.operands(command) == ["install"]
}

test_a_mount_keeps_what_is_below_it_out if {
	run := fixture.instruction("RUN", 1, {"mounts": [
		{"type": "cache", "target": "/var/cache/"},
		{"type": "bind", "target": "/src"},
		{"type": "cache", "target": null},
		{"type": "tmpfs", "target": "/tmp"},
	]})
	commands.mounted(run, "/var/cache")
	commands.mounted(run, "/var/cache/apk")
	commands.mounted(run, "/tmp")
	not commands.mounted(run, "/var/cachex")
	not commands.mounted(run, "/src")
}

test_removal_reaches_what_is_below if {
	run := fixture.run(1, [fixture.command("rm", ["-rf", "/var/lib/apt/lists/*", "/tmp/"])])
	commands.removed(run, "/var/lib/apt/lists")
	commands.removed(run, "/tmp/x")
	not commands.removed(run, "/var/lib/apt")
	not commands.removed(fixture.run(1, [fixture.command("rm", ["*"])]), "/var")
}

test_calls_of_triggers if {
	install := fixture.command("apt-get", ["install", "curl"])
	trigger := fixture.instruction("ONBUILD", 2, {"sub": "RUN", "raw": "RUN apt-get install curl", "commands": [install]})
	mounted := object.union(trigger, {"raw": "RUN --mount=type=cache,target=/var/cache/apt apt-get install curl"})
	found := commands.calls with input.evidence as fixture.single([trigger, mounted])
	[call.run.line | some call in found] == [2]
}
