package gate.rules["non-interactive_test"]

import data.gate.lib.fixture
import data.gate.rules["non-interactive"] as rule

_found(args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(args[0], array.slice(args, 1, count(args)))])
}

test_reports_questions if {
	_found(["apt-get", "install", "curl"]) == {"apt-get install waits for an answer"}
	_found(["yum", "install", "curl"]) == {"yum install waits for an answer"}
	_found(["zypper", "install", "curl"]) == {"zypper install waits for an answer"}
}

test_accepts_answers if {
	every args in [
		["apt-get", "install", "-y", "curl"],
		["apt-get", "-qy", "install", "curl"],
		["apt-get", "-q", "-q", "install", "curl"],
		["apt-get", "install", "--yes", "curl"],
		["apt-get", "-o", "APT::Get::Assume-Yes=true", "install", "curl"],
		["dnf", "-y", "install", "curl"],
		["microdnf", "install", "curl"],
		["zypper", "-n", "install", "curl"],
		["apt-get", "update"],
	] {
		_found(args) == set()
	}
}

test_accepts_yes_and_what_cannot_be_known if {
	install := fixture.command("apt-get", ["install", "curl"])
	yes := fixture.command("yes", [])
	rule.violations == set() with input.evidence as fixture.ran([yes, install])
	rule.violations == set() with input.evidence as fixture.ran([object.union(install, {"opaque": true})])
}
