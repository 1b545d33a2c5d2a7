package gate.rules["base-age_test"]

import data.gate.rules["base-age"] as rule

_alpine := {
	"state": "known",
	"reference": "docker.io/library/alpine:3.20",
	"registry": "docker.io",
	"repository": "library/alpine",
	"tag": "3.20",
	"digest": null,
	"created": "2026-05-25",
	"supported_until": null,
	"origin": null,
}

_pattern(max_age) := {"image": "alpine", "regex": `^docker\.io/library/alpine$`, "tags": [], "not_tags": [], "max_age": max_age}

_input(base, max_age, patterns) := {
	"today": "2026-11-21",
	"evidence": {"facts": {"base": base}},
	"parameters": {"base-age": {"max_age": max_age}, "approved-base": {"bases": patterns}},
}

_found(base, max_age, patterns) := {found.message | some found in found_} if {
	found_ := rule.violations with input as _input(base, max_age, patterns)
}

_doubts(base, max_age, patterns) := {found.message | some found in found_} if {
	found_ := rule.undecided with input as _input(base, max_age, patterns)
}

_old := "docker.io/library/alpine:3.20 was made 2026-05-25, 180 days ago: more than 179"

test_a_base_may_be_as_old_as_the_limit if {
	_found(_alpine, 180, []) == set()
	_found(_alpine, 179, []) == {_old}
	_found(_alpine, null, []) == set()
}

test_a_pattern_has_its_own_limit if {
	_found(_alpine, null, [_pattern(179), _pattern(null)]) == {_old}
	_found(_alpine, 10, [_pattern(200)]) == set()
	_found(_alpine, 179, [_pattern(null)]) == {_old}
}

test_support_ends if {
	_found(object.union(_alpine, {"supported_until": "2026-11-20"}), null, []) == {"docker.io/library/alpine:3.20 has not been supported since 2026-11-20"}
	_found(object.union(_alpine, {"supported_until": "2026-11-21"}), null, []) == set()
}

test_doubts_an_age_that_is_not_known_where_it_counts if {
	timeless := object.union(_alpine, {"created": null})
	_doubts(timeless, 180, []) == {"when docker.io/library/alpine:3.20 was made is not known"}
	_doubts(timeless, null, [_pattern(90)]) == {"when docker.io/library/alpine:3.20 was made is not known"}
	_doubts(timeless, null, []) == set()
	_doubts(_alpine, 180, []) == set()
}

test_scratch_does_not_age if {
	scratch := object.union(_alpine, {"reference": "scratch", "registry": null, "repository": null, "created": null})
	_doubts(scratch, 180, []) == set()
	_doubts(object.union(_alpine, {"reference": null}), 180, []) == set()
}
