package gate.rules["approved-source_test"]

import data.gate.lib.image
import data.gate.rules["approved-source"] as rule

_hub := {"image": "docker.io/library/*", "regex": `^docker\.io/library/[^/]*$`, "tags": [], "not_tags": []}

_team := {"image": "registry.acme.dev/base/*", "regex": `^registry\.acme\.dev/base/[^/]*$`, "tags": [], "not_tags": []}

_acme := {"url": "https://github.com/acme/**", "regex": `^https://github\.com/acme/.+$`}

_input(kind, reference, line) := object.union(
	image.parse(reference),
	{"kind": kind, "stage": 0, "line": line, "end_line": null, "reachable": true},
)

_found(inputs) := {[found.message, found.origin.line] | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {
			"subject": {"name": "Dockerfile"},
			"facts": {"base": {"origin": {"kind": "line", "path": "Dockerfile", "line": 9, "end_line": 9}}},
			"dockerfile": {"stages": [{"index": 0, "name": "build"}], "inputs": inputs},
		},
		"parameters": {
			"approved-source": {"sources": [_hub, _team], "urls": [_acme]},
		},
	}
}

test_accepts_approved_sources_and_bases if {
	_found([
		_input("from", "docker.io/library/golang:1.23", 1),
		_input("copy", "registry.acme.dev/base/certs:1", 3),
		_input("mount", "docker.io/library/node:22", 4),
	]) == set()
}

test_leaves_the_base_to_approved_base if _found([_input("from", "evil.io/x:1", 9)]) == set()

test_leaves_unused_inputs_alone if {
	_found([object.union(_input("from", "evil.io/x:1", 1), {"reachable": false})]) == set()
}

test_leaves_the_frontend_to_its_own_rule if _found([_input("frontend", "evil.io/x:1", 1)]) == set()

test_reports_images if {
	nowhere := object.union(_input("from", "evil.io/y:1", 2), {"stage": null})
	_found([_input("from", "evil.io/x:1", 1), nowhere, _input("copy", "evil.io/x:1", 3), _input("mount", "evil.io/x", 4)]) == {
		["stage build is built on evil.io/x:1, which is not an approved source", 1],
		["the build uses evil.io/y:1, which is not an approved source", 2],
		["COPY takes files from evil.io/x:1, which is not an approved source", 3],
		["RUN --mount reads evil.io/x, which is not an approved source", 4],
	}
}

test_reports_downloads if {
	_found([
		_input("add", "https://github.com/acme/tool/v1.tgz", 5),
		_input("add", "https://github.com/acme-evil/v1.tgz", 6),
	]) == {["ADD downloads https://github.com/acme-evil/v1.tgz, which is not an approved source", 6]}
}
