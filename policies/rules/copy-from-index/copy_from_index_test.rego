package gate.rules["copy-from-index_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-from-index"] as rule

test_reports_the_first_stage if {
	rule.violations == {{"message": "stage 0 is meant by its number", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=0"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_though_it_has_a_name if {
	rule.violations == {{"message": "stage 0 is meant by its number", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=0"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_the_second if {
	rule.violations == {{"message": "stage 1 is meant by its number", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "reachable": false, "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "line": 2, "config": {"workdir": null}}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=1"], "args": ["/web", "/web"], "source_stage": 1}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_reports_both if {
	rule.violations == {{"message": "stage 0 is meant by its number", "origin": fixture.at(4)}, {"message": "stage 1 is meant by its number", "origin": fixture.at(5)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "line": 2, "config": {"workdir": null}}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=0"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("COPY", 5, {"flags": ["--from=1"], "args": ["/web", "/web"], "source_stage": 1}), fixture.instruction("USER", 6, {"args": ["65532:65532"]})]})])
}

test_accepts_by_its_name if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_a_name_with_a_number if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "stage0", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=stage0"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_an_image if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=nginx:1.27-alpine"], "args": ["/usr/sbin/nginx", "/usr/sbin/nginx"], "source_image": "docker.io/library/nginx:1.27-alpine"}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_the_context if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api", "/api"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}
