package gate.rules["cache-mount_test"]

import data.gate.lib.fixture
import data.gate.rules["cache-mount"] as rule

test_reports_go if {
	rule.violations == {{"fix": "Use `RUN --mount=type=cache,target=/go/pkg/mod`.", "message": "go mod download downloads without a cache mount", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "ships": "builder", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["go.mod", "go.sum", "./"]}), fixture.instruction("RUN", 3, {"args": ["go mod download"], "commands": [fixture.command("go", ["mod", "download"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/static-debian12:nonroot", "stage": null}, "target": true, "line": 4, "libc": "none", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0})]})])
}

test_reports_pip if {
	rule.violations == {{"fix": "Use `RUN --mount=type=cache,target=/root/.cache/pip`.", "message": "pip install downloads without a cache mount", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["requirements.txt", "."]}), fixture.instruction("RUN", 3, {"args": ["pip install --no-cache-dir -r requirements.txt"], "commands": [fixture.command("pip", ["install", "--no-cache-dir", "-r", "requirements.txt"])]})]})])
}

test_reports_npm if {
	rule.violations == {{"fix": "Use `RUN --mount=type=cache,target=/root/.npm`.", "message": "npm ci downloads without a cache mount", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["package.json", "package-lock.json", "./"]}), fixture.instruction("RUN", 3, {"args": ["npm ci --omit=dev"], "commands": [fixture.command("npm", ["ci", "--omit=dev"])]})]})])
}

test_reports_cargo if {
	rule.violations == {{"fix": "Use `RUN --mount=type=cache,target=/usr/local/cargo/registry`.", "message": "cargo build downloads without a cache mount", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/rust:1.82", "stage": null}, "name": "build", "ships": "builder", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".", "."]}), fixture.instruction("RUN", 3, {"args": ["cargo build --release"], "commands": [fixture.command("cargo", ["build", "--release"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/cc-debian12:nonroot", "stage": null}, "target": true, "line": 4, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/target/release/api", "/api"], "source_stage": 0})]})])
}

test_accepts_go if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "ships": "builder", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["go.mod", "go.sum", "./"]}), fixture.instruction("RUN", 3, {"flags": ["--mount=type=cache,target=/go/pkg/mod"], "mounts": [{"type": "cache", "target": "/go/pkg/mod", "source": null, "from": null, "stage": null, "reference": null, "id": null, "options": {}}], "args": ["go mod download"], "commands": [fixture.command("go", ["mod", "download"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/static-debian12:nonroot", "stage": null}, "target": true, "line": 4, "libc": "none", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "source_stage": 0})]})])
}

test_accepts_pip if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--mount=type=cache,target=/root/.cache/pip", "--mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt"], "mounts": [{"type": "cache", "target": "/root/.cache/pip", "source": null, "from": null, "stage": null, "reference": null, "id": null, "options": {}}, {"type": "bind", "target": "/tmp/requirements.txt", "source": "requirements.txt", "from": null, "stage": null, "reference": null, "id": null, "options": {}}], "args": ["pip install -r /tmp/requirements.txt"], "commands": [fixture.command("pip", ["install", "-r", "/tmp/requirements.txt"])]})]})])
}

test_accepts_nothing_is_downloaded if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".", "."]}), fixture.instruction("RUN", 3, {"args": ["npm run build"], "commands": [fixture.command("npm", ["run", "build"])]})]})])
}

test_accepts_apt_keeps_no_archives_in_its_images if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "curl"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]})]})])
}

_found(args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command("pip", args)])
}

test_accepts_wheels_that_are_there if {
	_found(["install", "--no-index", "--find-links=/wheels", "app"]) == set()
	_found(["install", "--no-deps", "/dist/app.whl"]) == set()
	_found(["install", "--no-deps", "app"]) == {"pip install downloads without a cache mount"}
	_found(["install", "/dist/app.whl"]) == {"pip install downloads without a cache mount"}
}
