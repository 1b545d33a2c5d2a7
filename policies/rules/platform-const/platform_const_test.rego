package gate.rules["platform-const_test"]

import data.gate.lib.fixture
import data.gate.rules["platform-const"] as rule

test_reports_amd64_for_everyone if {
	rule.violations == {{"message": "--platform=linux/amd64 holds for every build", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform_raw": "linux/amd64"}, "target": true})])
}

test_reports_arm64 if {
	rule.violations == {{"message": "--platform=arm64 holds for every build", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null, "platform_raw": "arm64"}, "name": "build"}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null, "platform_raw": null}, "target": true, "line": 3})])
}

test_reports_what_from_does_anyway if {
	rule.violations == {{"message": "--platform=$TARGETPLATFORM is what FROM does anyway", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform_raw": "$TARGETPLATFORM"}, "target": true})])
}

test_reports_in_braces if {
	rule.violations == {{"message": "--platform=$TARGETPLATFORM is what FROM does anyway", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform_raw": "${TARGETPLATFORM}"}, "name": "final", "target": true})])
}

test_accepts_no_platform if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform_raw": null}, "target": true})])
}

test_accepts_a_builder_that_cross_compiles if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null, "platform_raw": "$BUILDPLATFORM"}, "name": "build"}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null, "platform_raw": null}, "target": true, "line": 4})])
}

test_accepts_an_argument if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform_raw": "$PLATFORM"}, "target": true, "line": 2})])
}

test_accepts_a_stage_for_one_architecture if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform_raw": "linux/amd64"}, "name": "base_amd64"}), fixture.stage(1, {"base": {"reference": null, "stage": 0, "platform_raw": null}, "target": true, "line": 2})])
}
