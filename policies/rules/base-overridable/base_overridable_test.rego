package gate.rules["base-overridable_test"]

import data.gate.rules["base-overridable"] as rule

_found(arguments, reachable) := found if {
	found := rule.violations with input.evidence as {
		"subject": {"name": "Dockerfile"},
		"dockerfile": {"inputs": [{
			"kind": "from",
			"reference": "docker.io/library/alpine:3.20",
			"line": 2,
			"end_line": 2,
			"reachable": reachable,
			"overridable_by": arguments,
		}]},
	}
}

test_accepts_a_name_in_the_line if _found([], true) == set()

test_leaves_unused_stages_alone if _found(["BASE"], false) == set()

test_reports_build_arguments if {
	_found(["TAG", "BASE"], true) == {{
		"origin": {"kind": "line", "path": "Dockerfile", "line": 2, "end_line": 2},
		"message": "the build argument BASE, TAG can replace docker.io/library/alpine:3.20",
		"fix": "Write docker.io/library/alpine:3.20 in the line itself, without $BASE.",
	}}
}
