package gate.lib.files_test

import data.gate.lib.files
import data.gate.lib.fixture

_copy(line, args) := fixture.instruction("COPY", line, {"args": args})

_workdir(line, folder) := fixture.instruction("WORKDIR", line, {"args": [folder]})

_found(instructions) := [[copy.sources, copy.target, copy.folder] | some copy in found] if {
	found := files.copies with input.evidence as fixture.single(instructions)
}

test_targets_are_absolute_where_the_folder_is_written if {
	_found([_workdir(2, "/app"), _copy(3, ["a", "./b/"])]) == [[["a"], "/app/b", true]]
	_found([_copy(3, ["a", "."])]) == [[["a"], null, true]]
	_found([_copy(3, ["a", "b", "/x"])]) == [[["a", "b"], "/x", true]]
	_found([_copy(3, ["a", "/"])]) == [[["a"], "/", true]]
	_found([_copy(3, ["/etc/conf"])]) == [[[], "/etc/conf", false]]
	_found([_copy(3, [])]) == []
}

test_the_folder_is_inherited_from_a_stage if {
	stage := fixture.stage(0, {"config": {"workdir": "/srv"}})
	unknown := fixture.stage(1, {})
	scratch := fixture.stage(2, {"base": {"reference": "scratch", "stage": null}})
	evidence := fixture.dockerfile([stage, unknown, scratch])
	files.workdir({"base": {"stage": 0, "reference": null}, "instructions": []}, 9) == "/srv" with input.evidence as evidence
	files.workdir({"base": {"stage": 1, "reference": null}, "instructions": []}, 9) == null with input.evidence as evidence
	files.workdir(scratch, 9) == "/" with input.evidence as evidence
}

test_the_context_is_read_unless_something_else_is if {
	copies := [
		_copy(1, ["a", "/a"]),
		fixture.instruction("COPY", 2, {"args": ["a", "/a"], "source_stage": 0}),
		fixture.instruction("COPY", 3, {"args": ["a", "/a"], "source_image": "docker.io/library/nginx:1"}),
		fixture.instruction("COPY", 4, {"args": ["a", "/a"], "flags": ["--from=context"]}),
	]
	found := files.copies with input.evidence as fixture.single(copies)
	[copy.context | some copy in found] == [true, false, false, false]
	between := files.between with input.evidence as fixture.single(copies)
	[copy.instruction.line | some copy in between] == [2]
}

test_flags_have_values if {
	instruction := fixture.instruction("COPY", 1, {"flags": ["--link", "--chown=1:2"]})
	files.flag(instruction, "--chown") == "1:2"
	not files.flag(instruction, "--chmod")
}

test_paths if {
	files.within("/a/b", "/a")
	files.within("/a", "/a")
	files.within("/a", "/")
	not files.within("/ab", "/a")
	files.name("/a/b/") == "b"
}

test_chains if {
	stages := [fixture.stage(0, {}), fixture.stage(1, {"base": {"reference": null, "stage": 0}})]
	files.chain == {0: {0}, 1: {0, 1}} with input.evidence as fixture.dockerfile(stages)
}
