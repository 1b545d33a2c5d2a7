package gate.rules["tmpfs-for-writes_test"]

import data.gate.rules["tmpfs-for-writes"] as rule

_origin := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0", "line": 6}

_input(mounts) := {
	"evidence": {"kind": "container", "workload": {
		"role": "container",
		"windows": false,
		"security": {},
		"mounts": mounts,
		"origin": _origin,
	}},
	"parameters": {"tmpfs-for-writes": {"paths": ["/tmp", "/run"]}},
}

_mount(path, source, medium, read_only) := {
	"path": path,
	"name": "v",
	"source": source,
	"medium": medium,
	"read_only": read_only,
}

test_reports_scratch_files_on_disk if {
	found := {{"origin": _origin, "message": sprintf("%s is an emptyDir on the node's disk", [path])} |
		some path in ["/tmp", "/run/api"]
	}
	mounts := [_mount("/tmp", "emptyDir", null, false), _mount("/run/api", "emptyDir", "", false)]
	rule.violations == found with input as _input(mounts)
}

test_accepts_memory_other_paths_other_volumes_and_read_only if {
	mounts := [
		_mount("/tmp", "emptyDir", "Memory", false),
		_mount("/tmpfiles", "emptyDir", null, false),
		_mount("/tmp/data", "persistentVolumeClaim", null, false),
		_mount("/run/x", "emptyDir", null, true),
	]
	rule.violations == set() with input as _input(mounts)
}
