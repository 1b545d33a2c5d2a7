"""Logical lines, directives and frontends."""

from __future__ import annotations

import pytest
from gate.evidence.dockerfile.directives import detect_frontend
from gate.evidence.dockerfile.lines import split
from gate.evidence.dockerfile.syntax import LogicalLine


def test_a_logical_line_keeps_its_text_and_where_each_part_came_from():
    found = split(b"\n# c\n  RUN a \\\n\n# in\n\tb\\ \nc  \n")
    assert found.lines == [
        LogicalLine("RUN a \tbc  ", 3, 7, segments=((0, 3), (6, 6), (8, 7)), comments=((2, "c"),)),
    ]
    assert found.comments == [(2, "c"), (5, "in")]
    assert found.warnings == ["line 4: empty continuation line in: RUN a \ufffdbc  "]


def test_splitting_asks_for_no_stage():
    assert [line.text for line in split(b"USER a\nNOPE b").lines] == ["USER a", "NOPE b"]


@pytest.mark.parametrize(
    ("data", "frontend"),
    [
        (b"FROM a\n", None),
        (b"", None),
        (b"# syntax=a/b:1\nFROM a\n", ("a/b:1", 1)),
        (b"#syntax=a/b:1", ("a/b:1", 1)),
        (b"# syntax = a/b:1 --opt x \n", ("a/b:1", 1)),
        (b"# SYNTAX=a\r\n", ("a", 1)),
        (b"#\xc2\xa0syntax=a\n", ("a", 1)),
        (b"\xef\xbb\xbf# syntax=a\n", ("a", 1)),
        (b"#!/usr/bin/env x\n# syntax=a\n", ("a", 2)),
        (b"\xef\xbb\xbf#!x\n# syntax=a\n", ("a", 2)),
        (b"#!x\n#!y\n# syntax=a\n", None),
        (b"# escape=`\n# check=skip=all\n# syntax=a\n", ("a", 3)),
        (b"# escape=`\n# escape=`\n# syntax=a\n", None),
        (b"# syntax=a\n# syntax=b\n", ("a", 1)),
        (b"# other=1\n# syntax=a\n", None),
        (b"# text\n# syntax=a\n", None),
        (b"\n# syntax=a\n", None),
        (b" # syntax=a\n", None),
        (b"#\n# syntax=a\n", None),
        (b"# syntax=\n", None),
        (b"# syntax=  \n", ("", 1)),
        (b"# syntax a\n", None),
        (b"// syntax=a\nanything", ("a", 1)),
        (b"//syntax=a", ("a", 1)),
        (b"#!x\n// syntax=a\n", ("a", 2)),
        (b"// escape=x\n// syntax=a\n", ("a", 2)),
        (b"# escape=`\n// syntax=a\n", None),
        (b"-- syntax=a\n", None),
        (b'{"syntax": "a/b c"}', ("a/b c", 1)),
        (b' \n {"x": [1, {}], "syntax": "a"}\n', ("a", 1)),
        (b'{"syntax": 1}', None),
        (b'{"Syntax": "a"}', None),
        (b'{"syntax": "a"} x', None),
        (b'{"syntax": "a"', None),
        (b'["syntax"]', None),
        (b'{"syntax":' * 5_000, None),
    ],
)
def test_a_frontend_is_found_where_buildkit_looks(data, frontend):
    assert detect_frontend(data) == frontend


def test_no_frontend_is_looked_for_in_a_file_that_is_refused_for_its_size():
    assert detect_frontend(b"# syntax=a\n" + b"#" * ((1 << 20) - 11)) == ("a", 1)
    assert detect_frontend(b"# syntax=a\n" + b"#" * (1 << 20)) is None
