# METADATA
# title: A JDK ships where a JRE runs the program
# description: >-
#   The development kit adds compilers, debuggers and sources of the class library to the runtime: about 200 MB,
#   and tools an intruder likes. Running a jar needs none of them.
# related_resources:
# - ref: https://hub.docker.com/_/eclipse-temurin
#   description: "Eclipse Temurin, tags"
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Ship on a JRE: `eclipse-temurin:21-jre-alpine`, `gcr.io/distroless/java21-debian12:nonroot`, or a runtime made by jlink."
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules["jre-not-jdk"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	not is_string(stage.base.digest)
	_jdk(stage.base)
	message := sprintf("the image ships the JDK of %s", [stage.base.reference])
}

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"apt", "apk", "yum", "dnf", "zypper"})
	use.ships
	some name in use.names
	regex.match(`^(default-jdk|openjdk-?[0-9]+(-jdk)?|openjdk-[0-9]+-jdk-headless|java-[0-9.]+-openjdk-devel|java-[0-9]+-amazon-corretto-devel|temurin-[0-9]+-jdk)(-headless)?(=.*)?$`, name)
	message := sprintf("%s is a JDK; the image needs a JRE", [name])
}

_jdk(base) if {
	base.repository == "library/eclipse-temurin"
	is_string(base.tag)
	not contains(base.tag, "jre")
}

_jdk(base) if {
	base.repository in {"library/openjdk", "library/ibm-semeru-runtimes", "library/sapmachine"}
	is_string(base.tag)
	contains(base.tag, "jdk")
	not contains(base.tag, "jre")
}

_jdk(base) if {
	base.repository == "library/amazoncorretto"
	is_string(base.tag)
	contains(base.tag, "jdk")
}
