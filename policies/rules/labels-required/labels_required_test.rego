package gate.rules["labels-required_test"]

import data.gate.rules["labels-required"] as rule

_found(labels, annotations) := {found.message | some found in found_} if {
	found_ := rule.violations with input as {
		"evidence": {"image": {"config": {"config": {"Labels": labels}}, "annotations": annotations}},
		"parameters": {"labels-required": {"labels": ["owner", "source"]}},
	}
}

test_accepts_labels_and_annotations if _found({"owner": "shop"}, {"source": "https://a.example"}) == set()

test_reports_what_is_missing_or_empty if {
	_found({"owner": ""}, {}) == {"the label owner is missing", "the label source is missing"}
	_found({}, {"owner": "shop"}) == {"the label source is missing"}
}

test_reports_where_there_are_none if {
	found := rule.violations with input as {
		"evidence": {"image": {"config": {}, "annotations": {}}},
		"parameters": {"labels-required": {"labels": ["owner"]}},
	}
	{each.message | some each in found} == {"the label owner is missing"}
}
