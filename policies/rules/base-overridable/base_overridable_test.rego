package gate.rules["base-overridable_test"]

import data.gate.lib.fixture
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
		"message": "the build arguments BASE, TAG can replace docker.io/library/alpine:3.20",
		"fix": "Write docker.io/library/alpine:3.20 in the line itself, without build arguments.",
	}}
}

_added(flags, checksum) := {each.message | some each in found} if {
	add := fixture.instruction("ADD", 2, {"flags": flags, "args": ["https://x.io/$V", "/"]})
	taken := {
		"kind": "add",
		"reference": "https://x.io/1",
		"line": 2,
		"end_line": 2,
		"reachable": true,
		"checksum": checksum,
		"overridable_by": ["V"],
	}
	document := fixture.single([add])
	evidence := object.union(document, {"dockerfile": object.union(document.dockerfile, {"inputs": [taken]})})
	found := rule.violations with input.evidence as evidence
}

test_accepts_a_download_with_its_checksum if {
	_added(["--checksum=sha256:55"], "sha256:55") == set()
	_added([], null) == {"the build argument V can replace https://x.io/1"}
	_added(["--checksum=$SUM"], "sha256:55") == {"the build argument V can replace https://x.io/1"}
}
