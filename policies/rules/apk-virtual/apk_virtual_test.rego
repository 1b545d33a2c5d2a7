package gate.rules["apk-virtual_test"]

import data.gate.lib.fixture
import data.gate.rules["apk-virtual"] as rule

_found(add) := {each.message | some each in found} if {
	ran := [fixture.command("apk", add), fixture.command("make", []), fixture.command("apk", ["del", "gcc"])]
	found := rule.violations with input.evidence as fixture.ran(ran)
}

test_reports_packages_that_are_removed_by_name if {
	_found(["add", "gcc", "libpq"]) == {"this RUN adds and removes gcc by name"}
}

test_accepts_a_virtual_package_and_others if {
	_found(["add", "--virtual", ".deps", "gcc"]) == set()
	_found(["add", "libpq"]) == set()
}
