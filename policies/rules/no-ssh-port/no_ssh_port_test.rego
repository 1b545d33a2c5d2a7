package gate.rules["no-ssh-port_test"]

import data.gate.lib.fixture
import data.gate.rules["no-ssh-port"] as rule

_expose(ports) := fixture.instruction("EXPOSE", 2, {"args": ports})

test_reports_port_22 if {
	found := {{"origin": fixture.at(2), "message": "port 22, of SSH, is exposed"}}
	rule.violations == found with input.evidence as fixture.single([_expose(["80/tcp", "22/tcp"])])
}

test_accepts_others if {
	rule.violations == set() with input.evidence as fixture.single([_expose(["2222/tcp", "22/udp"])])
}
