package gate.rules["no-privilege-escalation_test"]

import data.gate.rules["no-privilege-escalation"] as rule

_origin := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0", "line": 6}

_input(security, role) := {"evidence": {"kind": "container", "workload": {
	"role": role,
	"security": security,
	"windows": false,
	"origin": _origin,
}}}

_escalation := {
	"origin": _origin,
	"message": "a process can gain privileges: allowPrivilegeEscalation is not false",
}

_privileged := {
	"origin": _origin,
	"message": "the container is privileged: root in it is root on the node",
	"fix": "Remove `privileged: true`; add the single capability that is needed.",
}

test_reports_escalation_that_is_not_forbidden if {
	every security in [{}, {"allowPrivilegeEscalation": true}, {"privileged": false}] {
		found := rule.violations with input as _input(security, "container")
		found == {_escalation}
	}
}

test_reports_a_privileged_container_once if {
	found := rule.violations with input as _input({"privileged": true}, "sidecar")
	found == {_privileged}
}

test_accepts_escalation_forbidden if {
	rule.violations == set() with input as _input({"allowPrivilegeEscalation": false}, "container")
}

test_accepts_a_volume if {
	rule.violations == set() with input as _input({}, "volume")
}
