package gate.rules["stage-unique_test"]

import data.gate.lib.fixture
import data.gate.rules["stage-unique"] as rule

test_reports_twice if {
	rule.violations == {{"message": "there is an earlier stage build on line 1", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "reachable": false}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "name": "build", "line": 2}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3})])
}

test_reports_in_another_case if {
	rule.violations == {{"message": "there is an earlier stage build on line 1", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "reachable": false}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "name": "build", "line": 2}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3})])
}

test_reports_three_of_them if {
	rule.violations == {{"message": "there is an earlier stage a on line 1", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "a", "reachable": false}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "name": "b", "line": 2}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "name": "a", "target": true, "line": 3})])
}

test_reports_built_on_itself if {
	rule.violations == {{"message": "there is an earlier stage app on line 1", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "app"}), fixture.stage(1, {"base": {"reference": null, "stage": 0}, "name": "app", "target": true, "line": 2})])
}

test_accepts_names_of_their_own if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "backend"}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "name": "frontend", "line": 2}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3})])
}

test_accepts_no_names if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2})])
}

test_accepts_one_stage if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "app", "target": true})])
}

test_accepts_the_name_of_an_image if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "alpine"}), fixture.stage(1, {"base": {"reference": null, "stage": 0}, "target": true, "line": 2})])
}
