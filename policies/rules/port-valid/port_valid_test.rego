package gate.rules["port-valid_test"]

import data.gate.lib.fixture
import data.gate.rules["port-valid"] as rule

_found(raw, args) := {each.message | some each in found} if {
	expose := fixture.instruction("EXPOSE", 2, {"raw": raw, "args": args})
	found := rule.violations with input.evidence as fixture.single([expose])
}

test_reports_hosts_protocols_and_zero if {
	_found("8080:80 53/UDP", ["80/tcp", "53/udp"]) == {
		"8080:80 names a host; EXPOSE publishes nothing",
		"the protocol of 53/UDP is not in lower case",
	}
	_found("0", ["0/tcp"]) == {"port 0 cannot be reached"}
}

test_accepts_ports_and_variables if {
	_found("80 53/udp 9000-9010 ${PORT:-80}/tcp", ["80/tcp", "53/udp"]) == set()
}
