package gate.rules["copy-from-known_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-from-known"] as rule

test_reports_a_typing_error if {
	rule.violations == {{"message": "no stage above is called build: it is taken for the image docker.io/library/build", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "builder", "reachable": false, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["CGO_ENABLED=0 go build -o /api"], "commands": [object.union(fixture.command("go", ["build", "-o", "/api"]), {"env": {"CGO_ENABLED": "0"}})]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_image": "docker.io/library/build"}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_reports_an_image_without_a_tag if {
	rule.violations == {{"message": "no stage above is called nginx: it is taken for the image docker.io/library/nginx", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=nginx"], "args": ["/usr/sbin/nginx", "/usr/sbin/nginx"], "source_image": "docker.io/library/nginx"}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_a_stage_that_was_removed if {
	rule.violations == {{"message": "no stage above is called deps: it is taken for the image docker.io/library/deps", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=deps"], "args": ["/app/node_modules", "/app/node_modules"], "source_image": "docker.io/library/deps"}), fixture.instruction("USER", 3, {"args": ["1000"]})]})])
}

test_reports_two_of_them if {
	rule.violations == {{"message": "no stage above is called a: it is taken for the image docker.io/library/a", "origin": fixture.at(2)}, {"message": "no stage above is called b: it is taken for the image docker.io/library/b", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=a"], "args": ["/a", "/a"], "source_image": "docker.io/library/a"}), fixture.instruction("COPY", 3, {"flags": ["--from=b"], "args": ["/b", "/b"], "source_image": "docker.io/library/b"}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_a_stage if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_an_image_with_its_tag if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=nginx:1.27-alpine"], "args": ["/usr/sbin/nginx", "/usr/sbin/nginx"], "source_image": "docker.io/library/nginx:1.27-alpine"}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_a_stage_by_its_number if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=0"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_an_image_of_another_registry if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=ghcr.io/acme/api"], "args": ["/api", "/api"], "source_image": "ghcr.io/acme/api"}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}
