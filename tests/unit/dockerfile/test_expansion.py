"""Variables, quotes and escapes expand as the table says, and hostile words end in an error."""

from __future__ import annotations

import pytest
from gate.evidence.dockerfile.expansion import Budget, Lexing, expand, expand_words
from gate.evidence.dockerfile.syntax import ExpansionError, TooCostlyError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets.dockerfiles.expansions import ENV, TEXTS, WORDS


@pytest.mark.parametrize("vector", TEXTS, ids=lambda vector: ascii(vector.word)[:40] + vector.escape)
def test_a_word_expands_to_its_text_and_names_what_was_unset(vector):
    if vector.text is None:
        with pytest.raises(ExpansionError):
            expand(vector.word, ENV, vector.escape)
    else:
        found = expand(vector.word, ENV, vector.escape)
        assert (found.text, found.unset) == (vector.text, vector.unset)


@pytest.mark.parametrize(("word", "words"), WORDS, ids=lambda value: ascii(value)[:40])
def test_a_word_splits_at_blanks_outside_quotes(word, words):
    if words is None:
        with pytest.raises(ExpansionError):
            expand_words(word, ENV)
    else:
        assert expand_words(word, ENV) == words


def test_names_are_reported_once_in_order_of_use():
    found = expand("$B${A:-$C}$B$D$E", {"B": "1", "E": ""})
    assert (found.used, found.unset) == (("B", "E"), ("C", "A", "D"))


def test_quotes_are_ordinary_in_bodies_of_here_documents():
    lexing = Lexing(quotes=False)
    assert expand("'$A' \"$A\" it's \\$A", {"A": "1"}, lexing=lexing).text == "'1' \"1\" it's $A"


@pytest.mark.parametrize(
    ("lexing", "text"),
    [
        (Lexing(keep_quotes=True), "'a' \"b\" c ${U:-d}"),
        (Lexing(keep_escapes=True), "a b \\c ${U:-d}"),
        (Lexing(keep_unset=True), "a b c ${U:-d}"),
        (Lexing(keep_quotes=True, keep_escapes=True, keep_unset=True), "'a' \"b\" \\c ${U:-d}"),
    ],
)
def test_variants_keep_what_they_say(lexing, text):
    expected = text if lexing.keep_unset else text.replace("${U:-d}", "d")
    assert expand("'a' \"b\" \\c ${U:-d}", {}, lexing=lexing).text == expected


@pytest.mark.parametrize("modifier", ["+x", ":+x", "-x", ":?x", "#a", "##a", "%a", "/a/b", "//a/b", ""])
def test_an_unset_reference_can_stay_as_written(modifier):
    word = "${U" + modifier + "}"
    assert expand(word, {}, lexing=Lexing(keep_unset=True)).text == word.replace("//a", "/a")


def test_the_message_of_a_required_variable_is_shown():
    with pytest.raises(ExpansionError, match="TAG: set it with --build-arg"):
        expand("${TAG:?set it with --build-arg}", {})


def test_messages_hold_no_control_characters():
    with pytest.raises(ExpansionError) as caught:
        expand("${A:?\x1b[31m\x07}", {})
    assert caught.value.message.isprintable()


def test_doubling_a_variable_ends_in_an_error_before_it_fills_the_memory():
    budget = Budget()
    value = "xxxxxxxxxxxxxxxx"
    with pytest.raises(TooCostlyError):
        for _ in range(64):
            value = expand("$A$A", {"A": value}, budget=budget).text
    assert len(value) < 10_000_000


@pytest.mark.parametrize("word", ["${A##*a*a*a*a*a*a*a*a*b}", "${A%%b*a*a*a*a*a*a*a*a*}", "${A//*a*a*a*a*a*a*a*b/x}"])
def test_a_pattern_that_would_backtrack_for_years_is_answered(word):
    assert expand(word, {"A": "a" * 300}).text == "a" * 300


def test_a_pattern_too_costly_for_the_budget_is_an_error():
    with pytest.raises(TooCostlyError):
        expand("${A//" + "*a" * 200 + "b/x}", {"A": "a" * 20_000})


def test_a_replacement_that_explodes_is_an_error():
    with pytest.raises(TooCostlyError):
        expand("${A///$B}", {"A": "a" * 3_000, "B": "b" * 3_000})


@pytest.mark.parametrize("unit", ["${A:-", '"${A:-', "${A/${"])
def test_nesting_without_end_is_an_error(unit):
    with pytest.raises(ExpansionError):
        expand(unit * 100_000, {})


def test_a_budget_is_shared_by_the_expansions_it_is_given_to():
    budget = Budget(25)
    assert expand("$A", {"A": "x" * 20}, budget=budget).text == "x" * 20
    with pytest.raises(TooCostlyError):
        expand("$A", {"A": "x" * 20}, budget=budget)


def test_a_character_that_may_be_a_letter_elsewhere_is_refused_after_a_name():
    with pytest.raises(ExpansionError, match="unassigned"):
        expand("$A\U0003fffd", {"A": "app"})
    assert expand("${A}\U0003fffd", {"A": "app"}).text == "app\U0003fffd"


words = st.text(alphabet="$${}:-+?#%/*\\`'\" abAé<0\udcff\ufeff\n", max_size=30)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(words, st.dictionaries(st.sampled_from(["a", "b", "A", "ab"]), words, max_size=3), st.sampled_from("\\`"))
def test_any_word_expands_or_is_refused(word, env, escape):
    for call in (expand, expand_words):
        try:
            call(word, env, escape)
        except ExpansionError as error:
            assert error.message.isprintable()


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_what_is_single_quoted_stays_as_it_is(text):
    plain = text.replace("'", "").replace("\udcff", "")
    try:
        plain.encode()
    except UnicodeEncodeError:
        return
    assert expand(f"'{plain}'", {"A": "x"}).text == plain
