package gate.rules.pipefail_test

import data.gate.lib.fixture
import data.gate.rules.pipefail as rule

_curl := object.union(fixture.command("curl", ["x"]), {"piped_to": "tar"})

_tar := object.union(fixture.command("tar", ["x"]), {"connector": "|"})

_found(instructions) := {[each.origin.line, each.message] | some each in found} if {
	found := rule.violations with input.evidence as fixture.single(instructions)
}

test_reports_a_pipe if {
	_found([fixture.run(2, [_curl, _tar])]) == {[2, "a failure of curl before the pipe to tar is not seen"]}
}

test_accepts_pipefail_however_it_is_set if {
	shell := fixture.instruction("SHELL", 2, {"args": ["/bin/bash", "-o", "pipefail", "-c"]})
	_found([shell, fixture.run(3, [_curl, _tar])]) == set()
	_found([fixture.run(2, [fixture.command("set", ["-eo", "pipefail"]), _curl, _tar])]) == set()
	_found([object.union(fixture.run(2, [_curl, _tar]), {"args": ["bash -o pipefail -c x"]})]) == set()
}

test_accepts_what_does_not_fail_and_substitutions if {
	echo := object.union(fixture.command("echo", ["x"]), {"piped_to": "tar"})
	_found([fixture.run(2, [echo, _tar])]) == set()
	_found([fixture.run(2, [_curl])]) == set()
}

test_reports_a_shell_without_the_option if {
	shell := fixture.instruction("SHELL", 2, {"args": ["/bin/sh", "-o", "pipefail", "-c"]})
	_found([shell, fixture.run(3, [_curl, _tar])]) == {[3, "a failure of curl before the pipe to tar is not seen"]}
	_found([shell, fixture.run(3, [fixture.command("apk", ["add", "x"]), _curl, _tar])]) == set()
}
