package gate.rules["no-sudo_test"]

import data.gate.lib.fixture
import data.gate.rules["no-sudo"] as rule

_found(commands) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran(commands)
}

test_reports_calls if {
	wrapped := object.union(fixture.command("apt-get", ["update"]), {"wrappers": ["sudo"]})
	_found([wrapped]) == {"sudo is called"}
	_found([fixture.command("sudo", ["-i"])]) == {"sudo is called"}
}

test_reports_an_installation if {
	_found([fixture.command("apt-get", ["install", "-y", "sudo=1.9"])]) == {"sudo is installed"}
}

test_accepts_neither if {
	_found([fixture.command("apt-get", ["install", "curl"]), fixture.command("echo", ["sudo"])]) == set()
}
