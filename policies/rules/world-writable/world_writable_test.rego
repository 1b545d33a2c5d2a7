package gate.rules["world-writable_test"]

import data.gate.lib.fixture
import data.gate.rules["world-writable"] as rule

test_reports_mode_777 if {
	rule.violations == {{"message": "chmod 777 lets everyone write", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod -R 777 /app"], "raw": "chmod -R 777 /app", "commands": [fixture.command("chmod", ["-R", "777", "/app"])]})]})])
}

test_reports_letters if {
	rule.violations == {{"message": "chmod a+rwx lets everyone write", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["mkdir /data && chmod a+rwx /data"], "raw": "mkdir /data && chmod a+rwx /data", "commands": [fixture.command("mkdir", ["/data"]), fixture.command("chmod", ["a+rwx", "/data"])]})]})])
}

test_reports_when_it_is_copied if {
	rule.violations == {{"message": "--chmod=0777 lets everyone write", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--chmod=0777"], "args": ["entry.sh", "/entry.sh"], "raw": "entry.sh /entry.sh"})]})])
}

test_reports_mode_666 if {
	rule.violations == {{"message": "chmod 0666 lets everyone write", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod 0666 /etc/api.conf"], "raw": "chmod 0666 /etc/api.conf", "commands": [fixture.command("chmod", ["0666", "/etc/api.conf"])]})]})])
}

test_accepts_an_owner_instead if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--chown=65532:65532", "--chmod=0755"], "args": ["entry.sh", "/entry.sh"], "raw": "entry.sh /entry.sh"})]})])
}

test_accepts_the_group_of_arbitrary_users if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chgrp -R 0 /data && chmod -R g=u /data"], "raw": "chgrp -R 0 /data && chmod -R g=u /data", "commands": [fixture.command("chgrp", ["-R", "0", "/data"]), fixture.command("chmod", ["-R", "g=u", "/data"])]})]})])
}

test_accepts_sticky_as_tmp_is if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod 1777 /scratch"], "raw": "chmod 1777 /scratch", "commands": [fixture.command("chmod", ["1777", "/scratch"])]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod -R 777 /go"], "raw": "chmod -R 777 /go", "commands": [fixture.command("chmod", ["-R", "777", "/go"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "raw": "/api /api", "source_stage": 0})]})])
}
