package gate.rules["approved-base_test"]

import data.gate.lib.image
import data.gate.rules["approved-base"] as rule

_pattern(text, regex, tags, not_tags) := {"image": text, "regex": regex, "tags": tags, "not_tags": not_tags}

_bases := [
	_pattern("scratch", "^scratch$", [], []),
	_pattern("gcr.io/distroless/*", `^gcr\.io/distroless/[^/]*$`, [], ["^debug.*$"]),
	_pattern("docker.io/library/python", `^docker\.io/library/python$`, [`^.*\-slim.*$`, `^.*\-alpine.*$`], []),
	_pattern("a.io/mixed", `^a\.io/mixed$`, ["^1.*$"], ["^1\\.0$"]),
]

_images := [_pattern("docker.io/library/postgres", `^docker\.io/library/postgres$`, [], [])]

_ancestor(reference, via) := {"reference": reference, "via": via, "digest": null}

_base(reference, ancestors) := object.union(
	image.parse(reference),
	{"state": "known", "ancestors": ancestors, "origin": {"kind": "config", "field": "x"}},
)

_built_on(ancestors) := {"state": "known", "reference": null, "ancestors": ancestors, "origin": null}

_found(base) := _found_with(base, {"bases": _bases, "images": _images})

_found_with(base, allowed) := {[found.message, found.fix] | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {"facts": {"base": base}},
		"parameters": {"approved-base": allowed},
	}
}

_fix := "Build on one of: scratch, gcr.io/distroless/*, docker.io/library/python, a.io/mixed."

test_accepts_scratch if _found(_base("scratch", [])) == set()

test_accepts_a_base_on_the_list if _found(_base("gcr.io/distroless/static-debian12:nonroot", [])) == set()

test_accepts_a_base_without_a_tag if _found(_base("gcr.io/distroless/static-debian12", [])) == set()

test_reports_another_base if {
	_found(_base("docker.io/library/golang:1.23", [])) == {[
		"base image docker.io/library/golang:1.23 is not approved: docker.io/library/golang is not on the list",
		_fix,
	]}
}

test_reports_another_tag if {
	_found(_base("docker.io/library/python:3.12", [])) == {[
		concat("", [
			"base image docker.io/library/python:3.12 is not approved: ",
			"of docker.io/library/python only tags *-slim*, *-alpine*",
		]),
		_fix,
	]}
}

test_a_digest_that_was_looked_up_does_not_hide_the_tag if {
	digest := {"digest": "sha256:00"}
	ancestor := object.union(_ancestor("docker.io/library/python:3.12", "layers"), digest)
	found := _found(object.union(_base("docker.io/library/python:3.12", [ancestor]), digest))
	found == _found(_base("docker.io/library/python:3.12", []))
}

test_a_digest_that_was_written_does if _found(_base("docker.io/library/python:3.12@sha256:00", [])) == set()

test_reports_an_excluded_tag if {
	_found(_base("gcr.io/distroless/static:debug", [])) == {[
		concat("", [
			"base image gcr.io/distroless/static:debug is not approved: ",
			"of gcr.io/distroless/static only tags other than debug*",
		]),
		_fix,
	]}
}

test_reports_a_tag_that_is_in_and_out if {
	_found(_base("a.io/mixed:1.0", [])) == {[
		"base image a.io/mixed:1.0 is not approved: of a.io/mixed only tags 1*, not 1.0",
		_fix,
	]}
}

test_accepts_what_is_built_on_an_approved_base if {
	_found(_built_on([_ancestor("docker.io/library/python:3.12-slim", "layers")])) == set()
}

test_accepts_scratch_by_structure if _found(_built_on([_ancestor("scratch", "structure")])) == set()

test_accepts_a_vendors_image_run_unchanged if {
	_found(_built_on([_ancestor("docker.io/library/postgres:17", "self")])) == set()
}

test_reports_a_vendors_image_that_was_changed if {
	_found(_built_on([_ancestor("docker.io/library/postgres:17", "layers")])) == {[
		"is built on no approved base image",
		_fix,
	]}
}

test_reports_everything_when_nothing_is_approved if {
	_found_with(_base("scratch", []), {"bases": [], "images": []}) == {[
		"base image scratch is not approved: scratch is not on the list",
		"Name the images to build on under `approved_bases` in gate.yaml.",
	]}
}

test_what_a_base_is_built_on_does_not_approve_it if {
	golang := object.union(_ancestor("docker.io/library/golang:1.23-alpine", "layers"), {"layers": 5})
	alpine := object.union(_ancestor("docker.io/library/python:3.12-alpine", "layers"), {"layers": 1})
	_found(_base("docker.io/library/golang:1.23-alpine", [golang, alpine])) == {[
		"base image docker.io/library/golang:1.23-alpine is not approved: docker.io/library/golang is not on the list",
		_fix,
	]}
}

test_another_name_of_the_same_layers_approves_them if {
	mirrored := object.union(_ancestor("a.io/hub/python:3.12-slim", "layers"), {"layers": 4})
	python := object.union(_ancestor("docker.io/library/python:3.12-slim", "layers"), {"layers": 4})
	_found(_base("a.io/hub/python:3.12-slim", [mirrored, python])) == set()
}

_aged(created, max_age) := {found.message | some found in found_} if {
	found_ := rule.violations with input as {
		"today": "2026-11-21",
		"evidence": {"facts": {"base": object.union(_base("scratch", []), {"created": created})}},
		"parameters": {"approved-base": {
			"bases": [object.union(_pattern("scratch", "^scratch$", [], []), {"max_age": max_age})],
			"images": [],
		}},
	}
}

test_a_base_is_approved_for_as_long_as_its_pattern_says if {
	_aged("2026-08-23", 90) == set()
	_aged("2026-08-22", 90) == {"base image scratch is not approved: it was made 2026-08-22, 91 days ago, and may be 90 days old"}
	_aged("2026-08-22", null) == set()
	_aged(null, 90) == set()
}
