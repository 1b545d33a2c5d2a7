package gate.rules["env-self-reference_test"]

import data.gate.lib.fixture
import data.gate.rules["env-self-reference"] as rule

_found(raw, pairs, unresolved) := {each.message | some each in found} if {
	env := fixture.instruction("ENV", 2, {"raw": raw, "pairs": pairs, "unresolved": unresolved})
	found := rule.violations with input.evidence as fixture.single([env])
}

test_reports_a_use_in_the_same_instruction if {
	said := {"B uses A, which this ENV sets: it is still empty here"}
	_found("A=1 B=$A/x", [["A", "1"], ["B", "/x"]], ["A"]) == said
	_found("A=1 B=${A}", [["A", "1"], ["B", ""]], ["A"]) == said
}

test_reports_a_variable_that_is_set_twice if {
	_found("A=1 A=2", [["A", "1"], ["A", "2"]], []) == {"this ENV sets A twice"}
}

test_accepts_itself_others_and_known_ones if {
	_found("A=/x:$A B=1", [["A", "/x:"], ["B", "1"]], ["A"]) == set()
	_found("A=1 B=$AB", [["A", "1"], ["B", ""]], ["AB"]) == set()
	_found("A=1 B=$A", [["A", "1"], ["B", "0"]], []) == set()
}

test_accepts_a_default_beside_it if {
	_found("A=1 B=${A:-x} C=${A-x} D=${A:?x}", [["A", "1"], ["B", "x"], ["C", "x"], ["D", ""]], ["A"]) == set()
	_found("A=1 B=${A:+x}", [["A", "1"], ["B", ""]], ["A"]) == {"B uses A, which this ENV sets: it is still empty here"}
}

_argument(line) := fixture.instruction("ARG", line, {"pairs": [["A", null]]})

test_accepts_an_argument_before_it if {
	env := fixture.instruction("ENV", 2, {"raw": "A=$A B=$A", "pairs": [["A", ""], ["B", ""]], "unresolved": ["A"]})
	rule.violations == set() with input.evidence as fixture.single([_argument(1), env])
	count(rule.violations) == 1 with input.evidence as fixture.single([env, _argument(3)])
}
