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

violations contains finding.with_fix(finding.at(dockerfile.lines(stage.line, stage.line), message), fix) if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	not is_string(stage.base.digest)
	_jdk(stage.base)
	message := sprintf("the image ships the JDK of %s", [stage.base.reference])
	fix := sprintf("Ship on a JRE: `eclipse-temurin:%s-jre`, or a runtime made by jlink.", [_version(stage.base.tag)])
}

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), fix) if {
	some use in packages.by({"apt", "apk", "yum", "dnf", "zypper"})
	use.ships
	some name in use.names
	regex.match(`^(default-jdk|openjdk-?[0-9]+(-jdk)?|openjdk-[0-9]+-jdk-headless|java-[0-9.]+-openjdk-devel|java-[0-9]+-amazon-corretto-devel|temurin-[0-9]+-jdk)(-headless)?(=.*)?$`, name)
	message := sprintf("%s is a JDK; the image needs a JRE", [name])
	fix := sprintf("Install %s, or ship on a base that has a JRE.", [_runtime(use.manager, split(name, "=")[0])])
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

# The versions with long support are those that have a JRE of their own.
_version(tag) := found if {
	found := regex.find_n(`^[0-9]+`, tag, 1)[0]
	found in {"8", "11", "17", "21", "25"}
} else := "21"

_runtime(manager, name) := sprintf("%s-jre-headless", [trim_suffix(trim_suffix(name, "-headless"), "-jdk")]) if {
	manager == "apt"
	not startswith(name, "temurin")
} else := replace(name, "-devel", "-headless") if {
	contains(name, "-devel")
} else := sprintf("%s-jre", [trim_suffix(name, "-jdk")])
