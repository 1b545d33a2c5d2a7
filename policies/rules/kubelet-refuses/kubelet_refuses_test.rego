package gate.rules["kubelet-refuses_test"]

import data.gate.rules["kubelet-refuses"] as rule

_origin := {"kind": "pointer", "path": "", "pointer": "/spec/securityContext/runAsNonRoot", "line": null}

test_reports_every_predicted_refusal if {
	refusals := [{"message": "a", "origin": _origin}, {"message": "b", "origin": _origin}]
	found := {{"message": "a", "origin": _origin}, {"message": "b", "origin": _origin}}
	rule.violations == found with input as {"evidence": {"workload": {"refusals": refusals}}}
}

test_accepts_none if {
	rule.violations == set() with input as {"evidence": {"workload": {"refusals": []}}}
}
