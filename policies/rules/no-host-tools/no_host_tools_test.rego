package gate.rules["no-host-tools_test"]

import data.gate.lib.fixture
import data.gate.rules["no-host-tools"] as rule

test_reports_tools_of_hosts if {
	found := {{"origin": fixture.at(2), "message": "service has no use in a build"}}
	rule.violations == found with input.evidence as fixture.ran([fixture.command("service", ["app", "start"])])
}

test_accepts_ssh_through_its_mount_and_others if {
	run := object.union(fixture.run(2, [fixture.command("ssh", ["x"])]), {"mounts": [{"type": "ssh", "target": null}]})
	rule.violations == set() with input.evidence as fixture.single([run])
	rule.violations == set() with input.evidence as fixture.ran([fixture.command("make", [])])
}
