package gate.rules["no-setuid_test"]

import data.gate.rules["no-setuid"] as rule

_layer := {"kind": "layer", "digest": "sha256:00", "created_by": "RUN x"}

_file(path, detail) := {"path": path, "detail": detail, "origin": _layer}

_found(setuid, world_writable, allowed) := {found.message | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {"facts": {"filesystem": {"state": "known", "setuid": setuid, "world_writable": world_writable}}},
		"parameters": {"no-setuid": {"allowed": allowed}},
	}
}

test_accepts_none if _found([], [], []) == set()

test_reports_files_and_directories if {
	_found([_file("/bin/su", "setuid")], [_file("/opt/bin", "on PATH and writable by all")], []) == {
		"has files that give rights: /bin/su (setuid) (in the layer made by: RUN x)",
		"has directories that all may write to: /opt/bin (on PATH and writable by all) (in the layer made by: RUN x)",
	}
}

test_accepts_what_is_allowed if {
	_found([_file("/bin/su", "setuid")], [_file("/opt/bin", "x")], ["/bin/su", "/opt/bin"]) == set()
}
