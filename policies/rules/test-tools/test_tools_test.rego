package gate.rules["test-tools_test"]

import data.gate.lib.fixture
import data.gate.rules["test-tools"] as rule

_evidence(commands, more) := fixture.dockerfile([fixture.stage(0, object.union(
	{"target": true, "instructions": array.concat([fixture.run(2, commands)], more)},
	{},
))])

_found(commands, more) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as object.union(_evidence(commands, more), {"subject": {"name": "Dockerfile"}})
}

test_reports_tools if {
	_found([fixture.command("pip", ["install", "flask", "pytest==8.3"])], []) == {"pip installs pytest==8.3 into the image"}
	_found([fixture.command("npm", ["install", "-g", "@playwright/test@1"])], []) == {"npm installs @playwright/test@1 into the image"}
	_found([fixture.command("yarn", ["global", "add", "jest"])], []) == {"yarn installs jest into the image"}
	_found([fixture.command("gem", ["install", "rspec"])], []) == {"gem installs rspec into the image"}
}

test_accepts_other_packages if {
	_found([fixture.command("pip", ["install", "pytest-runner-x", "flask"])], []) == set()
}

test_accepts_images_that_are_for_tests if {
	install := fixture.command("pip", ["install", "pytest"])
	start := fixture.instruction("CMD", 3, {"commands": [fixture.command("pytest", ["-q"])]})
	_found([install], [start]) == set()
	stage := fixture.stage(0, {"target": true, "name": "test", "instructions": [fixture.run(2, [install])]})
	named := object.union(fixture.dockerfile([stage]), {"subject": {"name": "Dockerfile"}})
	rule.violations == set() with input.evidence as named
	file := object.union(_evidence([install], []), {"subject": {"name": "Dockerfile.test"}})
	rule.violations == set() with input.evidence as file
}
