package gate.rules["user-unused_test"]

import data.gate.lib.fixture
import data.gate.rules["user-unused"] as rule

test_reports_useradd if {
	rule.violations == {{"message": "useradd creates a user, and no USER selects one", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd --uid 10001 app"], "commands": [fixture.command("useradd", ["--uid", "10001", "app"])]})]})])
}

test_reports_adduser if {
	rule.violations == {{"message": "adduser creates a user, and no USER selects one", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["adduser -D -u 10001 app"], "commands": [fixture.command("adduser", ["-D", "-u", "10001", "app"])]})]})])
}

test_reports_among_others if {
	rule.violations == {{"message": "useradd creates a user, and no USER selects one", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["groupadd app && useradd -g app app && mkdir /data"], "commands": [fixture.command("groupadd", ["app"]), fixture.command("useradd", ["-g", "app", "app"]), fixture.command("mkdir", ["/data"])]})]})])
}

test_reports_user_stands_in_the_builder_only if {
	rule.violations == {{"message": "useradd creates a user, and no USER selects one", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "reachable": false, "config": {"workdir": null}, "instructions": [fixture.instruction("USER", 2, {"args": ["65532"]})]}), fixture.stage(1, {"target": true, "line": 3, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 4, {"args": ["useradd --uid 10001 app"], "commands": [fixture.command("useradd", ["--uid", "10001", "app"])]})]})])
}

test_accepts_selected if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd --uid 10001 app"], "commands": [fixture.command("useradd", ["--uid", "10001", "app"])]}), fixture.instruction("USER", 3, {"args": ["10001:10001"]})]})])
}

test_accepts_an_entry_point_changes_to_it if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apk add --no-cache su-exec && adduser -D -u 10001 app"], "commands": [fixture.command("apk", ["add", "--no-cache", "su-exec"]), fixture.command("adduser", ["-D", "-u", "10001", "app"])]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["useradd --uid 10001 app"], "commands": [fixture.command("useradd", ["--uid", "10001", "app"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/etc/passwd", "/etc/passwd"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["10001"]})]})])
}

test_accepts_only_a_group if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["groupadd --gid 10001 app"], "commands": [fixture.command("groupadd", ["--gid", "10001", "app"])]}), fixture.instruction("USER", 3, {"args": ["10001:10001"]})]})])
}
