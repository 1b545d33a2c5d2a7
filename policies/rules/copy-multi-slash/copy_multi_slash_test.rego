package gate.rules["copy-multi-slash_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-multi-slash"] as rule

test_reports_two_files if {
	rule.violations == {{"message": "2 sources go to /etc/api, which does not end with /", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["a.conf", "b.conf", "/etc/api"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_a_comment_that_is_none if {
	rule.violations == {{"fix": "Put the comment on a line of its own.", "message": "# starts no comment here: it and the words after it are sources, and the last word is the target", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": [".", ".", "#", "everything"]}), fixture.instruction("USER", 4, {"args": ["1000"]})]})])
}

test_reports_add if {
	rule.violations == {{"message": "2 sources go to /opt, which does not end with /", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["a.tar", "b.tar", "/opt"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_in_json if {
	rule.violations == {{"message": "2 sources go to /etc/api, which does not end with /", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["a b", "c", "/etc/api"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_a_folder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["a.conf", "b.conf", "/etc/api/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_the_working_directory if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["a", "b", "."]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_one_file if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.conf", "/etc/api.conf"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_a_pattern if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["*.conf", "/etc/api/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}
