package gate.rules["minimal-base_test"]

import data.gate.lib.fixture
import data.gate.rules["minimal-base"] as rule

test_reports_python if {
	rule.violations == {{"message": "docker.io/library/python:3.12 has smaller variants", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12", "stage": null, "registry": "docker.io", "repository": "library/python", "tag": "3.12"}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["65532:65532"]})]})])
}

test_reports_node if {
	rule.violations == {{"message": "docker.io/library/node:22 has smaller variants", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22", "stage": null, "registry": "docker.io", "repository": "library/node", "tag": "22"}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["1000"]})]})])
}

test_reports_debian if {
	rule.violations == {{"message": "docker.io/library/debian:12 has smaller variants", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/debian:12", "stage": null, "registry": "docker.io", "repository": "library/debian", "tag": "12"}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["65532:65532"]})]})])
}

test_reports_in_a_stage_that_the_image_is_built_on if {
	rule.violations == {{"message": "docker.io/library/ruby:3.3 has smaller variants", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/ruby:3.3", "stage": null, "registry": "docker.io", "repository": "library/ruby", "tag": "3.3"}, "name": "base", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": null, "stage": 0, "registry": null, "repository": null, "tag": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_slim if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null, "registry": "docker.io", "repository": "library/python", "tag": "3.12-slim"}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["65532:65532"]})]})])
}

test_accepts_alpine if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null, "registry": "docker.io", "repository": "library/node", "tag": "22-alpine"}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["1000"]})]})])
}

test_accepts_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12", "stage": null, "registry": "docker.io", "repository": "library/python", "tag": "3.12"}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null, "registry": "docker.io", "repository": "library/python", "tag": "3.12-slim"}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/opt/venv", "/opt/venv"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_distroless if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "gcr.io/distroless/static-debian12:nonroot", "stage": null, "registry": "gcr.io", "repository": "distroless/static-debian12", "tag": "nonroot"}, "target": true, "config": {"workdir": null}})])
}

_untagged(digest) := {found.message | some found in violations} if {
	base := {"reference": "docker.io/library/python", "stage": null, "registry": "docker.io", "repository": "library/python", "tag": null, "digest": digest}
	violations := rule.violations with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": base, "target": true})])
}

test_takes_no_tag_for_latest if {
	_untagged(null) == {"docker.io/library/python has smaller variants"}
	_untagged("sha256:00") == set()
}
