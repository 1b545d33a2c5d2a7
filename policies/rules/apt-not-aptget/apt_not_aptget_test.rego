package gate.rules["apt-not-aptget_test"]

import data.gate.lib.fixture
import data.gate.rules["apt-not-aptget"] as rule

test_reports_apt if {
	found := {{"origin": fixture.at(2), "message": "apt is called; its command line is not stable"}}
	rule.violations == found with input.evidence as fixture.ran([fixture.command("apt", ["install", "-y", "curl"])])
}

test_accepts_apt_get if {
	rule.violations == set() with input.evidence as fixture.ran([fixture.command("apt-get", ["install", "curl"])])
}
