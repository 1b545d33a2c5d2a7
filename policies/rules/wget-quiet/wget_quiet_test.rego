package gate.rules["wget-quiet_test"]

import data.gate.lib.fixture
import data.gate.rules["wget-quiet"] as rule

_found(args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command("wget", args)])
}

test_reports_progress if {
	_found(["-O", "x", "https://example.com"]) == {"wget prints its progress into the log"}
}

test_accepts_less if {
	_found(["-qO-", "https://example.com"]) == set()
	_found(["-nv", "https://example.com"]) == set()
	_found(["--progress=dot:giga", "https://example.com"]) == set()
	_found(["--version"]) == set()
}
