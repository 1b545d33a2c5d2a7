"""A rule is silent about a Dockerfile in which none of its words stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gate.bundle.load import load
from gate.engine.triggers import roused

_BUNDLE = load()


def _document(*instructions: dict[str, Any], stages: bool = True) -> bytes:
    dockerfile = {"stages": [{"instructions": list(instructions)}] if stages else []}
    return json.dumps({"evidence": {"dockerfile": dockerfile}}).encode()


_COPY = {"cmd": "COPY", "flags": ["--chmod=755", "--from=0"]}
_RUN = {"cmd": "RUN", "commands": [{"program": "/usr/bin/python3.12", "wrappers": ["sudo", "env"]}, {"program": None}]}


@pytest.mark.parametrize(
    ("words", "awake"),
    [
        (["COPY"], True),
        (["--chmod"], True),
        (["--from", "x"], True),
        (["python3.12"], True),
        (["python*"], True),
        (["sudo"], True),
        (["copy"], False),
        (["--chown"], False),
        (["python"], False),
        (["ruby*"], False),
        (["/usr/bin/python3.12"], False),
    ],
)
def test_words_are_instructions_flags_programs_and_wrappers(words: list[str], awake: bool) -> None:
    assert roused(_document(_COPY, _RUN), ["a", "b"], {"a": words}) == (["a", "b"] if awake else ["b"])


@pytest.mark.parametrize(
    "document",
    [
        _document(stages=False),
        b'{"evidence": {"dockerfile": null}}',
        b'{"evidence": {}}',
        b'{"evidence": {"dockerfile": 3}}',
    ],
)
def test_what_cannot_be_read_rouses_every_rule(document: bytes) -> None:
    assert roused(document, ["a", "b"], {"a": ["COPY"]}) == ["a", "b"]


def test_only_rules_over_dockerfiles_wait_for_words() -> None:
    for rule in _BUNDLE.catalogue.values():
        assert not rule.only_with or (rule.kinds, rule.needs) == (["dockerfile"], ["dockerfile"]), rule.id
