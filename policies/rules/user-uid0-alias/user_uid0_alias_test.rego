package gate.rules["user-uid0-alias_test"]

import data.gate.lib.fixture
import data.gate.rules["user-uid0-alias"] as rule

test_reports_useradd if {
	rule.violations == {{"message": "useradd gives a user uid 0", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd -o -u 0 toor"], "raw": "useradd -o -u 0 toor", "commands": [fixture.command("useradd", ["-o", "-u", "0", "toor"])]})]})])
}

test_reports_adduser if {
	rule.violations == {{"message": "adduser gives a user uid 0", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["adduser -D --uid=0 toor"], "raw": "adduser -D --uid=0 toor", "commands": [fixture.command("adduser", ["-D", "--uid=0", "toor"])]})]})])
}

test_reports_usermod if {
	rule.violations == {{"message": "usermod gives a user uid 0", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd app && usermod -o -u 0 app"], "raw": "useradd app && usermod -o -u 0 app", "commands": [fixture.command("useradd", ["app"]), fixture.command("usermod", ["-o", "-u", "0", "app"])]})]})])
}

test_reports_a_line_of_passwd if {
	rule.violations == {{"message": "a line with uid 0 is written to /etc/passwd", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["echo \"toor:x:0:0::/root:/bin/sh\" >> /etc/passwd"], "raw": "echo \"toor:x:0:0::/root:/bin/sh\" >> /etc/passwd", "commands": [object.union(fixture.command("echo", ["toor:x:0:0::/root:/bin/sh"]), {"redirects": [">> /etc/passwd"]})]})]})])
}

test_accepts_a_uid_of_its_own if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd --uid 10001 app"], "raw": "useradd --uid 10001 app", "commands": [fixture.command("useradd", ["--uid", "10001", "app"])]})]})])
}

test_accepts_group_0_as_openshift_wants_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd --uid 10001 --gid 0 app"], "raw": "useradd --uid 10001 --gid 0 app", "commands": [fixture.command("useradd", ["--uid", "10001", "--gid", "0", "app"])]})]})])
}

test_accepts_a_passwd_with_root_in_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["echo \"nobody:x:65534:65534:nobody:/:\" > /etc/passwd"], "raw": "echo \"nobody:x:65534:65534:nobody:/:\" > /etc/passwd", "commands": [object.union(fixture.command("echo", ["nobody:x:65534:65534:nobody:/:"]), {"redirects": ["> /etc/passwd"]})]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/etc/passwd", "/etc/passwd"], "raw": "/etc/passwd /etc/passwd", "source_stage": 0})]})])
}

test_accepts_a_line_for_another_user if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["echo \"app:x:10001:0::/:/sbin/nologin\" >> /etc/passwd"], "raw": "echo \"app:x:10001:0::/:/sbin/nologin\" >> /etc/passwd", "commands": [object.union(fixture.command("echo", ["app:x:10001:0::/:/sbin/nologin"]), {"redirects": [">> /etc/passwd"]})]})]})])
}
