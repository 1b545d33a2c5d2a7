package gate.rules["read-only-root-filesystem_test"]

import data.gate.rules["read-only-root-filesystem"] as rule

_origin := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0", "line": 6}

_input(security, role, windows) := {"evidence": {"kind": "container", "workload": {
	"role": role,
	"security": security,
	"windows": windows,
	"origin": _origin,
}}}

_finding := {
	"origin": _origin,
	"message": "the container can write to its root filesystem: readOnlyRootFilesystem is not true",
}

test_reports_a_writable_root if {
	every security in [{}, {"readOnlyRootFilesystem": false}, {"readOnlyRootFilesystem": null}] {
		found := rule.violations with input as _input(security, "container", false)
		found == {_finding}
	}
}

test_accepts_a_read_only_root if {
	rule.violations == set() with input as _input({"readOnlyRootFilesystem": true}, "init", false)
}

test_accepts_what_runs_nothing_and_windows if {
	rule.violations == set() with input as _input({}, "volume", false)
	rule.violations == set() with input as _input({}, "container", true)
}
