package gate.rules["secret-file-copied_test"]

import data.gate.lib.fixture
import data.gate.rules["secret-file-copied"] as rule

test_reports_settings_with_passwords if {
	rule.violations == {{"message": ".env usually holds secrets", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".env", "/app/.env"], "raw": ".env /app/.env"})]})])
}

test_reports_a_private_key_in_a_builder if {
	rule.violations == {{"message": "id_rsa usually holds secrets", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/golang:1.23", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["id_rsa", "/root/.ssh/id_rsa"], "raw": "id_rsa /root/.ssh/id_rsa"}), fixture.instruction("RUN", 3, {"args": ["go mod download"], "raw": "go mod download", "commands": [fixture.command("go", ["mod", "download"])]})]}), fixture.stage(1, {"base": {"reference": "scratch", "stage": null}, "target": true, "line": 4, "config": {"workdir": "/"}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/api", "/api"], "raw": "/api /api", "source_stage": 0})]})])
}

test_reports_credentials_of_a_cloud if {
	rule.violations == {{"message": ".aws/credentials usually holds secrets", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".aws/credentials", "/home/app/.aws/credentials"], "raw": ".aws/credentials /home/app/.aws/credentials"})]})])
}

test_reports_among_others if {
	rule.violations == {{"message": ".npmrc usually holds secrets", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ADD", 2, {"args": ["package.json", ".npmrc", "/app/"], "raw": "package.json .npmrc /app/"})]})])
}

test_reports_the_key_of_a_server if {
	rule.violations == {{"message": "certs/server.key usually holds secrets", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/nginx:1.27-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["certs/server.key", "/etc/nginx/server.key"], "raw": "certs/server.key /etc/nginx/server.key"})]})])
}

test_reports_for_production if {
	rule.violations == {{"message": ".env.production usually holds secrets", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".env.production", "/app/.env"], "raw": ".env.production /app/.env"})]})])
}

test_accepts_a_template if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": [".env.example", "/app/.env.example"], "raw": ".env.example /app/.env.example"})]})])
}

test_accepts_a_secret_mount if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--mount=type=secret,id=npmrc,target=/root/.npmrc"], "mounts": [{"type": "secret", "target": "/root/.npmrc", "source": null, "from": null, "stage": null, "reference": null, "id": "npmrc", "options": {}}], "args": ["npm ci --omit=dev"], "raw": "npm ci --omit=dev", "commands": [fixture.command("npm", ["ci", "--omit=dev"])]})]})])
}

test_accepts_settings_of_a_registry_in_a_builder if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["package.json", ".npmrc", "./"], "raw": "package.json .npmrc ./"}), fixture.instruction("RUN", 3, {"args": ["npm ci"], "raw": "npm ci", "commands": [fixture.command("npm", ["ci"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/nodejs22-debian12:nonroot", "stage": null}, "target": true, "line": 4, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/app", "/app"], "raw": "/app /app", "source_stage": 0})]})])
}

test_accepts_certificates_are_public if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["certs/ca.pem", "certs/server.crt", "/etc/ssl/certs/"], "raw": "certs/ca.pem certs/server.crt /etc/ssl/certs/"})]})])
}
