package gate.rules["wasted-space_test"]

import data.gate.rules["wasted-space"] as rule

_layer(digest, diff_id, wasted, author) := {"digest": digest, "diff_id": diff_id, "wasted": wasted, "created_by": author}

_input(wasted, layers) := {
	"evidence": {"facts": {"size": {"state": "known", "wasted": wasted, "layers": layers}}},
	"parameters": {"wasted-space": {"most": 20000000}},
}

_found(wasted, layers) := {[found.message, object.get(found, ["origin", "digest"], null)] | some found in found_} if {
	found_ := rule.violations with input as _input(wasted, layers)
}

test_accepts_the_limit_itself if _found(20000000, []) == set()

test_reports_more_and_the_layer_that_holds_most if {
	layers := [_layer("sha256:a", null, 1, "small"), _layer(null, "sha256:b", 30000000, "RUN big"), _layer("sha256:c", null, null, null)]
	_found(30000001, layers) == {["carries 30 MB that later layers hide, mostly in the layer made by: RUN big", "sha256:b"]}
}

test_reports_without_layers_or_authors if {
	_found(30000000, []) == {["carries 30 MB that later layers hide", null]}
	_found(30000000, [_layer(null, null, 30000000, null)]) == {["carries 30 MB that later layers hide", null]}
}

test_doubts_what_is_not_known if {
	found := rule.undecided with input as _input(null, [])
	{each.message | some each in found} == {"how much later layers hide is not known"}
	none := rule.undecided with input as _input(0, [])
	none == set()
}
