package gate.rules["run-privileged_test"]

import data.gate.lib.fixture
import data.gate.rules["run-privileged"] as rule

test_reports_insecure if {
	rule.violations == {{"message": "RUN --security=insecure has all rights on the build machine", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--security=insecure"], "args": ["mount -t tmpfs none /mnt"], "raw": "mount -t tmpfs none /mnt", "commands": [fixture.command("mount", ["-t", "tmpfs", "none", "/mnt"])]})]})])
}

test_reports_the_network_of_the_host if {
	rule.violations == {{"level": "warn", "message": "RUN --network=host reaches the services of the build machine", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--network=host"], "args": ["curl -fsS http://127.0.0.1:8080/artifact -o /artifact"], "raw": "curl -fsS http://127.0.0.1:8080/artifact -o /artifact", "commands": [fixture.command("curl", ["-fsS", "http://127.0.0.1:8080/artifact", "-o", "/artifact"])]})]})])
}

test_reports_both if {
	rule.violations == {{"level": "warn", "message": "RUN --network=host reaches the services of the build machine", "origin": fixture.at(2)}, {"message": "RUN --security=insecure has all rights on the build machine", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--security=insecure", "--network=host"], "args": ["./install"], "raw": "./install", "commands": [fixture.command("install", [])]})]})])
}

test_reports_in_a_builder if {
	rule.violations == {{"message": "RUN --security=insecure has all rights on the build machine", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--security=insecure"], "args": ["go test ./..."], "raw": "go test ./...", "commands": [fixture.command("go", ["test", "./..."])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "raw": "/api /api", "source_stage": 0})]})])
}

test_accepts_sandboxed if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--security=sandbox"], "args": ["./install"], "raw": "./install", "commands": [fixture.command("install", [])]})]})])
}

test_accepts_no_network if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--network=none"], "args": ["./install"], "raw": "./install", "commands": [fixture.command("install", [])]})]})])
}

test_accepts_a_mount if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--mount=type=bind,source=artifact,target=/artifact"], "mounts": [{"type": "bind", "target": "/artifact", "source": "artifact", "from": null, "stage": null, "reference": null, "id": null, "options": {}}], "args": ["cp /artifact /opt/"], "raw": "cp /artifact /opt/", "commands": [fixture.command("cp", ["/artifact", "/opt/"])]})]})])
}

test_accepts_a_stage_that_is_not_built if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "old", "reachable": false, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--security=insecure"], "args": ["./install"], "raw": "./install", "commands": [fixture.command("install", [])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"args": ["api", "/api"], "raw": "api /api"})]})])
}

test_reports_a_device if {
	rule.violations == {{"level": "warn", "message": "RUN --device=vendor.com/gpu=0 hands out a device of the build machine", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--device=vendor.com/gpu=0"], "args": ["./train"], "raw": "./train", "commands": [fixture.command("train", [])]})]})])
}
