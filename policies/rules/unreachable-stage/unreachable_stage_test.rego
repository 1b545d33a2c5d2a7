package gate.rules["unreachable-stage_test"]

import data.gate.rules["unreachable-stage"] as rule

_stage(index, name, reachable, target) := {
	"index": index,
	"name": name,
	"reachable": reachable,
	"target": target,
	"line": (3 * index) + 1,
	"end_line": (3 * index) + 3,
}

_found(stages) := {[found.message, found.fix, found.origin.line] | some found in found_} if {
	found_ := rule.violations with input.evidence as {"subject": {"name": "Dockerfile"}, "dockerfile": {"stages": stages}}
}

test_accepts_stages_that_are_used if _found([_stage(0, "build", true, false), _stage(1, null, true, true)]) == set()

test_reports_stages_that_are_not if {
	_found([_stage(0, "test", false, false), _stage(1, null, false, false), _stage(2, "final", true, true)]) == {
		[
			"stage test is not used by the target, stage final",
			"Remove stage test, copy from it, or build it on purpose with `--target`.",
			1,
		],
		[
			"stage 1 is not used by the target, stage final",
			"Remove stage 1, copy from it, or build it on purpose with `--target`.",
			4,
		],
	}
}

test_reports_without_a_target if {
	_found([_stage(0, "test", false, false)]) == {[
		"stage test is not used by the target",
		"Remove stage test, copy from it, or build it on purpose with `--target`.",
		1,
	]}
}
