package gate.rules["no-leftovers_test"]

import data.gate.rules["no-leftovers"] as rule

_file(path, detail, deleted) := {
	"path": path,
	"detail": detail,
	"deleted": deleted,
	"origin": {"kind": "layer", "digest": "sha256:00", "created_by": null},
}

_found(files, allowed) := {found.message | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {"facts": {"filesystem": {"state": "known", "leftovers": files}}},
		"parameters": {"no-leftovers": {"allowed": allowed}},
	}
}

test_accepts_none if _found([], []) == set()

test_tells_what_is_there_from_what_was_deleted if {
	_found([_file("/root/.cache/pip", "cache of pip", false), _file("/root/.env", "environment file", true)], []) == {
		"has leftovers of its build: /root/.cache/pip (cache of pip)",
		"has in a lower layer what a later one deletes: /root/.env (environment file)",
	}
}

test_accepts_what_is_allowed_and_all_below if {
	files := [_file("/srv/app/.git", "git repository", false), _file("/srv/application/.git", "git repository", false)]
	_found(files, ["/srv/app/"]) == {"has leftovers of its build: /srv/application/.git (git repository)"}
}
