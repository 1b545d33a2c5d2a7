package gate.rules["no-dist-upgrade_test"]

import data.gate.lib.fixture
import data.gate.rules["no-dist-upgrade"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_upgrades_of_everything if {
	_found("apt-get", ["-y", "dist-upgrade"]) == {"apt-get dist-upgrade upgrades everything"}
	_found("apk", ["upgrade", "--no-cache"]) == {"apk upgrade upgrades everything"}
	_found("yum", ["-y", "update"]) == {"yum update upgrades everything"}
}

test_accepts_the_upgrade_of_one_package_and_updates_of_lists if {
	_found("apk", ["upgrade", "openssl"]) == set()
	_found("dnf", ["-y", "update", "openssl"]) == set()
	_found("apt-get", ["update"]) == set()
	_found("apk", ["update"]) == set()
}
