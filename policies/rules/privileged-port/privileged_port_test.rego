package gate.rules["privileged-port_test"]

import data.gate.lib.fixture
import data.gate.rules["privileged-port"] as rule

_found(ports, root) := {each.message | some each in found} if {
	evidence := fixture.single([fixture.instruction("EXPOSE", 2, {"args": ports})])
	found := rule.violations with input.evidence as object.union(evidence, {"facts": {"user": {"root": root}}})
}

test_reports_low_ports_of_others if {
	_found(["80/tcp", "1024/tcp"], false) == {"port 80/tcp needs a privilege that a user other than root may lack"}
	count(_found(["1", "99", "999", "1023", "1019"], false)) == 5
}

test_accepts_root_unknown_users_and_high_ports if {
	_found(["80/tcp"], true) == set()
	_found(["80/tcp"], null) == set()
	_found(["1024", "8080", "0"], false) == set()
}
