package gate.rules["approved-frontend_test"]

import data.gate.lib.image
import data.gate.rules["approved-frontend"] as rule

_docker := {"image": "docker.io/docker/dockerfile", "regex": `^docker\.io/docker/dockerfile$`, "tags": [], "not_tags": []}

_found(frontend, line, inputs) := found if {
	found := rule.violations with input as {
		"evidence": {
			"subject": {"name": "Dockerfile"},
			"dockerfile": {"frontend": frontend, "frontend_line": line, "inputs": inputs},
		},
		"parameters": {"approved-frontend": {"frontends": [_docker]}},
	}
}

_input(reference) := object.union(image.parse(reference), {"kind": "frontend"})

_finding(name, line) := {
	"origin": {"kind": "line", "path": "Dockerfile", "line": line, "end_line": line},
	"message": sprintf("the frontend %s is not approved, and it decides what this file means", [name]),
	"certain": true,
}

test_accepts_the_built_in_frontend if _found(null, null, []) == set()

test_accepts_dockers_own if _found("docker/dockerfile:1", 1, [_input("docker.io/docker/dockerfile:1")]) == set()

test_reports_another if _found("evil.io/f", 2, [_input("evil.io/f")]) == {_finding("evil.io/f", 2)}

test_reports_one_that_is_no_input if _found("docker/dockerfile:1", 1, []) == {_finding("docker/dockerfile:1", 1)}

test_reports_one_from_a_build_argument if _found("evil.io/f", null, []) == {_finding("evil.io/f", 1)}
