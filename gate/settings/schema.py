"""The JSON Schema of gate.yaml, for editors; made from the same shapes that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.settings.grammar import RulesShape, top
from gate.settings.load import sugar_shapes
from gate.settings.parameters import RuleLike
from gate.settings.shapes import ImagePattern

ID = "https://github.com/gate-images/gate/raw/main/docs/schemas/gate.yaml.schema.json"


def schema(catalogue: Mapping[str, RuleLike]) -> dict[str, Any]:
    """JSON Schema, draft 2020-12, for the rules of a catalogue; custom rules may have any parameter."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "gate.yaml",
        **top(catalogue, sugar_shapes(catalogue)).schema(),
        "$defs": {"rules": RulesShape(catalogue).definition(), "pattern": ImagePattern().definition()},
    }
