package gate.rules["no-recommends_test"]

import data.gate.lib.fixture
import data.gate.rules["no-recommends"] as rule

_found(args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command("apt-get", args)])
}

test_reports_recommended_packages if {
	_found(["install", "-y", "curl"]) == {"apt-get install takes recommended packages along"}
}

test_accepts_the_flag_and_other_verbs if {
	_found(["install", "-y", "--no-install-recommends", "curl"]) == set()
	_found(["-o", "APT::Install-Recommends=0", "install", "curl"]) == set()
	_found(["build-dep", "curl"]) == set()
}

test_accepts_a_configuration_written_before if {
	written := fixture.instruction("RUN", 1, {"raw": "echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/x"})
	install := fixture.run(2, [fixture.command("apt-get", ["install", "curl"])])
	rule.violations == set() with input.evidence as fixture.single([written, install])
}

test_accepts_a_builder if {
	install := fixture.run(2, [fixture.command("apt-get", ["install", "gcc"])])
	stages := [fixture.stage(0, {"instructions": [install]}), fixture.stage(1, {"target": true})]
	rule.violations == set() with input.evidence as fixture.dockerfile(stages)
}
