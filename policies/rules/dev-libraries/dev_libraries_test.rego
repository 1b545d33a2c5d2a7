package gate.rules["dev-libraries_test"]

import data.gate.lib.fixture
import data.gate.rules["dev-libraries"] as rule

test_reports_apt if {
	rule.violations == {{"message": "headers and static libraries ship: libpq-dev", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends libpq-dev && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "libpq-dev"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]})]})])
}

test_reports_apk if {
	rule.violations == {{"message": "headers and static libraries ship: postgresql-dev, libffi-dev=3.4.6-r0", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apk add --no-cache postgresql-dev libffi-dev=3.4.6-r0"], "commands": [fixture.command("apk", ["add", "--no-cache", "postgresql-dev", "libffi-dev=3.4.6-r0"])]})]})])
}

test_reports_dnf if {
	rule.violations == {{"message": "headers and static libraries ship: openssl-devel", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "registry.acme.dev/base/ubi:9.4", "stage": null}, "target": true, "libc": null, "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["dnf install -y openssl-devel && dnf clean all"], "commands": [fixture.command("dnf", ["install", "-y", "openssl-devel"]), fixture.command("dnf", ["clean", "all"])]})]})])
}

test_reports_in_a_stage_that_the_image_is_built_on if {
	rule.violations == {{"message": "headers and static libraries ship: libyaml-dev", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/ruby:3.3-slim", "stage": null}, "name": "base", "libc": null, "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends libyaml-dev && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "libyaml-dev"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]})]}), fixture.stage(1, {"base": {"reference": null, "stage": 0}, "target": true, "line": 3, "libc": null, "config": {"env": {}, "workdir": null}})])
}

test_accepts_the_library_itself if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "libpq5"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "name": "build", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends libpq-dev"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "libpq-dev"])]}), fixture.instruction("RUN", 3, {"args": ["python -m venv /opt/venv"], "commands": [fixture.command("python", ["-m", "venv", "/opt/venv"])]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "line": 4, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/opt/venv", "/opt/venv"], "source_stage": 0})]})])
}

test_accepts_removed_in_the_same_run if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apk add --no-cache --virtual .build libffi-dev && pip install --no-cache-dir cffi==1.17.1 && apk del .build"], "commands": [fixture.command("apk", ["add", "--no-cache", "--virtual", ".build", "libffi-dev"]), fixture.command("pip", ["install", "--no-cache-dir", "cffi==1.17.1"]), fixture.command("apk", ["del", ".build"])]})]})])
}

test_accepts_another_kind_of_name if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends udev && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "udev"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]})]})])
}
