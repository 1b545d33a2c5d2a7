package gate.rules["pipe-to-shell_test"]

import data.gate.lib.fixture
import data.gate.rules["pipe-to-shell"] as rule

_piped(program, args, more) := object.union(fixture.command(program, args), more)

_found(ran) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran(ran)
}

_shell := _piped("bash", [], {"opaque": true, "connector": "|"})

test_reports_a_pipe_to_a_shell if {
	_found([_piped("curl", ["x"], {"piped_to": "bash"}), _shell]) == {"what curl downloads is run by a shell"}
}

test_reports_what_passes_through_a_filter if {
	filter := _piped("gunzip", [], {"piped_to": "bash", "connector": "|"})
	_found([_piped("wget", ["x"], {"piped_to": "gunzip"}), filter, _shell]) == {"what wget downloads is run by a shell"}
}

test_reports_a_substitution if {
	script := _piped(null, [], {"opaque": true, "wrappers": ["sh"]})
	_found([script, _piped("curl", ["x"], {"piped_to": "sh"})]) == {"what curl downloads is run by a shell"}
}

test_reports_another_interpreter_that_reads_its_program if {
	curl := _piped("curl", ["x"], {"piped_to": "python3"})
	_found([curl, _piped("python3", ["-"], {"connector": "|"})]) == {"what curl downloads is run by python3"}
	_found([curl, _piped("python3", ["-m", "json.tool"], {"connector": "|"})]) == set()
	_found([curl, _piped("python3", ["-", "--version", "1.8.4"], {"connector": "|"})]) == {"what curl downloads is run by python3"}
	_found([curl, _piped("python3", [], {"connector": "|"})]) == {"what curl downloads is run by python3"}
	_found([curl, _piped("php", ["--", "--quiet"], {"connector": "|"})]) == {"what curl downloads is run by php"}
	_found([curl, _piped("python3", ["--", "x.py"], {"connector": "|"})]) == set()
}

test_accepts_a_script_that_reads_data if {
	_found([_piped("curl", ["x"], {"piped_to": "bash"}), _piped("bash", ["load.sh"], {"connector": "|"})]) == set()
	_found([_piped("curl", ["-o", "x"], {}), _piped("bash", [], {"opaque": true, "connector": "&&"})]) == set()
}
