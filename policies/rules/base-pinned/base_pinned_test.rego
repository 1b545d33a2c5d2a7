package gate.rules["base-pinned_test"]

import data.gate.lib.image
import data.gate.rules["base-pinned"] as rule

_input(kind, reference) := object.union(
	image.parse(reference),
	{"kind": kind, "line": 1, "end_line": 1, "reachable": true},
)

_found(inputs, digest) := {[found.message, found.fix] | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {"subject": {"name": "Dockerfile"}, "dockerfile": {"inputs": inputs}},
		"parameters": {"base-pinned": {"digest": digest}},
	}
}

_version := "Write a.io/b:VERSION, better with its digest."

test_accepts_a_version if _found([_input("from", "a.io/b:1.2")], false) == set()

test_accepts_a_digest if _found([_input("from", "a.io/b@sha256:00"), _input("copy", "a.io/b:latest@sha256:00")], true) == set()

test_accepts_scratch if _found([_input("from", "scratch")], true) == set()

test_leaves_named_contexts_alone if {
	context := {"reference": "/oci-layout://x", "registry": "", "repository": "oci-layout://x", "tag": null, "digest": null}
	_found([object.union(_input("from", "a.io/b"), context)], true) == set()
}

test_leaves_downloads_alone if _found([_input("add", "https://a.io/b")], true) == set()

test_leaves_unused_inputs_alone if {
	_found([object.union(_input("from", "a.io/b"), {"reachable": false})], false) == set()
}

test_reports_no_tag if {
	_found([_input("from", "a.io/b")], false) == {[
		"a.io/b has no tag, which means latest: what it is changes without notice",
		_version,
	]}
}

test_reports_latest if {
	_found([_input("mount", "a.io/b:latest")], false) == {["a.io/b:latest is whatever was pushed last", _version]}
}

test_reports_no_digest_where_one_is_asked_for if {
	_found([_input("copy", "a.io/b:1.2")], true) == {[
		"a.io/b:1.2 has no digest",
		"Write a.io/b:1.2@sha256:... (`gate lock` finds the digest).",
	]}
}
