package gate.rules["drop-capabilities_test"]

import data.gate.rules["drop-capabilities"] as rule

_origin := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0", "line": 6}

_input(security, role) := {
	"evidence": {"kind": "container", "workload": {
		"role": role,
		"security": security,
		"windows": false,
		"origin": _origin,
	}},
	"parameters": {"drop-capabilities": {"allowed": ["NET_BIND_SERVICE"]}},
}

_kept := {"origin": _origin, "message": "not all capabilities are dropped"}

_added(names) := {
	"origin": _origin,
	"message": sprintf("capabilities are added that are not allowed: %s", [names]),
	"fix": "Remove them from `securityContext.capabilities.add`.",
}

test_reports_capabilities_kept if {
	every security in [{}, {"capabilities": {}}, {"capabilities": {"drop": ["NET_RAW"]}}] {
		found := rule.violations with input as _input(security, "container")
		found == {_kept}
	}
}

test_reports_capabilities_added if {
	security := {"capabilities": {"drop": ["all"], "add": ["SYS_ADMIN", "cap_net_raw", "NET_BIND_SERVICE"]}}
	found := rule.violations with input as _input(security, "init")
	found == {_added("NET_RAW, SYS_ADMIN")}
}

test_reports_both if {
	security := {"capabilities": {"add": ["SYS_PTRACE"]}}
	found := rule.violations with input as _input(security, "container")
	found == {_kept, _added("SYS_PTRACE")}
}

test_accepts_all_dropped_and_one_allowed if {
	security := {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
	rule.violations == set() with input as _input(security, "container")
}

test_accepts_a_volume if {
	rule.violations == set() with input as _input({}, "volume")
}
