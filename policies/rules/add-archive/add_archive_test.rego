package gate.rules["add-archive_test"]

import data.gate.lib.fixture
import data.gate.rules["add-archive"] as rule

test_reports_tar if {
	rule.violations == {{"message": "api.tar.gz is copied, and unpacked by RUN tar", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.tar.gz", "/tmp/"]}), fixture.instruction("RUN", 3, {"args": ["tar -xzf /tmp/api.tar.gz -C /opt"], "commands": [fixture.command("tar", ["-xzf", "/tmp/api.tar.gz", "-C", "/opt"])]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_without_a_dash if {
	rule.violations == {{"message": "api.tgz is copied, and unpacked by RUN tar", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.tgz", "/tmp/"]}), fixture.instruction("RUN", 3, {"args": ["tar xzf /tmp/api.tgz -C /opt && rm /tmp/api.tgz"], "commands": [fixture.command("tar", ["xzf", "/tmp/api.tgz", "-C", "/opt"]), fixture.command("rm", ["/tmp/api.tgz"])]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_a_long_option if {
	rule.violations == {{"message": "dist/api.tar is copied, and unpacked by RUN tar", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["dist/api.tar", "/tmp/api.tar"]}), fixture.instruction("RUN", 3, {"args": ["tar --extract --file /tmp/api.tar"], "commands": [fixture.command("tar", ["--extract", "--file", "/tmp/api.tar"])]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_several if {
	rule.violations == {{"message": "a.tar.xz is copied, and unpacked by RUN tar", "origin": fixture.at(2)}, {"message": "b.tar.xz is copied, and unpacked by RUN tar", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["a.tar.xz", "b.tar.xz", "/tmp/"]}), fixture.instruction("RUN", 3, {"args": ["tar -xf /tmp/a.tar.xz && tar -xf /tmp/b.tar.xz"], "commands": [fixture.command("tar", ["-xf", "/tmp/a.tar.xz"]), fixture.command("tar", ["-xf", "/tmp/b.tar.xz"])]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_add if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["api.tar.gz", "/opt/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_it_stays_an_archive if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.tar.gz", "/srv/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_another_archive if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.tar.gz", "/srv/"]}), fixture.instruction("RUN", 3, {"args": ["tar -xzf /tmp/other.tgz"], "commands": [fixture.command("tar", ["-xzf", "/tmp/other.tgz"])]}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.tar.gz", "/tmp/"]}), fixture.instruction("RUN", 3, {"args": ["tar -xzf /tmp/api.tar.gz"], "commands": [fixture.command("tar", ["-xzf", "/tmp/api.tar.gz"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 4, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 6, {"args": ["65532:65532"]})]})])
}
