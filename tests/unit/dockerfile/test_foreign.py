"""A Dockerfile in conftest's shape and in Trivy's. The first is compared with conftest itself in tests/behaviour."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gate.evidence.dockerfile import foreign


def _trivy(text: str) -> list[tuple[str, list[dict[str, Any]]]]:
    given = foreign.inputs(text.encode(), "a/Dockerfile", ["trivy"])
    assert given is not None
    return [(stage["Name"], stage["Commands"]) for stage in given["trivy"]["Stages"]]


def _command(text: str) -> dict[str, Any]:
    """The one instruction after FROM."""
    return _trivy(f"FROM a\n{text}")[0][1][1]


def test_a_command_has_all_of_trivys_keys() -> None:
    assert _command("RUN --network=none a \\\n b\n") == {
        "Cmd": "run",
        "SubCmd": "",
        "Flags": ["--network=none"],
        "Value": ["a  b"],
        "Original": "RUN --network=none a  b",
        "JSON": False,
        "Stage": 0,
        "Path": "a/Dockerfile",
        "StartLine": 2,
        "EndLine": 3,
    }


def test_stages_are_named_by_their_from_line_and_counted() -> None:
    stages = _trivy("ARG A\nFROM a AS b\nRUN c\nFROM  d\nfrom e\n")
    assert [(name, [(each["Cmd"], each["Stage"]) for each in commands]) for name, commands in stages] == [
        ("", [("arg", 0)]),
        ("a AS b", [("from", 0), ("run", 0)]),
        ("d", [("from", 1)]),
        ("from e", [("from", 2)]),
    ]


VALUES: list[tuple[str, tuple[str, list[str] | None, bool]]] = [
    ('RUN ["a", "b c"]', ("", ["a", "b c"], True)),
    ("ENTRYPOINT []", ("", None, True)),
    ("ENV a=b c='d e'", ("", ["a", "b", "=", "c", "'d e'", "="], False)),
    ("LABEL a b", ("", ["a", "b", ""], False)),
    ("ONBUILD Copy a b", ("Copy", ["a", "b"], False)),
    ("ONBUILD ENV a=b", ("ENV", ["a", "b", "="], False)),
    ('ONBUILD CMD ["a"]', ("CMD", ["a"], True)),
    ("HEALTHCHECK CMD a b", ("", ["CMD", "a b"], False)),
    ("COPY a b /c/", ("", ["a", "b", "/c/"], False)),
    ("RUN <<E\na\nb\nE", ("", ["a ; b"], False)),
    ("RUN <<-E\n\ta\n\tE", ("", ["a"], False)),
    ("RUN <<E\n#!/bin/x\nb\nE", ("", ["<<E\n#!/bin/x\nb\nE"], False)),
    ("RUN <<E cat\na\nE", ("", ["<<E cat\na\nE"], False)),
    ("COPY <<E <<F /d\n1\nE\n2\nF", ("", ["1"], False)),
    ("ONBUILD RUN <<E\na\nE", ("RUN", ["<<E"], False)),
]


@pytest.mark.parametrize(("text", "value"), VALUES, ids=[text for text, _ in VALUES])
def test_values_are_those_trivy_gives(text: str, value: tuple[str, list[str] | None, bool]) -> None:
    command = _command(f"{text}\n")
    assert (command["SubCmd"], command["Value"], command["JSON"]) == value


def test_the_original_of_a_here_document_has_its_body() -> None:
    assert _command("RUN <<E\na\nE\n")["Original"] == "RUN <<E\na\nE"


def test_comments_are_commands_of_conftests_and_count_with_what_follows() -> None:
    given = foreign.inputs(b"FROM a\n# c\nFROM b\nENV a b\n", "Dockerfile", ["conftest"])
    empty = {"SubCmd": "", "JSON": False}
    assert given == {
        "conftest": [
            {**empty, "Cmd": "from", "Flags": [], "Stage": 0, "Value": ["a"]},
            {**empty, "Cmd": "comment", "Flags": None, "Stage": 1, "Value": ["c"]},
            {**empty, "Cmd": "from", "Flags": [], "Stage": 1, "Value": ["b"]},
            {**empty, "Cmd": "env", "Flags": [], "Stage": 1, "Value": ["a", "b", ""]},
        ]
    }


@pytest.mark.parametrize("data", [b"", b"RUN a\n", b"FROM a\nLABEL x\n"])
def test_what_is_no_dockerfile_has_no_shape(data: bytes) -> None:
    assert foreign.inputs(data, "Dockerfile", ["conftest", "trivy"]) is None


def test_bytes_that_are_no_text_become_text() -> None:
    given = foreign.inputs(b"FROM a\n# \xff\nRUN \xff <<E\n\xff\nE\n", "Dockerfile", ["conftest", "trivy"])
    assert "\\ufffd" in json.dumps(given)
    json.dumps(given).encode()
    str(given).encode()
