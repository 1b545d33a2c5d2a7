"""Documents on their way to an engine."""

from __future__ import annotations

import json

from gate.engine import protocol


def test_asking_for_fewer_rules_changes_nothing_else() -> None:
    whole = {
        "evidence": {"kind": "dockerfile"},
        "today": "2026-11-21",
        "foreign": {"trivy": {"Stages": []}},
        "parameters": {"a": {"x": 1}, "b": {}},
        "rules": {"a": {"needs": []}, "b": {"needs": ["user"]}},
    }
    asked = json.loads(protocol.restrict(json.dumps(whole).encode(), ["b"]))
    assert asked == {**whole, "rules": {"b": {"needs": ["user"]}}}
