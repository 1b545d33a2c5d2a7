package gate.rules["copy-chown_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-chown"] as rule

test_reports_after_user if {
	rule.violations == {{"fix": "Say who owns them, `COPY --chown=1000`; or copy before USER where they are only read.", "message": "these files belong to root, not to 1000", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["1000"]}), fixture.instruction("COPY", 3, {"args": ["src", "/app/src"]})]})])
}

test_reports_by_name if {
	rule.violations == {{"fix": "Say who owns them, `COPY --chown=node`; or copy before USER where they are only read.", "message": "these files belong to root, not to node", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["node"]}), fixture.instruction("COPY", 3, {"flags": ["--chmod=0755"], "args": ["entry.sh", "/entry.sh"]})]})])
}

test_reports_from_a_stage if {
	rule.violations == {{"fix": "Say who owns them, `COPY --chown=65532:65532`; or copy before USER where they are only read.", "message": "these files belong to root, not to 65532:65532", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 3, {"args": ["65532:65532"]}), fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0})]})])
}

test_reports_the_last_user_counts if {
	rule.violations == {{"fix": "Say who owns them, `ADD --chown=65532`; or copy before USER where they are only read.", "message": "these files belong to root, not to 65532", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["root"]}), fixture.instruction("USER", 3, {"args": ["65532"]}), fixture.instruction("ADD", 4, {"args": ["files.tar.gz", "/app/"]})]})])
}

test_accepts_with_an_owner if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["1000"]}), fixture.instruction("COPY", 3, {"flags": ["--chown=1000:1000"], "args": ["src", "/app/src"]})]})])
}

test_accepts_before_user if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["src", "/app/src"]}), fixture.instruction("USER", 3, {"args": ["1000"]})]})])
}

test_accepts_after_root if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["0:0"]}), fixture.instruction("COPY", 3, {"args": ["src", "/app/src"]}), fixture.instruction("USER", 4, {"args": ["1000"]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["node"]}), fixture.instruction("COPY", 3, {"args": [".", "/app"]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "line": 4, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/app/dist", "/app"], "source_stage": 0}), fixture.instruction("USER", 6, {"args": ["1000"]})]})])
}
