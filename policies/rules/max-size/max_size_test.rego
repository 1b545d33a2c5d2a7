package gate.rules["max-size_test"]

import data.gate.rules["max-size"] as rule

_mb := 1000000

_none := {"uncompressed": null, "compressed": null, "soft_uncompressed": null, "soft_compressed": null}

_settings := object.union(_none, {"uncompressed": 300 * _mb, "growth": null, "budgets": []})

_ml := {"image": "ghcr.io/acme/ml-*", "regex": `^ghcr\.io/acme/ml\-[^/]*$`, "tags": [], "not_tags": []}

_budget := object.union(_none, {"images": [_ml], "uncompressed": 2000 * _mb})

_size(state, sizes) := object.union(
	{
		"state": state,
		"uncompressed": null,
		"compressed": null,
		"at_least": null,
		"previous": null,
		"layers": [],
	},
	sizes,
)

_known(uncompressed) := _size("known", {"uncompressed": uncompressed})

_input(size, settings, subject) := {
	"evidence": {
		"subject": object.union({"image": null, "reference": null}, subject),
		"facts": {"size": size, "base": {"reference": "docker.io/library/golang:1.23", "origin": {"kind": "line", "line": 1}}},
	},
	"parameters": {"max-size": settings},
}

_found(size, settings, subject) := {[found.message, object.get(found, "level", null)] | some found in found_} if {
	found_ := rule.violations with input as _input(size, settings, subject)
}

_fixes(size) := {found.fix | some found in found_} if {
	found_ := rule.violations with input as _input(size, _settings, {})
}

_doubts(size, settings) := {found.message | some found in found_} if {
	found_ := rule.undecided with input as _input(size, settings, {})
}

test_accepts_the_limit_itself if _found(_known(300000000), _settings, {}) == set()

test_reports_one_byte_more if {
	_found(_known(300000001), _settings, {}) == {["is 300 MB uncompressed, 1 B over the limit of 300 MB", null]}
}

test_reports_compressed_bytes if {
	settings := object.union(_settings, {"uncompressed": null, "compressed": 100 * _mb})
	_found(_size("known", {"compressed": 150 * _mb}), settings, {}) == {[
		"is 150 MB compressed, 50 MB over the limit of 100 MB",
		null,
	]}
}

test_warns_above_the_soft_limit if {
	settings := object.union(_settings, {"soft_uncompressed": 200 * _mb})
	_found(_known(250 * _mb), settings, {}) == {[
		"is 250 MB uncompressed, 50 MB over the soft limit of 200 MB",
		"warn",
	]}
	_found(_known(350 * _mb), settings, {}) == {["is 350 MB uncompressed, 50 MB over the limit of 300 MB", null]}
}

test_warns_above_the_soft_limit_where_the_limit_is_null if {
	settings := object.union(_none, {"soft_uncompressed": 200 * _mb, "growth": null, "budgets": []})
	_found(_known(250 * _mb), settings, {}) == {["is 250 MB uncompressed, 50 MB over the soft limit of 200 MB", "warn"]}
	_found(_known(200 * _mb), settings, {}) == set()
	_found(_size("unknown", {"at_least": 250 * _mb}), settings, {}) == {[
		"is at least 250 MB uncompressed before anything is added, 50 MB over the soft limit of 200 MB",
		"warn",
	]}
	_found(_size("unknown", {"at_least": 200 * _mb}), settings, {}) == set()
	_doubts(_size("known", {}), settings) == set()
}

test_budgets_replace_limits_by_the_name_an_image_is_built_as if {
	settings := object.union(_settings, {"budgets": [_budget]})
	_found(_known(1500 * _mb), settings, {"image": "ghcr.io/acme/ml-train"}) == set()
	_found(_known(1500 * _mb), settings, {"reference": "ghcr.io/acme/ml-train:1"}) == set()
	_found(_known(1500 * _mb), settings, {"image": "ghcr.io/acme/api"}) == {[
		"is 1.5 GB uncompressed, 1.2 GB over the limit of 300 MB",
		null,
	]}
}

test_reports_growth_in_bytes if {
	settings := object.union(_settings, {"growth": {"bytes": 20 * _mb}})
	size := object.union(_known(150 * _mb), {"previous": 100 * _mb})
	_found(size, settings, {}) == {["grew by 50 MB from 100 MB, 30 MB more than allowed", null]}
	_found(object.union(size, {"previous": 130 * _mb}), settings, {}) == set()
}

test_reports_growth_in_percent if {
	settings := object.union(_settings, {"growth": {"percent": 10}})
	size := object.union(_known(150 * _mb), {"previous": 100 * _mb})
	_found(size, settings, {}) == {["grew by 50 MB from 100 MB, 40 MB more than allowed", null]}
	_found(object.union(size, {"previous": null}), settings, {}) == set()
}

test_reports_a_base_that_is_over_before_the_build if {
	_found(_size("unknown", {"at_least": 500 * _mb}), _settings, {}) == {[
		"is at least 500 MB uncompressed before anything is added, 200 MB over the limit of 300 MB",
		null,
	]}
}

test_a_base_that_is_over_is_certain if {
	found := rule.violations with input as _input(_size("unknown", {"at_least": 500 * _mb}), _settings, {})
	{[each.certain, each.origin.line] | some each in found} == {[true, 1]}
}

test_warns_of_a_base_above_the_soft_limit if {
	settings := object.union(_settings, {"soft_uncompressed": 50 * _mb})
	_found(_size("unknown", {"at_least": 80 * _mb}), settings, {}) == {[
		"is at least 80 MB uncompressed before anything is added, 30 MB over the soft limit of 50 MB",
		"warn",
	]}
}

test_says_nothing_of_a_small_floor if _found(_size("unknown", {"at_least": 5 * _mb}), _settings, {}) == set()

test_doubts_a_size_that_is_not_there if {
	settings := object.union(_settings, {"compressed": 100 * _mb})
	_doubts(_known(5), settings) == {"the compressed size is not known"}
	_doubts(_known(5), _settings) == set()
}

test_names_the_largest_layer if {
	layers := [
		{"uncompressed": 10, "created_by": "small"},
		{"uncompressed": 400 * _mb, "created_by": "RUN big"},
		{"uncompressed": null, "created_by": null},
	]
	_fixes(object.union(_known(400 * _mb), {"layers": layers})) == {"The largest layer is 400 MB, made by: RUN big."}
	anonymous := [{"uncompressed": 400 * _mb, "created_by": null}]
	_fixes(object.union(_known(400 * _mb), {"layers": anonymous})) == {"The largest layer is 400 MB."}
}

test_says_how_without_layers if {
	_fixes(_known(400 * _mb)) == {"Build in one stage, and copy only what runs into a small base in the last."}
}

test_names_the_base_to_leave if {
	_fixes(_size("unknown", {"at_least": 500 * _mb})) == {concat("", [
		"Use docker.io/library/golang:1.23 only to build, ",
		"and copy what runs into a small base in the last stage.",
	])}
}

test_says_how_without_a_base if {
	nameless := json.remove(_input(_size("unknown", {"at_least": 500 * _mb}), _settings, {}), ["evidence/facts/base/reference"])
	found := rule.violations with input as nameless
	{each.fix | some each in found} == {"Build in one stage, and copy only what runs into a small base in the last."}
}
