package gate.rules["useradd-l_test"]

import data.gate.lib.fixture
import data.gate.rules["useradd-l"] as rule

_found(args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command("useradd", args)])
}

test_reports_high_ids if {
	said := {"useradd with user id 123456 fills /var/log/lastlog"}
	_found(["-u", "123456", "app"]) == said
	_found(["-mu", "123456", "app"]) == said
	_found(["--uid=123456", "app"]) == said
	_found(["-u123456", "app"]) == said
}

test_accepts_low_ids_and_the_flag if {
	_found(["-u", "65532", "app"]) == set()
	_found(["-lu", "123456", "app"]) == set()
	_found(["--no-log-init", "-u", "123456", "app"]) == set()
	_found(["app"]) == set()
}
