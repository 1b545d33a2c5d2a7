package gate.rules["no-chpasswd_test"]

import data.gate.lib.fixture
import data.gate.rules["no-chpasswd"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_passwords if {
	_found("chpasswd", []) == {"chpasswd sets a password"}
	_found("useradd", ["-p", "$6$x", "app"]) == {"useradd sets a password"}
	_found("usermod", ["--password=x", "app"]) == {"usermod sets a password"}
	_found("passwd", ["-d", "root"]) == {"passwd sets a password"}
}

test_reports_passwd_behind_a_pipe if {
	piped := object.union(fixture.command("passwd", ["root"]), {"connector": "|"})
	count(rule.violations) == 1 with input.evidence as fixture.ran([piped])
}

test_accepts_locked_accounts if {
	_found("useradd", ["-p", "!", "app"]) == set()
	_found("usermod", ["--password=*", "app"]) == set()
	_found("passwd", ["-l", "root"]) == set()
}
