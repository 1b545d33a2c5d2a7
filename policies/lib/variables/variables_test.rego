package gate.lib.variables_test

import data.gate.lib.fixture
import data.gate.lib.variables

# The second stage is built on the first, the third on something else.
_evidence(first, second, third) := fixture.dockerfile([
	fixture.stage(0, {"instructions": first}),
	fixture.stage(1, {"base": {"reference": null, "stage": 0}, "instructions": second}),
	fixture.stage(2, {"target": true, "instructions": third}),
])

_read_after(line, first, second, third) if {
	evidence := _evidence(first, second, third)
	variables.read_after(0, line) with input.evidence as evidence
}

_named_after(line, first, second, third) if {
	evidence := _evidence(first, second, third)
	variables.named_after(0, line, "TAG") with input.evidence as evidence
}

test_commands_triggers_and_expanded_here_documents_read_variables if {
	_read_after(2, [fixture.run(3, [])], [], [])
	_read_after(2, [fixture.instruction("ONBUILD", 3, {})], [], [])
	_read_after(2, [fixture.instruction("COPY", 3, {"heredocs": [{"expand": true}]})], [], [])
	not _read_after(2, [fixture.instruction("COPY", 3, {"heredocs": [{"expand": false}]})], [], [])
}

test_only_what_comes_after_or_is_built_on_it_reads if {
	not _read_after(3, [fixture.run(3, [])], [], [])
	_read_after(3, [], [fixture.run(2, [])], [])
	not _read_after(3, [], [], [fixture.run(4, [])])
}

_label := fixture.instruction("LABEL", 4, {"raw": "version=${TAG}-slim"})

test_instructions_and_their_flags_name_variables if {
	_named_after(3, [_label], [], [])
	_named_after(3, [fixture.instruction("COPY", 4, {"flags": ["--from=$TAG"]})], [], [])
	not _named_after(3, [fixture.instruction("LABEL", 4, {"raw": "version=$TAGS"})], [], [])
}

test_only_what_comes_after_or_is_built_on_it_names if {
	not _named_after(4, [_label], [], [])
	_named_after(5, [], [_label], [])
	not _named_after(3, [], [], [_label])
}

test_words_are_what_can_be_a_name if {
	variables.words("a${TAG}-b_1") == {"a", "TAG", "b_1"}
	none := null
	not variables.words(none)
}
