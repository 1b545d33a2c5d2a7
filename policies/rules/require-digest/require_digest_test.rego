package gate.rules["require-digest_test"]

import data.gate.rules["require-digest"] as rule

_origin := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0/image", "line": 7}

_input(workload, digest) := {"evidence": {
	"kind": "container",
	"subject": {"digest": digest},
	"workload": object.union({"role": "container", "image_origin": _origin, "pull_policy": null}, workload),
}}

_tag(resolved) := {
	"origin": _origin,
	"message": sprintf("the image acme/api:1 is named by tag, which can change%s", [resolved]),
}

test_reports_a_tag if {
	found := rule.violations with input as _input({"image": "acme/api:1", "pinned": false}, null)
	found == {_tag("")}
}

test_reports_a_tag_and_what_it_is_now if {
	found := {_tag(" (now sha256:ab)")}
	rule.violations == found with input as _input({"image": "acme/api:1", "pinned": false}, "sha256:ab")
}

test_reports_that_a_node_may_run_an_older_image if {
	older := {
		"origin": _origin,
		"message": "with imagePullPolicy IfNotPresent a node may run an older image of the same tag",
		"fix": "Name the image by digest, or set `imagePullPolicy: Always`.",
	}
	workload := {"image": "acme/api:1", "pinned": false, "pull_policy": "IfNotPresent"}
	found := rule.violations with input as _input(workload, null)
	found == {_tag(""), older}
}

test_accepts_a_digest if {
	rule.violations == set() with input as _input({"image": "acme/api@sha256:ab", "pinned": true}, "sha256:ab")
}

test_accepts_a_template_without_an_image if {
	rule.violations == set() with input as _input({"image": null, "pinned": false}, null)
}
