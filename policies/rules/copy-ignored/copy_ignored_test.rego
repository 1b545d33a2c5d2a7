package gate.rules["copy-ignored_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-ignored"] as rule

test_reports_a_folder if {
	rule.violations == {{"message": "dist is kept out by dist of .dockerignore", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["dist", "/app/"]}), fixture.instruction("USER", 3, {"args": ["1000"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": [".git", "dist"]}}})
}

test_reports_a_file_in_it if {
	rule.violations == {{"message": "./dist/server.js is kept out by dist of .dockerignore", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["./dist/server.js", "/app/"]}), fixture.instruction("USER", 3, {"args": ["1000"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["dist"]}}})
}

test_reports_by_its_ending if {
	rule.violations == {{"message": "README.md is kept out by *.md of .dockerignore", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["README.md", "/app/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["*.md"]}}})
}

test_reports_by_its_ending_anywhere if {
	rule.violations == {{"message": "docs/README.md is kept out by **/*.md of .dockerignore", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["docs/README.md", "/app/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["**/*.md"]}}})
}

test_accepts_another_name if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["distribution", "/app/"]}), fixture.instruction("USER", 3, {"args": ["1000"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["dist"]}}})
}

test_accepts_let_in_again if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["dist/server.js", "/app/"]}), fixture.instruction("USER", 3, {"args": ["1000"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["dist", "!dist/server.js"]}}})
}

test_accepts_only_above if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["docs/README.md", "/app/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["*.md"]}}})
}

test_accepts_from_a_stage if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["dist", "/app/"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["1000"]})]})]), {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["dist"]}}})
}

test_reports_everything if {
	copied := fixture.single([fixture.instruction("COPY", 2, {"args": [".", "/app"]})])
	evidence := object.union(copied, {"dockerfile": {"ignore": {"path": ".dockerignore", "patterns": ["**"]}}})
	found := rule.violations with input.evidence as evidence
	{each.message | some each in found} == {"everything is kept out by ** of .dockerignore"}
}
