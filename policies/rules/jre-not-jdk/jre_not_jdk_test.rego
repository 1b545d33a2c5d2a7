package gate.rules["jre-not-jdk_test"]

import data.gate.lib.fixture
import data.gate.rules["jre-not-jdk"] as rule

test_reports_eclipse_temurin if {
	rule.violations == {{"fix": "Ship on a JRE: `eclipse-temurin:21-jre`, or a runtime made by jlink.", "message": "the image ships the JDK of docker.io/library/eclipse-temurin:21-jdk-alpine", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/eclipse-temurin:21-jdk-alpine", "stage": null, "repository": "library/eclipse-temurin", "tag": "21-jdk-alpine", "digest": null}, "target": true, "libc": null, "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.jar", "/"]})]})])
}

test_reports_its_tag_without_a_word_is_the_jdk if {
	rule.violations == {{"fix": "Ship on a JRE: `eclipse-temurin:21-jre`, or a runtime made by jlink.", "message": "the image ships the JDK of docker.io/library/eclipse-temurin:21", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/eclipse-temurin:21", "stage": null, "repository": "library/eclipse-temurin", "tag": "21", "digest": null}, "target": true, "libc": null, "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.jar", "/"]})]})])
}

test_reports_openjdk if {
	rule.violations == {{"fix": "Ship on a JRE: `eclipse-temurin:17-jre`, or a runtime made by jlink.", "message": "the image ships the JDK of docker.io/library/openjdk:17-jdk-slim", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/openjdk:17-jdk-slim", "stage": null, "repository": "library/openjdk", "tag": "17-jdk-slim", "digest": null}, "target": true, "libc": null, "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.jar", "/"]})]})])
}

test_reports_installed if {
	rule.violations == {{"fix": "Install openjdk-17-jre-headless, or ship on a base that has a JRE.", "message": "openjdk-17-jdk-headless is a JDK; the image needs a JRE", "origin": fixture.at(2)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/debian:12-slim", "stage": null, "repository": "library/debian", "tag": "12-slim", "digest": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apt-get update && apt-get install -y --no-install-recommends openjdk-17-jdk-headless && rm -rf /var/lib/apt/lists/*"], "commands": [fixture.command("apt-get", ["update"]), fixture.command("apt-get", ["install", "-y", "--no-install-recommends", "openjdk-17-jdk-headless"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]})]})])
}

test_reports_corretto if {
	rule.violations == {{"fix": "Ship on a JRE: `eclipse-temurin:21-jre`, or a runtime made by jlink.", "message": "the image ships the JDK of docker.io/library/amazoncorretto:21-alpine-jdk", "origin": fixture.at(1)}} with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/amazoncorretto:21-alpine-jdk", "stage": null, "repository": "library/amazoncorretto", "tag": "21-alpine-jdk", "digest": null}, "target": true, "libc": null, "config": {"env": {}, "workdir": null}})])
}

test_accepts_a_jre if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/eclipse-temurin:21-jre-alpine", "stage": null, "repository": "library/eclipse-temurin", "tag": "21-jre-alpine", "digest": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.jar", "/"]})]})])
}

test_accepts_the_jdk_builds if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/eclipse-temurin:21-jdk", "stage": null, "repository": "library/eclipse-temurin", "tag": "21-jdk", "digest": null}, "name": "build", "libc": null, "config": {"env": {}, "workdir": "/src"}, "instructions": [fixture.instruction("WORKDIR", 2, {"args": ["/src"]}), fixture.instruction("COPY", 3, {"args": [".", "."]}), fixture.instruction("RUN", 4, {"args": ["./gradlew bootJar"], "commands": [fixture.command("gradlew", ["bootJar"])]})]}), fixture.stage(1, {"base": {"reference": "docker.io/library/eclipse-temurin:21-jre", "stage": null, "repository": "library/eclipse-temurin", "tag": "21-jre", "digest": null}, "target": true, "line": 5, "libc": null, "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 6, {"flags": ["--from=build"], "args": ["/src/build/libs/api.jar", "/"], "source_stage": 0})]})])
}

test_accepts_distroless if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "gcr.io/distroless/java21-debian12:nonroot", "stage": null, "repository": "distroless/java21-debian12", "tag": "nonroot", "digest": null}, "target": true, "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("COPY", 2, {"args": ["api.jar", "/"]})]})])
}

test_accepts_a_jre_installed if {
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, {"base": {"reference": "docker.io/library/alpine:3.20", "stage": null, "repository": "library/alpine", "tag": "3.20", "digest": null}, "target": true, "libc": "musl", "ships": "runtime", "config": {"env": {}, "workdir": null}, "instructions": [fixture.instruction("RUN", 2, {"args": ["apk add --no-cache openjdk21-jre-headless"], "commands": [fixture.command("apk", ["add", "--no-cache", "openjdk21-jre-headless"])]})]})])
}

_fixes(instructions, base) := {found.fix | some found in violations} if {
	evidence := fixture.dockerfile([fixture.stage(0, {"base": base, "target": true, "instructions": instructions})])
	violations := rule.violations with input.evidence as evidence
}

_openjdk(tag) := {"reference": tag, "repository": "library/openjdk", "tag": tag, "digest": null, "stage": null}

test_names_the_runtime_of_the_same_version if {
	_fixes([], _openjdk("8u111-jdk")) == {"Ship on a JRE: `eclipse-temurin:8-jre`, or a runtime made by jlink."}
	_fixes([], _openjdk("14-jdk")) == {"Ship on a JRE: `eclipse-temurin:21-jre`, or a runtime made by jlink."}
	_fixes([], _openjdk("jdk")) == {"Ship on a JRE: `eclipse-temurin:21-jre`, or a runtime made by jlink."}
}

_installed(program, name) := fix if {
	command := fixture.command(program, [{"apk": "add"}[program], name])
	some fix in _fixes([fixture.instruction("RUN", 2, {"commands": [command]})], _openjdk("8-jre"))
} else := fix if {
	command := fixture.command(program, ["install", name])
	some fix in _fixes([fixture.instruction("RUN", 2, {"commands": [command]})], _openjdk("8-jre"))
}

test_names_the_package_of_the_runtime if {
	_installed("apk", "openjdk8") == "Install openjdk8-jre, or ship on a base that has a JRE."
	_installed("apt-get", "default-jdk") == "Install default-jre-headless, or ship on a base that has a JRE."
	_installed("apt-get", "temurin-17-jdk") == "Install temurin-17-jre, or ship on a base that has a JRE."
	_installed("dnf", "java-17-openjdk-devel") == "Install java-17-openjdk-headless, or ship on a base that has a JRE."
}
