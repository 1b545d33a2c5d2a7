"""Text made printable: one line, nothing a terminal acts on, bounded, and recognisable."""

from __future__ import annotations

import pytest
from gate.report import plain
from hypothesis import given
from hypothesis import strategies as st


@given(text=st.text(st.characters(exclude_categories=()), max_size=200), longest=st.integers(1, 300))
def test_whatever_goes_in_one_printable_line_of_bounded_length_comes_out(text: str, longest: int) -> None:
    for shown in (plain.line(text, longest), plain.source(text, longest)):
        assert shown.isprintable()
        assert len(shown) <= longest


@given(text=st.text(st.characters(categories=("L", "N", "P", "S")), max_size=100))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert plain.line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb\tc", "a b c"),
        ("a\udcffb", "a\\xffb"),
        ("a\U000e0001b", "a\\ue0001b"),
        ("a\x00b", "a\\x00b"),
    ],
)
def test_what_is_not_printable_is_spelled_out(text: str, shown: str) -> None:
    assert plain.line(text) == shown


def test_tabs_of_a_source_line_become_columns() -> None:
    assert plain.source("\tRUN\tx\r\n", 80) == "    RUN x"
