package gate.rules["curl-not-add_test"]

import data.gate.lib.fixture
import data.gate.rules["curl-not-add"] as rule

test_reports_curl if {
	rule.violations == {{"message": "curl downloads https://example.org/api and nothing else is done with it", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["curl -fsSL https://example.org/api -o /usr/local/bin/api"], "commands": [fixture.command("curl", ["-fsSL", "https://example.org/api", "-o", "/usr/local/bin/api"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_wget if {
	rule.violations == {{"message": "wget downloads https://example.org/api and nothing else is done with it", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["wget -O /usr/local/bin/api https://example.org/api && chmod +x /usr/local/bin/api"], "commands": [fixture.command("wget", ["-O", "/usr/local/bin/api", "https://example.org/api"]), fixture.command("chmod", ["+x", "/usr/local/bin/api"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_into_a_folder if {
	rule.violations == {{"message": "curl downloads https://example.org/api and nothing else is done with it", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["mkdir -p /opt && cd /opt && curl -O https://example.org/api"], "commands": [fixture.command("mkdir", ["-p", "/opt"]), fixture.command("cd", ["/opt"]), fixture.command("curl", ["-O", "https://example.org/api"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_reports_over_http if {
	rule.violations == {{"message": "wget downloads http://example.org/api and nothing else is done with it", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["wget http://example.org/api"], "commands": [fixture.command("wget", ["http://example.org/api"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_add if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"flags": ["--checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d"], "args": ["https://example.org/api", "/api"]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_it_is_verified_and_unpacked if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["curl -fsSLO https://example.org/api.tgz && sha256sum -c sums && tar -xzf api.tgz"], "commands": [fixture.command("curl", ["-fsSLO", "https://example.org/api.tgz"]), fixture.command("sha256sum", ["-c", "sums"]), fixture.command("tar", ["-xzf", "api.tgz"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["curl -fsSL https://example.org/api -o /api"], "commands": [fixture.command("curl", ["-fsSL", "https://example.org/api", "-o", "/api"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_to_another_program if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["curl -fsSL https://example.org/key.asc | gpg --dearmor -o /usr/share/keyrings/acme.gpg"], "commands": [object.union(fixture.command("curl", ["-fsSL", "https://example.org/key.asc"]), {"piped_to": "gpg"}), fixture.command("gpg", ["--dearmor", "-o", "/usr/share/keyrings/acme.gpg"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}
