"""Writes policies/schemas/input.json: what rules may read, for `opa check --schema`; ``--check`` only compares.

The evidence comes from its msgspec types, the parameters from the rules' METADATA. A rule that misspells either then
does not compile.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
from gate.bundle.catalogue import Parameter
from gate.bundle.load import load
from gate.evidence.model import Evidence

TARGET = Path(__file__).resolve().parent.parent / "policies" / "schemas" / "input.json"

_PATTERN = {
    "type": "object",
    "properties": {
        "image": {"type": "string"},
        "regex": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "not_tags": {"type": "array", "items": {"type": "string"}},
        "max_age": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "additionalProperties": False,
}
_URL = {
    "type": "object",
    "properties": {"url": {"type": "string"}, "regex": {"type": "string"}},
    "additionalProperties": False,
}
_AMOUNT = {
    "type": "object",
    "properties": {"bytes": {"type": "integer"}, "percent": {"type": "integer"}},
    "additionalProperties": False,
}
_ARRIVES_AS: dict[str, dict[str, Any]] = {
    "age": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "choice": {"type": "string"},
    "integer": {"type": "integer"},
    "patterns": {"type": "array", "items": _PATTERN},
    "size": {"type": "integer"},
    "size-or-percent": _AMOUNT,
    "string": {"type": "string"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "urls": {"type": "array", "items": _URL},
}


def schema() -> dict[str, Any]:
    """The schema of the engines' input document."""
    (root,), definitions = msgspec.json.schema_components([Evidence], ref_template="#/$defs/{name}")
    rules = load().catalogue
    return {
        "$schema": "http://json-schema.org/draft-07/schema",
        "$comment": "Made by docs/generate_schema.py.",
        "type": "object",
        "properties": {
            "evidence": _inlined(root, definitions),
            "today": {"type": "string"},
            "parameters": _map({name: _map(_all(rule.parameters)) for name, rule in rules.items()}),
            "rules": {"type": "object", "additionalProperties": _RULE},
        },
        "additionalProperties": False,
    }


_RULE = {
    "type": "object",
    "properties": {
        name: {"type": "array", "items": {"type": "string"}} for name in ("needs", "settled_on", "kinds", "parameters")
    },
    "additionalProperties": False,
}


def _map(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _all(parameters: dict[str, Parameter]) -> dict[str, Any]:
    return {name: _one(parameter) for name, parameter in parameters.items()}


def _one(parameter: Parameter) -> dict[str, Any]:
    shape = (
        {"type": "array", "items": _map(_all(parameter.items))}
        if parameter.type == "list"
        else _ARRIVES_AS[parameter.type]
    )
    return {"anyOf": [shape, {"type": "null"}]} if parameter.nullable else shape


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """The same without references, which OPA's checker does not follow inside `anyOf`, and closed."""
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    kept = {key: value for key, value in node.items() if key in _KEPT}
    inlined = {
        key: {name: _inlined(each, definitions) for name, each in value.items()}
        if key == "properties"
        else _inlined(value, definitions)
        for key, value in kept.items()
    }
    choices = [each for one in inlined.get("anyOf", ()) for each in one.get("anyOf", [one])]
    if choices:
        shapes = [each for each in choices if each.get("type") in {"object", "array"}]
        # OPA's checker gives up on a map that may be null; rules ask `is_object`, which it allows.
        inlined = {**inlined, "anyOf": shapes or choices}
        if len(inlined["anyOf"]) == 1:
            inlined = {**inlined, **inlined.pop("anyOf")[0]}
    if "properties" in inlined:
        inlined.setdefault("additionalProperties", False)
    if "enum" in inlined:
        inlined["type"] = "string"
    return inlined


_KEPT = ("type", "properties", "items", "anyOf", "enum", "additionalProperties", "prefixItems")


def main() -> int:
    """Write or, with ``--check``, compare; 1 when the file is out of date."""
    text = json.dumps(schema(), indent=1, sort_keys=True) + "\n"
    if "--check" in sys.argv[1:]:
        fresh = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
        print("fresh" if fresh else f"{TARGET.name} is out of date: python docs/generate_schema.py")
        return 0 if fresh else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
