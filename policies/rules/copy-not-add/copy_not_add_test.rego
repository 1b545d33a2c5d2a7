package gate.rules["copy-not-add_test"]

import data.gate.lib.fixture
import data.gate.rules["copy-not-add"] as rule

test_reports_a_folder if {
	rule.violations == {{"message": "ADD src/ only copies", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["src/", "/app/"], "raw": "src/ /app/"})]})])
}

test_reports_files if {
	rule.violations == {{"message": "ADD main.py settings.toml only copies", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["main.py", "settings.toml", "/app/"], "raw": "main.py settings.toml /app/"})]})])
}

test_reports_everything if {
	rule.violations == {{"message": "ADD . only copies", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": [".", "/app"], "raw": ". /app"})]})])
}

test_reports_with_an_owner if {
	rule.violations == {{"message": "ADD api.conf only copies", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"flags": ["--chown=65532:65532"], "args": ["api.conf", "/etc/api.conf"], "raw": "api.conf /etc/api.conf"})]})])
}

test_reports_a_zip_file_is_not_unpacked if {
	rule.violations == {{"message": "ADD api.zip only copies", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["api.zip", "/tmp/"], "raw": "api.zip /tmp/"})]})])
}

test_accepts_copy if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["src/", "/app/"], "raw": "src/ /app/"})]})])
}

test_accepts_an_archive_is_unpacked if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("ADD", 2, {"args": ["rootfs.tar.xz", "/"], "raw": "rootfs.tar.xz /"})]})])
}

test_accepts_an_address if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"flags": ["--checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d"], "args": ["https://example.org/api", "/usr/local/bin/api"], "raw": "https://example.org/api /usr/local/bin/api"})]})])
}

test_accepts_a_name_that_only_the_build_knows if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null}, "target": true, "config": {"workdir": "/"}, "instructions": [fixture.instruction("ARG", 2, {"raw": "ARCHIVE", "pairs": [["ARCHIVE", null]]}), fixture.instruction("ADD", 3, {"args": ["", "/"], "raw": "${ARCHIVE} /", "unresolved": ["ARCHIVE"]})]})])
}
