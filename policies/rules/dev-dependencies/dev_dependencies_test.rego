package gate.rules["dev-dependencies_test"]

import data.gate.lib.fixture
import data.gate.rules["dev-dependencies"] as rule

test_reports_npm_ci if {
	rule.violations == {{"fix": "Use `npm ci --omit=dev`, or build in a stage of its own.", "message": "`npm ci` installs development dependencies into the image", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["package.json", "package-lock.json", "./"]}), fixture.instruction("RUN", 4, {"args": ["npm ci"], "commands": [fixture.command("npm", ["ci"])]}), fixture.instruction("COPY", 5, {"args": ["src", "./src"]})]})])
}

test_reports_npm_install if {
	rule.violations == {{"fix": "Use `npm ci --omit=dev`, or build in a stage of its own.", "message": "`npm install` installs development dependencies into the image", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": [".", "."]}), fixture.instruction("RUN", 4, {"args": ["npm install && npm run build"], "commands": [fixture.command("npm", ["install"]), fixture.command("npm", ["run", "build"])]})]})])
}

test_reports_poetry_with_all_its_groups if {
	rule.violations == {{"fix": "Use `poetry install --only main`.", "message": "`poetry install` installs development dependencies into the image", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["pyproject.toml", "poetry.lock", "./"]}), fixture.instruction("RUN", 4, {"args": ["poetry install --no-root"], "commands": [fixture.command("poetry", ["install", "--no-root"])]})]})])
}

test_reports_composer if {
	rule.violations == {{"fix": "Use `composer install --no-dev`.", "message": "`composer install` installs development dependencies into the image", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/php:8.3-fpm-alpine", "stage": null}, "target": true, "libc": null, "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["composer.json", "composer.lock", "./"]}), fixture.instruction("RUN", 4, {"args": ["composer install"], "commands": [fixture.command("composer", ["install"])]})]})])
}

test_reports_uv if {
	rule.violations == {{"fix": "Use `uv sync --no-dev`.", "message": "`uv sync` installs development dependencies into the image", "origin": fixture.at(4)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["pyproject.toml", "uv.lock", "./"]}), fixture.instruction("RUN", 4, {"args": ["uv sync --locked"], "commands": [fixture.command("uv", ["sync", "--locked"])]})]})])
}

test_accepts_omit_dev if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": ["package.json", "package-lock.json", "./"]}), fixture.instruction("RUN", 4, {"args": ["npm ci --omit=dev"], "commands": [fixture.command("npm", ["ci", "--omit=dev"])]})]})])
}

test_accepts_node_env if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {"NODE_ENV": "production"}, "workdir": "/app"}, "instructions": [fixture.instruction("ENV", 2, {"pairs": [["NODE_ENV", "production"]]}), fixture.instruction("WORKDIR", 3, {"args": ["/app"]}), fixture.instruction("COPY", 4, {"args": ["package.json", "yarn.lock", "./"]}), fixture.instruction("RUN", 5, {"args": ["yarn install --frozen-lockfile"], "commands": [fixture.command("yarn", ["install", "--frozen-lockfile"])]})]})])
}

test_accepts_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": [".", "."]}), fixture.instruction("RUN", 4, {"args": ["npm ci && npm run build"], "commands": [fixture.command("npm", ["ci"]), fixture.command("npm", ["run", "build"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/nodejs22-debian12:nonroot", "stage": null}, "target": true, "line": 5, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 6, {"flags": ["--from=build"], "args": ["/app/dist", "/app"], "source_stage": 0})]})])
}

test_accepts_pruned_in_the_same_run if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": "/app"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/app"]}), fixture.instruction("COPY", 3, {"args": [".", "."]}), fixture.instruction("RUN", 4, {"args": ["npm ci && npm run build && npm prune --omit=dev"], "commands": [fixture.command("npm", ["ci"]), fixture.command("npm", ["run", "build"]), fixture.command("npm", ["prune", "--omit=dev"])]})]})])
}

test_accepts_one_tool_by_name if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["npm install -g pm2@5.4.2"], "commands": [fixture.command("npm", ["install", "-g", "pm2@5.4.2"])]})]})])
}

test_accepts_poetry_without_dev if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["pyproject.toml", "poetry.lock", "./"]}), fixture.instruction("RUN", 3, {"args": ["poetry install --only main"], "commands": [fixture.command("poetry", ["install", "--only", "main"])]})]})])
}

test_accepts_set_by_a_variable if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/python:3.12-slim", "stage": null}, "target": true, "ships": "runtime", "config": {"env": {"UV_NO_DEV": "1"}, "workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"pairs": [["UV_NO_DEV", "1"]]}), fixture.instruction("COPY", 3, {"args": ["pyproject.toml", "uv.lock", "./"]}), fixture.instruction("RUN", 4, {"args": ["uv sync --locked"], "commands": [fixture.command("uv", ["sync", "--locked"])]})]})])
}
