package gate.lib.dockerfile_test

import data.gate.lib.dockerfile

_evidence := {
	"subject": {"name": "Dockerfile"},
	"dockerfile": {
		"stages": [{"index": 0, "name": "build", "target": false}, {"index": 1, "name": null, "target": true}],
		"inputs": [{"reference": "a", "reachable": true}, {"reference": "b", "reachable": false}],
	},
}

test_lines if {
	origin := dockerfile.lines(1, 2) with input.evidence as _evidence
	origin == {"kind": "line", "path": "Dockerfile", "line": 1, "end_line": 2}
}

test_at_several_lines if {
	origin := dockerfile.at({"line": 1, "end_line": 3}) with input.evidence as _evidence
	origin == {"kind": "line", "path": "Dockerfile", "line": 1, "end_line": 3}
}

test_at_one_line if {
	origin := dockerfile.at({"line": 4, "end_line": null}) with input.evidence as _evidence
	origin == {"kind": "line", "path": "Dockerfile", "line": 4, "end_line": 4}
}

test_target if {
	target := dockerfile.target with input.evidence as _evidence
	target.index == 1
}

test_called if {
	got := [dockerfile.called(stage) | some stage in _evidence.dockerfile.stages]
	got == ["build", "1"]
}

test_inputs if {
	got := dockerfile.inputs with input.evidence as _evidence
	{one.reference | some one in got} == {"a"}
}
