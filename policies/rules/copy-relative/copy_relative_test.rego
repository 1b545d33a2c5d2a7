package gate.rules["copy-relative_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-relative"] as rule

test_reports_a_file if {
	rule.violations == {{"message": "./api is relative, and only the base image says to what", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api", "./api"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_everything if {
	rule.violations == {{"message": ". is relative, and only the base image says to what", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".", "."]}), fixture.instruction("RUN", 3, {"args": ["npm ci"], "commands": [fixture.command("npm", ["ci"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/nodejs22-debian12:nonroot", "stage": null}, "target": true, "line": 4, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/dist", "/app"], "source_stage": 0})]})])
}

test_reports_workdir_comes_too_late if {
	rule.violations == {{"message": "bin/ is relative, and only the base image says to what", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": "/app"}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api", "bin/"]}), fixture.instruction("WORKDIR", 3, {"args": ["/app"]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_add if {
	rule.violations == {{"message": ". is relative, and only the base image says to what", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["files.tar.gz", "."]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_workdir_before_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["api", "./api"]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_an_absolute_target if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api", "/app/api"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_set_in_the_stage_below if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "base", "config": {"workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]})]}), fixture.stage(1, {"base": {"reference": null, "stage": 0}, "target": true, "line": 3, "config": {"workdir": "/app"}, "instructions": [fixture.instruction("COPY", 4, {"args": ["api", "./api"]}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_scratch_starts_at if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api", "./"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_later_in_the_stage_below if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "base", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["true"], "commands": [fixture.command("true", [])]}), fixture.instruction("WORKDIR", 3, {"args": [""]})]}), fixture.stage(1, {"base": {"reference": null, "stage": 0}, "target": true, "line": 4, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"args": ["api", "./api"]})]})])
}
