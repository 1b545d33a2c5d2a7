package gate.rules["package-manager-in-final_test"]

import data.gate.lib.fixture
import data.gate.rules["package-manager-in-final"] as rule

test_reports_beside_a_builder if {
	rule.violations == {{"message": "apk installs tzdata into the image that ships", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["CGO_ENABLED=0 go build -o /api"], "commands": [object.union(fixture.command("go", ["build", "-o", "/api"]), {"env": {"CGO_ENABLED": "0"}})]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "line": 3, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 4, {"args": ["apk add --no-cache tzdata"], "commands": [fixture.command("apk", ["add", "--no-cache", "tzdata"])]}), fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 6, {"args": ["65532:65532"]})]})])
}

test_reports_apt_get if {
	rule.violations == {{"message": "apt-get installs curl into the image that ships", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/node:22-slim", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 3, {"args": ["apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "curl"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]}), fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/app", "/app"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["1000"]})]})])
}

test_reports_dnf if {
	rule.violations == {{"message": "dnf installs tzdata into the image that ships", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "registry.acme.dev/base/ubi:9.4", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 3, {"args": ["dnf install -y tzdata && dnf clean all"], "commands": [fixture.command("dnf", ["install", "-y", "tzdata"]), fixture.command("dnf", ["clean", "all"])]}), fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["1001"]})]})])
}

test_reports_in_a_stage_that_the_image_is_built_on if {
	rule.violations == {{"message": "apk installs tzdata into the image that ships", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "base", "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 3, {"args": ["apk add --no-cache tzdata"], "commands": [fixture.command("apk", ["add", "--no-cache", "tzdata"])]})]}), fixture.stage(2, {"base": {"reference": null, "stage": 1}, "target": true, "line": 4, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}), fixture.instruction("USER", 6, {"args": ["65532:65532"]})]})])
}

test_accepts_in_the_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apk add --no-cache tzdata"], "commands": [fixture.command("apk", ["add", "--no-cache", "tzdata"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 3, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/usr/share/zoneinfo", "/usr/share/zoneinfo"], "source_stage": 0}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_one_stage if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apk add --no-cache tzdata"], "commands": [fixture.command("apk", ["add", "--no-cache", "tzdata"])]}), fixture.instruction("USER", 3, {"args": ["65532:65532"]})]})])
}

test_accepts_a_language if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/wheels", "/wheels"], "source_stage": 0}), fixture.instruction("RUN", 4, {"args": ["pip install --no-cache-dir /wheels/*"], "commands": [fixture.command("pip", ["install", "--no-cache-dir", "/wheels/*"])]}), fixture.instruction("USER", 5, {"args": ["65532:65532"]})]})])
}

test_accepts_nothing_is_installed if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/static-debian12:nonroot", "stage": null}, "target": true, "line": 2, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0})]})])
}

_found(commands) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.dockerfile([
		fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build"}),
		fixture.stage(1, {
			"target": true,
			"line": 2,
			"instructions": [
				fixture.instruction("RUN", 3, {"commands": commands}),
				fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0}),
			],
		}),
	])
}

test_accepts_what_the_run_deletes_again if {
	virtual := fixture.command("apk", ["add", "--virtual", ".build", "gcc"])
	_found([virtual, fixture.command("apk", ["del", ".build"])]) == set()
	_found([virtual, fixture.command("apk", ["del", ".other"])]) == {"apk installs gcc into the image that ships"}
	plain := fixture.command("apk", ["add", "gcc", "curl"])
	_found([plain, fixture.command("apk", ["del", "gcc"])]) == {"apk installs curl into the image that ships"}
}
