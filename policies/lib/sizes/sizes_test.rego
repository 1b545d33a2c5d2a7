package gate.lib.sizes_test

import data.gate.lib.sizes

_ml := {"regex": `^ghcr\.io/acme/ml\-[^/]*$`, "tags": [], "not_tags": []}

_settings := {"compressed": 100, "uncompressed": null, "budgets": [
	{"images": [_ml], "compressed": 900, "uncompressed": null},
	{"images": [_ml], "compressed": 800, "uncompressed": 2000},
]}

_limits(subject) := [limit | some limit in limits] if {
	limits := [sizes.limit(_settings, name) | some name in ["compressed", "uncompressed", "soft_compressed"]] with input.evidence.subject as subject
}

test_over_is_what_is_above_the_limit if {
	sizes.over(301, 300) == 1
	not sizes.over(300, 300)
}

test_nothing_is_over_without_a_size_or_a_limit if {
	none := null
	not sizes.over(none, 300)
	not sizes.over(300, none)
}

test_the_first_budget_that_matches_counts if {
	_limits({"image": "ghcr.io/acme/ml-train", "reference": null}) == [900, null, null]
	_limits({"image": null, "reference": "ghcr.io/acme/ml-train:1"}) == [900, null, null]
}

test_other_images_have_the_limits_of_the_settings if {
	_limits({"image": "ghcr.io/acme/api", "reference": null}) == [100, null, null]
	_limits({"image": null, "reference": null}) == [100, null, null]
}

_excess(bytes, limits) := excess if {
	settings := object.union({"uncompressed": null, "soft_uncompressed": null, "budgets": []}, limits)
	excess := sizes.excess(settings, "uncompressed", bytes) with input.evidence.subject as {"image": null, "reference": null}
}

test_the_soft_limit_counts_where_the_other_is_kept if {
	both := {"uncompressed": 300, "soft_uncompressed": 200}
	_excess(310, both) == {"limit": 300, "soft": false, "by": 10}
	_excess(300, both) == {"limit": 200, "soft": true, "by": 100}
	not _excess(200, both)
}

test_the_soft_limit_counts_where_there_is_no_other if {
	_excess(210, {"soft_uncompressed": 200}) == {"limit": 200, "soft": true, "by": 10}
	not _excess(210, {})
}

test_growth_is_allowed_in_bytes_or_in_percent if {
	sizes.growth({"bytes": 20}, 150) == 20
	sizes.growth({"percent": 10}, 155) == 15
}

test_growth_in_percent_needs_the_size_before if {
	none := null
	not sizes.growth({"percent": 10}, none)
	not sizes.growth(none, 150)
}

_largest(layers) := told if {
	told := sizes.largest_layer with input.evidence.facts.size.layers as layers
}

test_the_largest_layer_is_told_with_what_made_it if {
	small := {"uncompressed": 10, "created_by": "small"}
	unknown := {"uncompressed": null, "created_by": "RUN unknown"}
	_largest([small, {"uncompressed": 4000000, "created_by": "RUN big"}, unknown]) == "4 MB, made by: RUN big"
	_largest([small, {"uncompressed": 4000000, "created_by": null}, unknown]) == "4 MB"
}

test_without_sizes_no_layer_is_the_largest if {
	not _largest([{"uncompressed": null, "created_by": "RUN unknown"}])
	not _largest([])
}
