package gate.rules["exec-form_test"]

import data.gate.lib.fixture
import data.gate.rules["exec-form"] as rule

_shell(cmd, line, wrappers) := fixture.instruction(cmd, line, {"raw": "node app", "commands": [object.union(
	fixture.command("node", ["app"]),
	{"wrappers": wrappers},
)]})

_found(instructions) := {[each.origin.line, each.message] | some each in found} if {
	found := rule.violations with input.evidence as fixture.single(instructions)
}

_said := "ENTRYPOINT is in shell form: a shell starts it, and may keep its signals"

test_reports_the_last_one_in_shell_form if {
	_found([_shell("ENTRYPOINT", 2, []), _shell("ENTRYPOINT", 3, [])]) == {[3, _said]}
}

test_reports_broken_json if {
	broken := fixture.instruction("CMD", 2, {"raw": "['node']", "commands": [fixture.command("[node]", [])]})
	_found([broken]) == {[2, "CMD looks like JSON but is not, so a shell reads it"]}
}

test_accepts_json_exec_and_shells_that_are_not_read if {
	_found([fixture.instruction("CMD", 2, {"json": ["node"], "raw": "[\"node\"]"})]) == set()
	_found([_shell("CMD", 2, ["exec"])]) == set()
	_found([fixture.instruction("CMD", 2, {"raw": "node.exe app"})]) == set()
}

test_accepts_a_command_that_an_entrypoint_clears if {
	entrypoint := fixture.instruction("ENTRYPOINT", 5, {"json": ["node"], "raw": "[\"node\"]"})
	rule.violations == set() with input.evidence as fixture.dockerfile([
		fixture.stage(0, {"instructions": [_shell("CMD", 2, [])]}),
		fixture.stage(1, {"base": {"stage": 0}, "target": true, "instructions": [entrypoint]}),
	])
}

test_accepts_a_shell_that_was_chosen if {
	chosen := fixture.instruction("SHELL", 2, {"args": ["/usr/bin/fish", "-c"]})
	_found([chosen, _shell("ENTRYPOINT", 3, [])]) == set()
	bash := fixture.instruction("SHELL", 2, {"args": ["/bin/bash", "-c"]})
	_found([bash, _shell("ENTRYPOINT", 3, [])]) == {[3, _said]}
}

_names(cmd, json, repository, more) := {found.message | some found in violations} if {
	instructions := array.concat(more, [fixture.instruction(cmd, 3, {"json": json, "raw": "[...]"})])
	stage := fixture.stage(0, {"base": {"stage": null, "repository": repository}, "target": true, "instructions": instructions})
	violations := rule.violations with input.evidence as fixture.dockerfile([stage])
}

test_reports_a_program_with_a_blank_in_its_name if {
	said := "CMD starts a program whose whole name is \"npm start\", and there is none"
	_names("CMD", ["npm start"], "library/node", []) == {said}
	count(_names("ENTRYPOINT", ["npm start", "x"], "team/node", [])) == 1
	_names("CMD", ["npm start"], "team/node", []) == set()
	_names("CMD", ["npm start"], null, []) == set()
	entrypoint := fixture.instruction("ENTRYPOINT", 2, {"json": ["sh", "-c"], "raw": "[...]"})
	_names("CMD", ["npm start"], "library/node", [entrypoint]) == set()
	_names("CMD", ["/opt/My App/run"], "library/node", []) == set()
	_names("CMD", [], "library/node", []) == set()
	count(_names("CMD", ["java -jar /app/app.jar"], "library/node", [])) == 1
}

_fixes(json) := {found.fix | some found in violations} if {
	violations := rule.violations with input.evidence as fixture.single([fixture.instruction("ENTRYPOINT", 3, {"json": json, "raw": "[...]"})])
}

test_writes_what_was_meant if {
	_fixes(["java -jar", "/app.jar"]) == {"Write one element for each word: `ENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]`."}
	said := "Write `ENTRYPOINT exec java $OPTS -jar /app.jar`: a JSON array expands no variables."
	_fixes(["java $OPTS", "-jar", "/app.jar"]) == {said}
}
