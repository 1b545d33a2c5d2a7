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

_from(stage, raw, base) := object.union(stage, {"base": {"raw": raw, "stage": base}})

test_accepts_what_another_argument_chooses if {
	copies := {"instructions": [{"source_stage": 0, "mounts": []}]}
	mounts := {"instructions": [{"source_stage": null, "mounts": [{"stage": 1}]}]}
	_found([
		_from(_stage(0, "copied", false, false), "alpine", null),
		_from(_stage(1, "mounted", false, false), "alpine", null),
		_from(object.union(_stage(2, "bin-windows", false, false), copies), "alpine", null),
		_from(object.union(_stage(3, "Bin-darwin", false, false), mounts), "alpine", null),
		_from(_stage(4, "bin-linux", true, false), "alpine", null),
		_from(_stage(5, null, true, true), "bin-${TARGETOS:-linux}", 4),
	]) == set()
}

test_reports_what_no_argument_chooses if {
	count(_found([
		_from(_stage(0, "lint", false, false), "alpine", null),
		_from(_stage(1, null, false, false), "alpine", null),
		_from(_stage(2, "bin-linux", true, false), "alpine", null),
		_from(_stage(3, null, true, true), "bin-$TARGETOS", 2),
	])) == 2
	count(_found([
		_from(_stage(0, "build", false, false), "alpine", null),
		_from(_stage(1, null, true, true), "$BASE", null),
	])) == 1
	count(_found([
		_from(_stage(0, "build", false, false), "alpine", null),
		_from(_stage(1, "base", true, false), "alpine", null),
		_from(_stage(2, null, true, true), "base", 1),
	])) == 1
}
