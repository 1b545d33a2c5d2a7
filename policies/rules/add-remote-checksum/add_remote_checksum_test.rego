package gate.rules["add-remote-checksum_test"]

import data.gate.lib.fixture
import data.gate.rules["add-remote-checksum"] as rule

test_reports_a_program if {
	rule.violations == {{"message": "https://example.org/api is added without a checksum", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["https://example.org/api", "/usr/local/bin/api"], "raw": "https://example.org/api /usr/local/bin/api"})]})])
}

test_reports_a_branch if {
	rule.violations == {{"message": "https://github.com/acme/api.git#main is added without a checksum", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["https://github.com/acme/api.git#main", "/src"], "raw": "https://github.com/acme/api.git#main /src"}), fixture.instruction("RUN", 3, {"args": ["CGO_ENABLED=0 go build -o /api"], "raw": "CGO_ENABLED=0 go build -o /api", "commands": [object.union(fixture.command("go", ["build", "-o", "/api"]), {"env": {"CGO_ENABLED": "0"}})]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 4, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "raw": "/api /api", "source_stage": 0})]})])
}

test_reports_over_ssh if {
	rule.violations == {{"message": "git@github.com:acme/api.git is added without a checksum", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["git@github.com:acme/api.git", "/src"], "raw": "git@github.com:acme/api.git /src"})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "raw": "/api /api", "source_stage": 0})]})])
}

test_reports_an_archive if {
	rule.violations == {{"message": "https://example.org/api-1.0.tar.gz is added without a checksum", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"flags": ["--chown=65532:65532"], "args": ["https://example.org/api-1.0.tar.gz", "/tmp/"], "raw": "https://example.org/api-1.0.tar.gz /tmp/"})]})])
}

test_accepts_with_its_checksum if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"flags": ["--checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d"], "args": ["https://example.org/api", "/usr/local/bin/api"], "raw": "https://example.org/api /usr/local/bin/api"})]})])
}

test_accepts_a_commit if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["https://github.com/acme/api.git#3a2c1f0e9d8b7a6c5f4e3d2c1b0a9f8e7d6c5b4a", "/src"], "raw": "https://github.com/acme/api.git#3a2c1f0e9d8b7a6c5f4e3d2c1b0a9f8e7d6c5b4a /src"})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "raw": "/api /api", "source_stage": 0})]})])
}

test_accepts_a_local_archive if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("ADD", 2, {"args": ["rootfs.tar.xz", "/"], "raw": "rootfs.tar.xz /"})]})])
}

test_accepts_a_stage_that_is_not_built if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "old", "reachable": false, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["https://example.org/api", "/api"], "raw": "https://example.org/api /api"})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"args": ["api", "/api"], "raw": "api /api"})]})])
}
