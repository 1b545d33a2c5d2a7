"""Which Rego a policy is written in."""

from __future__ import annotations

import pytest
from gate.dialect import is_v0

OLD = [
    "package main\ndeny[msg] {\n  msg := 1\n}\n",
    "package main\nwarn[msg] { msg := 1 }\n",
    'package main\nviolation_x["a"]\ndeny["b"] = 1\n',
    "package main\nimport future.keywords.in\nhelper(x) {\n  x\n}\n",
    "package main\nnames(x) = y {\n  y := x\n}\n",
    "package main\nallowed {\n  input\n}\n",
    "package main\nlevel = 3 { input }\n",
]
NEW = [
    "package main\nimport rego.v1\ndeny contains 1 if input\n",
    "package main\ndeny contains msg if {\n  msg := 1\n}\n",
    'package main\nsizes := {\n  "a": 1,\n}\nmore = {1}\nof(x) := {x}\nby[x] := {1} if x := 2\n',
    "package main\nxs := [x |\n  x := 1\n]\nhelper(x) if {\n  x\n} else := {1} if x\n",
    "package main\nimport rego.v1\n# deny[msg] {\n",
    "package gate.rules.x\ndeny[msg] {\n  msg := 1\n}\n",
]


@pytest.mark.parametrize(("text", "old"), [*((text, True) for text in OLD), *((text, False) for text in NEW)])
def test_rules_that_version_1_refuses_are_version_0(text: str, old: bool) -> None:
    assert is_v0(text) is old
