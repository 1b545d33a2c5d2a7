package gate.rules["no-package-manager_test"]

import data.gate.rules["no-package-manager"] as rule

_file(path) := {"path": path, "detail": null, "origin": {"kind": "layer", "digest": "sha256:00", "created_by": null}}

_found(paths, allowed) := {found.message | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {"facts": {"filesystem": {"state": "known", "package_managers": [_file(path) | some path in paths]}}},
		"parameters": {"no-package-manager": {"allowed": allowed}},
	}
}

test_accepts_none if _found([], []) == set()

test_reports_them if _found(["/sbin/apk", "/usr/bin/pip"], []) == {"has package managers: /sbin/apk, /usr/bin/pip"}

test_accepts_what_is_allowed_by_path_or_name if {
	_found(["/sbin/apk", "/usr/bin/pip"], ["pip"]) == {"has package managers: /sbin/apk"}
	_found(["/sbin/apk", "/usr/bin/pip"], ["/sbin/apk", "pip"]) == set()
}
