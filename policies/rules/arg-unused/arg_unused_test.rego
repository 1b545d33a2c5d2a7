package gate.rules["arg-unused_test"]

import data.gate.lib.fixture
import data.gate.rules["arg-unused"] as rule

test_reports_no_stage_declares_it if {
	rule.violations == {{"fix": "Remove it, or write `ARG BUILD_ENV` inside the stage that is to read it.", "message": "ARG BUILD_ENV stands before the first FROM, and no FROM and no stage uses it", "origin": fixture.at(1)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null, "platform": null, "raw": "node:22-alpine"}, "target": true, "line": 2, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 3, {"args": ["dist", "/app"], "raw": "dist /app"}), fixture.instruction("USER", 4, {"args": ["1000"], "raw": "1000"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "BUILD_ENV=production", "pairs": [["BUILD_ENV", "production"]]})]}})
}

test_reports_after_the_last_run if {
	rule.violations == {{"message": "nothing after ARG VERSION uses it", "origin": fixture.at(3)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/debian:12-slim", "stage": null, "platform": null, "raw": "debian:12-slim"}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["mkdir /data"], "raw": "mkdir /data", "commands": [fixture.command("mkdir", ["/data"])]}), fixture.instruction("ARG", 3, {"raw": "VERSION", "pairs": [["VERSION", null]]}), fixture.instruction("USER", 4, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": []}})
}

test_reports_in_a_stage_that_runs_nothing if {
	rule.violations == {{"message": "nothing after ARG VERSION uses it", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "scratch", "stage": null, "platform": null, "raw": "scratch"}, "target": true, "libc": "none", "ships": "runtime", "config": {"env": {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, "workdir": "/"}, "instructions": [fixture.instruction("ARG", 2, {"raw": "VERSION=1.0", "pairs": [["VERSION", "1.0"]]}), fixture.instruction("COPY", 3, {"args": ["api", "/api"], "raw": "api /api"}), fixture.instruction("USER", 4, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": []}})
}

test_reports_one_of_two if {
	rule.violations == {{"fix": "Remove it, or write `ARG SUFFIX` inside the stage that is to read it.", "message": "ARG SUFFIX stands before the first FROM, and no FROM and no stage uses it", "origin": fixture.at(2)}} with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:${TAG}"}, "target": true, "line": 3, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("USER", 4, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "TAG=3.20", "pairs": [["TAG", "3.20"]]}), fixture.instruction("ARG", 2, {"raw": "SUFFIX=slim", "pairs": [["SUFFIX", "slim"]]})]}})
}

test_accepts_used_by_from if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:${TAG}"}, "target": true, "line": 2, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("USER", 3, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "TAG=3.20", "pairs": [["TAG", "3.20"]]})]}})
}

test_accepts_declared_again_in_a_stage if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/debian:12-slim", "stage": null, "platform": null, "raw": "debian:12-slim"}, "target": true, "line": 2, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("ARG", 3, {"raw": "VERSION", "pairs": [["VERSION", "1.0"]]}), fixture.instruction("LABEL", 4, {"raw": "org.opencontainers.image.version=$VERSION", "pairs": [["org.opencontainers.image.version", "1.0"]]}), fixture.instruction("USER", 5, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "VERSION=1.0", "pairs": [["VERSION", "1.0"]]})]}})
}

test_accepts_a_run_may_read_it_from_its_environment if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null, "platform": null, "raw": "node:22-alpine"}, "name": "build", "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("ARG", 2, {"raw": "NODE_ENV=production", "pairs": [["NODE_ENV", "production"]]}), fixture.instruction("RUN", 3, {"args": ["npm run build"], "raw": "npm run build", "commands": [fixture.command("npm", ["run", "build"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/nodejs22-debian12:nonroot", "stage": null, "platform": null, "raw": "gcr.io/distroless/nodejs22-debian12:nonroot"}, "target": true, "line": 4, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/app/dist", "/app"], "raw": "/app/dist /app", "source_stage": 0})]})]), {"dockerfile": {"arguments": []}})
}

test_accepts_used_by_the_platform if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": "linux/arm64", "platform_raw": "$PLATFORM", "raw": "alpine:3.20"}, "target": true, "line": 2, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("USER", 3, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "PLATFORM=linux/arm64", "pairs": [["PLATFORM", "linux/arm64"]]})]}})
}

test_accepts_used_by_another_arg if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:${TAG}"}, "target": true, "line": 3, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("USER", 4, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "MAJOR=3", "pairs": [["MAJOR", "3"]]}), fixture.instruction("ARG", 2, {"raw": "TAG=${MAJOR}.20", "pairs": [["TAG", "3.20"]]})]}})
}

test_accepts_a_proxy if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:3.20"}, "target": true, "line": 3, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("USER", 4, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": [fixture.instruction("ARG", 1, {"raw": "HTTPS_PROXY", "pairs": [["HTTPS_PROXY", null]]}), fixture.instruction("ARG", 2, {"raw": "BUILDKIT_SYNTAX", "pairs": [["BUILDKIT_SYNTAX", null]]})]}})
}

test_accepts_used_by_a_flag_and_by_a_stage_below if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:3.20"}, "name": "base", "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("ARG", 2, {"raw": "OWNER=65532", "pairs": [["OWNER", "65532"]]}), fixture.instruction("ARG", 3, {"raw": "PORT=80", "pairs": [["PORT", "80"]]})]}), fixture.stage(1, {"base": {"reference": null, "stage": 0, "platform": null, "raw": "base"}, "target": true, "line": 4, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--chown=${OWNER}"], "args": ["api", "/api"], "raw": "api /api"}), fixture.instruction("EXPOSE", 6, {"args": ["80/tcp"], "raw": "${PORT}"}), fixture.instruction("USER", 7, {"args": ["65532:65532"], "raw": "65532:65532"})]})]), {"dockerfile": {"arguments": []}})
}

test_accepts_a_file_with_text if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:3.20"}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("ARG", 2, {"raw": "VERSION", "pairs": [["VERSION", null]]}), fixture.instruction("COPY", 3, {"args": ["/version"], "raw": "<<EOF /version", "heredocs": [{"name": "EOF", "content": "\n", "expand": true, "chomp": false, "fd": 0, "line": 4}]})]})]), {"dockerfile": {"arguments": []}})
}

test_accepts_a_trigger if {
	rule.violations == set() with input.evidence as object.union(fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "platform": null, "raw": "alpine:3.20"}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("ARG", 2, {"raw": "VERSION", "pairs": [["VERSION", null]]}), fixture.instruction("ONBUILD", 3, {"args": ["COPY . /app"], "raw": "COPY . /app"})]})]), {"dockerfile": {"arguments": []}})
}

test_accepts_a_run_of_a_stage_below if {
	rule.violations == set() with input.evidence as object.union(
		fixture.dockerfile([
			fixture.stage(0, {"name": "base", "instructions": [fixture.instruction("ARG", 2, {"raw": "VERSION", "pairs": [["VERSION", null]]})]}),
			fixture.stage(1, {
				"base": {"reference": null, "stage": 0, "platform": null, "raw": "base"},
				"target": true,
				"line": 3,
				"instructions": [fixture.instruction("RUN", 4, {"raw": "make", "commands": [fixture.command("make", [])]})],
			}),
		]),
		{"dockerfile": {"arguments": []}},
	)
}
