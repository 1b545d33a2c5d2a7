package gate.rules["merge-runs_test"]

import data.gate.lib.fixture
import data.gate.rules["merge-runs"] as rule

_run(line, count_) := fixture.run(line, [fixture.command("a", []) | some _ in numbers.range(1, count_)])

_found(instructions) := {each.origin.line | some each in found} if {
	found := rule.violations with input.evidence as fixture.single(instructions)
}

test_reports_short_runs_in_a_row if {
	_found([_run(2, 1), _run(3, 1), _run(4, 1)]) == {3, 4}
}

test_accepts_others_between_long_ones_and_other_mounts if {
	_found([_run(2, 1), fixture.instruction("COPY", 3, {}), _run(4, 1)]) == set()
	_found([_run(2, 2), _run(3, 1)]) == set()
	_found([_run(2, 1), object.union(_run(3, 1), {"mounts": [{"type": "cache", "target": "/x"}]})]) == set()
}
