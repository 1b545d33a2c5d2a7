package gate.rules["stage-name_test"]

import data.gate.lib.fixture
import data.gate.rules["stage-name"] as rule

test_reports_scratch if {
	rule.violations == {{"message": "stage scratch has a name that means something else", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "scratch"}), fixture.stage(1, {"base": {"reference": null, "stage": 0}, "target": true, "line": 2})])
}

test_reports_context if {
	rule.violations == {{"message": "stage context has a name that means something else", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "context"}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2})])
}

test_reports_in_upper_case if {
	rule.violations == {{"message": "stage scratch has a name that means something else", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "scratch", "reachable": false}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2})])
}

test_reports_the_last_stage if {
	rule.violations == {{"message": "stage context has a name that means something else", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "context", "target": true})])
}

test_accepts_another_name if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "build"}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2})])
}

test_accepts_no_name if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true})])
}

test_accepts_a_name_that_holds_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "from-scratch", "target": true})])
}

test_accepts_scratch_itself if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "final", "target": true})])
}

test_reports_capitals if {
	stage := fixture.stage(0, {"name": "build", "target": true, "keywords": ["FROM", "AS", "Build"]})
	found := rule.violations with input.evidence as fixture.dockerfile([stage])
	{each.message | some each in found} == {"the stage Build is not in lower case"}
}
