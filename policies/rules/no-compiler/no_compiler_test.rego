package gate.rules["no-compiler_test"]

import data.gate.rules["no-compiler"] as rule

_file(path) := {"path": path, "detail": null, "origin": {"kind": "layer", "digest": "sha256:00", "created_by": "RUN apk add gcc"}}

_found(paths) := {found.message | some found in found_} if {
	found_ := rule.violations with input.evidence.facts.filesystem.compilers as [_file(path) | some path in paths]
}

test_accepts_none if _found([]) == set()

test_reports_them if {
	_found(["/usr/bin/gcc", "/usr/bin/ld"]) == {"has build tools: /usr/bin/gcc, /usr/bin/ld (in the layer made by: RUN apk add gcc)"}
}
