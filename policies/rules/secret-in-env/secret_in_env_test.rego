package gate.rules["secret-in-env_test"]

import data.gate.lib.fixture
import data.gate.rules["secret-in-env"] as rule

test_reports_a_password if {
	rule.violations == {{"level": "warn", "message": "ENV DB_PASSWORD looks like a secret that everyone who has the image can read", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "DB_PASSWORD=correct-horse", "pairs": [["DB_PASSWORD", "correct-horse"]]})]})])
}

test_reports_a_token_for_the_build if {
	rule.violations == {{"level": "warn", "message": "ARG NPM_TOKEN looks like a secret that everyone who has the image can read", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("ARG", 2, {"raw": "NPM_TOKEN", "pairs": [["NPM_TOKEN", null]]}), fixture.instruction("RUN", 3, {"args": ["npm ci"], "raw": "npm ci", "commands": [fixture.command("npm", ["ci"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/nodejs22-debian12:nonroot", "stage": null}, "target": true, "line": 4, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 5, {"flags": ["--from=build"], "args": ["/app", "/app"], "raw": "/app /app", "source_stage": 0})]})])
}

test_reports_an_access_key_by_its_value if {
	rule.violations == {{"message": "the value of ENV ACCOUNT is a secret that everyone who has the image can read", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "ACCOUNT=AKIAIOSFODNN7EXAMPLE", "pairs": [["ACCOUNT", "AKIAIOSFODNN7EXAMPLE"]]})]})])
}

test_reports_a_password_in_an_address if {
	rule.violations == {{"message": "the value of ENV DATABASE_URL is a secret that everyone who has the image can read", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "DATABASE_URL=postgres://shop:tulips@db/shop", "pairs": [["DATABASE_URL", "postgres://shop:tulips@db/shop"]]})]})])
}

test_reports_an_argument_handed_on if {
	rule.violations == {{"level": "warn", "message": "ARG API_KEY looks like a secret that everyone who has the image can read", "origin": fixture.at(2)}, {"level": "warn", "message": "ENV API_KEY looks like a secret that everyone who has the image can read", "origin": fixture.at(3)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ARG", 2, {"raw": "API_KEY", "pairs": [["API_KEY", null]]}), fixture.instruction("ENV", 3, {"raw": "API_KEY=$API_KEY", "pairs": [["API_KEY", ""]], "unresolved": ["API_KEY"]})]})])
}

test_accepts_a_secret_mount if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/node:22-alpine", "stage": null}, "name": "build", "config": {"workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"flags": ["--mount=type=secret,id=npm,env=NPM_TOKEN"], "mounts": [{"type": "secret", "target": null, "source": null, "from": null, "stage": null, "reference": null, "id": "npm", "options": {"env": "NPM_TOKEN"}}], "args": ["npm ci"], "raw": "npm ci", "commands": [fixture.command("npm", ["ci"])]})]}), fixture.stage(1, {"base": {"reference": "gcr.io/distroless/nodejs22-debian12:nonroot", "stage": null}, "target": true, "line": 3, "config": {"workdir": null}, "instructions": [fixture.instruction("COPY", 4, {"flags": ["--from=build"], "args": ["/app", "/app"], "raw": "/app /app", "source_stage": 0})]})])
}

test_accepts_a_file_that_holds_it_at_run_time if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "DB_PASSWORD_FILE=/run/secrets/db", "pairs": [["DB_PASSWORD_FILE", "/run/secrets/db"]]})]})])
}

test_accepts_a_public_key if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305", "pairs": [["GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305"]]})]})])
}

test_accepts_switches_and_numbers if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "DISABLE_AUTH=true MAX_TOKEN=4096 SSH_KEY=/run/keys/ssh", "pairs": [["DISABLE_AUTH", "true"], ["MAX_TOKEN", "4096"], ["SSH_KEY", "/run/keys/ssh"]]})]})])
}

test_accepts_an_address_without_a_password if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"target": true, "config": {"workdir": null}, "instructions": [fixture.instruction("ENV", 2, {"raw": "DATABASE_URL=postgres://db/shop", "pairs": [["DATABASE_URL", "postgres://db/shop"]]})]})])
}

_copied(line, args) := fixture.instruction("COPY", line, {"args": args})

_env(line, name, value) := fixture.instruction("ENV", line, {"pairs": [[name, value]]})

_messages(instructions) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.single(instructions)
}

test_reports_a_file_of_credentials_that_is_copied if {
	name := "GOOGLE_APPLICATION_CREDENTIALS"
	said := {"GOOGLE_APPLICATION_CREDENTIALS names a file that COPY on line 2 brings into the image"}
	_messages([_copied(2, [".", "."]), _env(3, name, "./key.json")]) == said
	_messages([_copied(2, ["src", "/app/"]), _env(3, name, "app/key.json")]) == said
	_messages([_copied(2, ["src", "/app/"]), _env(3, name, "/run/key.json")]) == set()
	_messages([_copied(2, [".", "/"]), _env(3, name, "/run/key.json")]) == set()
}

test_reports_a_login if {
	login := fixture.command("gcloud", ["auth", "activate-service-account"])
	_messages([fixture.run(2, [login])]) == {"gcloud auth activate-service-account leaves its credentials in the layer"}
	mounted := object.union(fixture.run(2, [login]), {"mounts": [{"type": "secret", "target": null}]})
	_messages([mounted]) == set()
}

test_reports_an_argument_before_from if {
	argument := fixture.instruction("ARG", 1, {"pairs": [["NPM_TOKEN", null], ["VERSION", "1"]]})
	evidence := object.union(fixture.single([]), {"dockerfile": object.union(fixture.single([]).dockerfile, {"arguments": [argument]})})
	expected := {"ARG NPM_TOKEN looks like a secret; the build's records hold what is passed to it"}
	found := rule.violations with input.evidence as evidence
	{each.message | some each in found} == expected
}
