package gate.rules["setuid-setgid_test"]

import data.gate.lib.fixture
import data.gate.rules["setuid-setgid"] as rule

test_reports_in_numbers if {
	rule.violations == {{"message": "chmod 4755 makes a program set-user-ID", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod 4755 /usr/local/bin/tool"], "raw": "chmod 4755 /usr/local/bin/tool", "commands": [fixture.command("chmod", ["4755", "/usr/local/bin/tool"])]})]})])
}

test_reports_in_letters if {
	rule.violations == {{"message": "chmod u+s makes a program set-user-ID", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod u+s /usr/local/bin/tool"], "raw": "chmod u+s /usr/local/bin/tool", "commands": [fixture.command("chmod", ["u+s", "/usr/local/bin/tool"])]})]})])
}

test_reports_when_it_is_copied if {
	rule.violations == {{"message": "--chmod=4755 makes files set-user-ID or set-group-ID", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--chmod=4755"], "args": ["tool", "/usr/local/bin/tool"], "raw": "tool /usr/local/bin/tool"})]})])
}

test_reports_user_and_group if {
	rule.violations == {{"message": "chmod 6755 makes a program set-user-ID", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod -R 6755 /opt/tools"], "raw": "chmod -R 6755 /opt/tools", "commands": [fixture.command("chmod", ["-R", "6755", "/opt/tools"])]})]})])
}

test_accepts_the_bit_is_removed if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod u-s /usr/bin/su && chmod a-s /usr/bin/mount"], "raw": "chmod u-s /usr/bin/su && chmod a-s /usr/bin/mount", "commands": [fixture.command("chmod", ["u-s", "/usr/bin/su"]), fixture.command("chmod", ["a-s", "/usr/bin/mount"])]})]})])
}

test_accepts_a_folder_that_keeps_its_group if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod 2775 /data && chmod g+s /data"], "raw": "chmod 2775 /data && chmod g+s /data", "commands": [fixture.command("chmod", ["2775", "/data"]), fixture.command("chmod", ["g+s", "/data"])]})]})])
}

test_accepts_the_sticky_bit if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod 1777 /tmp/work"], "raw": "chmod 1777 /tmp/work", "commands": [fixture.command("chmod", ["1777", "/tmp/work"])]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "reachable": false, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["chmod u+s /usr/local/bin/tool"], "raw": "chmod u+s /usr/local/bin/tool", "commands": [fixture.command("chmod", ["u+s", "/usr/local/bin/tool"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"args": ["api", "/api"], "raw": "api /api"})]})])
}

test_accepts_common_modes if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"flags": ["--chmod=0755"], "args": ["api", "/api"], "raw": "api /api"}), fixture.instruction("RUN", 3, {"args": ["chmod +x /entry.sh && chmod 644 /etc/api.conf"], "raw": "chmod +x /entry.sh && chmod 644 /etc/api.conf", "commands": [fixture.command("chmod", ["+x", "/entry.sh"]), fixture.command("chmod", ["644", "/etc/api.conf"])]})]})])
}

_messages(commands) := {found.message | some found in violations} if {
	evidence := fixture.dockerfile([fixture.stage(0, {
		"target": true,
		"config": {"workdir": null},
		"instructions": [fixture.instruction("RUN", 2, {"commands": commands})],
	})])
	violations := rule.violations with input.evidence as evidence
}

test_accepts_folders if {
	made := fixture.command("mkdir", ["-p", "/work"])
	_messages([made, fixture.command("chmod", ["a+s", "/work", "/opt", "/new/"])]) == set()
	_messages([made, fixture.command("chmod", ["-R", "a+s", "/work"])]) == {"chmod a+s makes a program set-user-ID"}
	_messages([made, fixture.command("chmod", ["a+s", "/work", "/bin/tool"])]) == {"chmod a+s makes a program set-user-ID"}
	_messages([fixture.command("chmod", ["a+s", "/work"])]) == {"chmod a+s makes a program set-user-ID"}
}

test_reports_install if {
	said := {"install makes a program set-user-ID"}
	_installed(["-Dm4755", "a", "/b"]) == said
	_installed(["--mode=6755", "a", "/b"]) == said
	_installed(["-m", "0755", "a", "/b"]) == set()
}

_installed(args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command("install", args)])
}
