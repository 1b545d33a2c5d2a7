package gate.rules["copy-rootfs_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-rootfs"] as rule

test_reports_of_a_stage if {
	rule.violations == {{"message": "all of another file system is copied", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["make install"], "commands": [fixture.command("make", ["install"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/", "/"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_reports_of_an_image if {
	rule.violations == {{"message": "all of another file system is copied", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--from=alpine:3.20"], "args": ["/", "/"], "source_image": "docker.io/library/alpine:3.20"}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_all_that_is_in_it if {
	rule.violations == {{"message": "all of another file system is copied", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/*", "/"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_into_a_folder if {
	rule.violations == {{"message": "all of another file system is copied", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/", "/rootfs/"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_what_is_needed if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/usr/local/bin/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_a_root_made_for_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["make DESTDIR=/rootfs install"], "commands": [fixture.command("make", ["DESTDIR=/rootfs", "install"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/rootfs", "/"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_the_context if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 2, {"args": ["/", "/"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "root", "config": {"workdir": null}}), fixture.stage(1, {"name": "build", "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=root"], "args": ["/", "/alpine"], "source_stage": 0})]}), fixture.stage(2, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 4, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 1}), fixture.instruction("USER", 6, {"args": ["65532:65532"]})]})])
}
