package gate.rules["copy-from-empty_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-from-empty"] as rule

test_reports_nothing_but_from if {
	rule.violations == {{"message": "stage files is empty", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "files", "config": {"workdir": "/"}}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=files"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_only_settings if {
	rule.violations == {{"message": "stage files is empty", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "files", "config": {"workdir": "/"}, "instructions": [fixture.instruction("ENV", 2, {"pairs": [["A", "1"]]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 3, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=files"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_reports_by_its_number if {
	rule.violations == {{"message": "stage 0 is empty", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "config": {"workdir": "/"}}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=0"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_reports_twice if {
	rule.violations == {{"message": "stage files is empty", "origin": fixture.at(3)}, {"message": "stage files is empty", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "files", "config": {"workdir": "/"}}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=files"], "args": ["/a", "/a"], "source_stage": 0}), fixture.instruction("COPY", 4, {"flags": ["--from=files"], "args": ["/b", "/b"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_files_are_copied_into_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "files", "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api", "/api"]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 3, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=files"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_an_archive_is_unpacked if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "files", "config": {"workdir": "/"}, "instructions": [fixture.instruction("ADD", 2, {"args": ["rootfs.tar.xz", "/"]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 3, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=files"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_an_image if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "files", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 2, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=files"], "args": ["/bin/busybox", "/busybox"], "source_stage": 0}), fixture.instruction("USER", 4, {"args": ["65532:65532"]})]})])
}

test_accepts_nothing_is_copied_from_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "name": "empty", "reachable": false, "config": {"workdir": "/"}}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_a_base_by_argument if {
	empty := fixture.stage(0, {"base": {"reference": "scratch", "stage": null, "raw": "$SOURCES"}, "name": "sources"})
	copy := fixture.instruction("COPY", 3, {"flags": ["--from=sources"], "args": ["/", "/src"], "source_stage": 0})
	last := fixture.stage(1, {"target": true, "line": 2, "instructions": [copy]})
	rule.violations == set() with input.evidence as fixture.dockerfile([empty, last])
}
