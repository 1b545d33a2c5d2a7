package gate.lib.languages_test

import data.gate.lib.fixture
import data.gate.lib.languages

_installs(command, env) := [[install.text, install.folder, install.everything] | some install in found] if {
	workdir := fixture.instruction("WORKDIR", 1, {"args": ["/app"]})
	stage := {"target": true, "config": {"env": env}, "instructions": [workdir, fixture.run(2, [command])]}
	found := languages.node_installs with input.evidence as fixture.dockerfile([fixture.stage(0, stage)])
}

test_everything_is_installed_unless_said_otherwise if {
	_installs(fixture.command("npm", ["ci"]), {}) == [["npm ci", "/app", true]]
	_installs(fixture.command("yarn", []), {}) == [["yarn", "/app", true]]
	_installs(fixture.command("pnpm", ["install", "--prod"]), {}) == [["pnpm install", "/app", false]]
	_installs(fixture.command("yarn", ["--version"]), {}) == [["yarn", "/app", false]]
}

test_the_environment_decides_where_the_command_does_not if {
	_installs(fixture.command("npm", ["ci"]), {"NODE_ENV": "production"}) == [["npm ci", "/app", false]]
	_installs(fixture.command("npm", ["ci", "--include=dev"]), {"NODE_ENV": "production"}) == [["npm ci", "/app", true]]
	_installs(fixture.command("npm", ["ci"]), {"NODE_ENV": "test"}) == [["npm ci", "/app", true]]
}

test_named_and_global_packages_are_something_else if {
	_installs(fixture.command("npm", ["install", "typescript"]), {}) == []
	_installs(fixture.command("npm", ["install", "-g"]), {}) == []
	_installs(fixture.command("yarn", ["global"]), {}) == []
}
