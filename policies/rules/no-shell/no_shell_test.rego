package gate.rules["no-shell_test"]

import data.gate.rules["no-shell"] as rule

_alpine := {"kind": "base", "reference": "docker.io/library/alpine:3.20"}

_line := {"kind": "line", "path": "Dockerfile", "line": 5, "end_line": 5}

_shell(path, origin) := {"path": path, "origin": origin, "links": []}

_fact(state, present, shells) := {"state": state, "present": present, "shells": shells, "needed_by": []}

_evidence(shell, base) := {"facts": {"shell": shell, "base": {"reference": base}}, "dockerfile": {"stages": [{
	"index": 0,
	"instructions": [{"cmd": "CMD", "line": 7}, {"cmd": "COPY", "line": 5}],
}]}}

_found(evidence) := {[found.message, object.get(found, "certain", false)] | some found in found_} if {
	found_ := rule.violations with input.evidence as evidence
}

_fixes(evidence) := {found.fix | some found in found_} if {
	found_ := rule.violations with input.evidence as evidence
}

test_accepts_no_shell if _found(_evidence(_fact("known", false, []), "scratch")) == set()

test_says_nothing_while_unknown if _found(_evidence(_fact("unknown", null, []), "a.io/b:1")) == set()

test_reports_the_shells_of_the_base_once if {
	shells := [_shell("/bin/sh", _alpine), _shell("/bin/ash", _alpine)]
	evidence := _evidence(_fact("assumed", true, shells), "docker.io/library/alpine:3.20")
	_found(evidence) == {["has a shell: /bin/ash, /bin/sh (from docker.io/library/alpine:3.20)", false]}
	_fixes(evidence) == {concat("", [
		"Use docker.io/library/alpine:3.20 only to build; ",
		"end with a stage on scratch or gcr.io/distroless, and copy the program.",
	])}
}

test_reports_a_copied_shell_though_the_rest_is_unknown if {
	evidence := _evidence(_fact("unknown", null, [_shell("/bin/sh", _line)]), "a.io/b:1")
	_found(evidence) == {["has a shell: /bin/sh", true]}
	_fixes(evidence) == {"Copy only the program and its files into the last stage, no shell and no busybox."}
}

test_reports_the_debug_variant if {
	origin := {"kind": "base", "reference": "gcr.io/distroless/static:debug"}
	evidence := _evidence(_fact("known", true, [_shell("/busybox/sh", origin)]), "gcr.io/distroless/static:debug")
	_found(evidence) == {["has a shell: /busybox/sh (from gcr.io/distroless/static:debug)", false]}
	_fixes(evidence) == {"Use the variant without a shell: the tag without `debug`."}
}

test_reports_a_layer if {
	origin := {"kind": "layer", "digest": "sha256:00", "created_by": "RUN apk add bash"}
	evidence := _evidence(_fact("known", true, [_shell("/bin/bash", origin)]), null)
	_found(evidence) == {["has a shell: /bin/bash (in the layer made by: RUN apk add bash)", false]}
	_fixes(evidence) == {
		"Use this base only to build; end with a stage on scratch or gcr.io/distroless, and copy the program.",
	}
}

test_reports_a_layer_whose_author_is_not_known if {
	origin := {"kind": "layer", "digest": "sha256:00", "created_by": null}
	_found(_evidence(_fact("known", true, [_shell("/bin/bash", origin)]), null)) == {["has a shell: /bin/bash", false]}
}

test_reports_a_shell_that_is_not_listed if {
	_found(_evidence(_fact("known", true, []), "a.io/b:1")) == {["has a shell", false]}
}

test_reports_what_needs_a_shell if {
	needs := [{"kind": "line", "path": "Dockerfile", "line": 7, "end_line": 7}, {"kind": "config", "field": "Entrypoint"}]
	fact := object.union(_fact("unknown", null, []), {"needed_by": array.concat(needs, [{"kind": "layer"}])})
	_found(_evidence(fact, "a.io/b:1")) == {
		["CMD needs a shell to start", true],
		["Entrypoint needs a shell to start", true],
		["the command needs a shell to start", true],
	}
}
