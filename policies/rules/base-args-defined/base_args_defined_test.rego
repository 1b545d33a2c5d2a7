package gate.rules["base-args-defined_test"]

import data.gate.lib.fixture
import data.gate.rules["base-args-defined"] as rule

test_reports_not_declared if {
	rule.violations == {{"message": "FROM alpine:3${SUFFIX}: SUFFIX is not declared", "origin": fixture.at(1)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3", "stage": null, "raw": "alpine:3${SUFFIX}"}, "target": true})]), {"dockerfile": {"arguments": []}})
}

test_reports_declared_inside_a_stage if {
	rule.violations == {{"message": "FROM golang:1.23${VARIANT}: VARIANT is not declared", "origin": fixture.at(1)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null, "raw": "golang:1.23${VARIANT}"}, "name": "build"}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null, "raw": "scratch"}, "target": true, "line": 4})]), {"dockerfile": {"arguments": []}})
}

test_reports_without_a_default if {
	rule.violations == {{"message": "FROM alpine:$SUFFIX: ARG SUFFIX has no default", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "alpine:$SUFFIX"}, "target": true, "line": 2})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"pairs": [["SUFFIX", null]]})]}})
}

test_reports_with_an_empty_default if {
	rule.violations == {{"message": "FROM ${SUFFIX}: ARG SUFFIX has no default", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "${SUFFIX}"}, "target": true, "line": 2})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"pairs": [["SUFFIX", ""]]})]}})
}

test_accepts_with_a_default if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "alpine:${TAG}"}, "target": true, "line": 2})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "TAG=3.20", "pairs": [["TAG", "3.20"]]})]}})
}

test_accepts_a_default_in_place if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "alpine:${TAG:-3.20}"}, "target": true, "line": 2})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"pairs": [["TAG", null]]})]}})
}

test_accepts_no_variable if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "alpine:3.20"}, "target": true})]), {"dockerfile": {"arguments": []}})
}

test_accepts_what_buildkit_sets if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "alpine:3.20"}, "name": "linux"}), fixture.stage(1, {"base": {"reference": null, "stage": 0, "raw": "${TARGETOS}"}, "target": true, "line": 2})]), {"dockerfile": {"arguments": []}})
}

test_accepts_a_part_that_may_be_left_out if {
	base := {"reference": "docker.io/library/alpine:3.20", "stage": null, "raw": "alpine:3.20$SUFFIX"}
	argument := fixture.instruction("ARG", 1, {"raw": "SUFFIX", "pairs": [["SUFFIX", null]]})
	evidence := fixture.dockerfile([fixture.stage(0, {"base": base, "target": true, "line": 2})])
	rule.violations == set() with input.evidence as object.union(evidence, {"dockerfile": {"arguments": [argument]}})
}
