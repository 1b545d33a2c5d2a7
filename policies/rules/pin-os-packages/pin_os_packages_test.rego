package gate.rules["pin-os-packages_test"]

import data.gate.lib.fixture
import data.gate.rules["pin-os-packages"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_what_has_no_version if {
	_found("apt-get", ["install", "-y", "curl", "a=1"]) == {"apt-get install takes whatever version there is of curl"}
	_found("yum", ["module", "install", "-y", "tomcat"]) == {"yum module takes whatever version there is of tomcat"}
	_found("dnf", ["install", "-y", "java-latest-openjdk"]) == {"dnf install takes whatever version there is of java-latest-openjdk"}
}

test_accepts_versions_files_and_what_is_computed if {
	_found("apt-get", ["install", "-y", "a=1", "b/bookworm", "./c.deb", "$D", "e-"]) == set()
	_found("apk", ["add", "a=1", "b=~2", "c>3"]) == set()
	_found("dnf", ["module", "install", "nodejs:20"]) == set()
	_found("dnf", ["module", "enable", "nodejs"]) == set()
}
