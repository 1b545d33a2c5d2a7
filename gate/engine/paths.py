"""What a custom policy reads of its input, out of regorus' syntax tree: a path that no document has is refused.

In Rego such a path is silently undefined, so a rule that misspells one finds nothing, for ever. Followed are references
that begin with ``input``, with an import of it, or with a variable that is bound once in its rule, by ``:=`` or ``some
.. in``, to such a reference. What is computed (``input[x]``) may be anything the schema has there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from gate.engine.calls import alias_of
from gate.errors import PolicyError

__all__ = ["Typed", "refuse_absent_paths"]

_Options = list[Mapping[str, Any]]
"""The schemas of which one describes a value; null where it may be anything."""


class Typed(NamedTuple):
    """The policies to check, by path, and the JSON Schema of their input as text: properties, items and anyOf only."""

    files: frozenset[str]
    schema: str


def refuse_absent_paths(tree: Any, typed: Typed) -> None:
    """Raise `PolicyError` with file and line at the first path that the schema does not have.

    ``tree`` is ``Engine.get_ast_as_json()`` decoded: a list of modules. Parameters may have any name: those of custom
    rules are the team's own.
    """
    schema = msgspec.json.decode(typed.schema)
    schema["properties"]["parameters"] = {"type": "object"}
    for module in tree:
        file = module["source"]["file"]
        if file not in typed.files:
            continue
        source = module["source"]["contents"].encode()
        imports = {alias_of(each, source) or _last(each["refr"]): each["refr"] for each in module["ast"]["imports"]}
        for rule in module["ast"]["rules"]:
            _Rule(file, schema, imports, rule).check()


class _Rule:
    """One rule: what its variables are bound to, and the references in it."""

    def __init__(self, file: str, schema: Mapping[str, Any], imports: Mapping[str, Any], rule: Any) -> None:
        self._file = file
        self._rule = rule
        self._bound: dict[str, _Options | None] = {"input": [schema]}
        self._waiting: dict[str, tuple[Any, bool] | None] = {name: (ref, False) for name, ref in imports.items()}
        for name, ref, element in _bindings(rule):
            self._waiting[name] = None if name in self._waiting else (ref, element)

    def check(self) -> None:
        """Raise `PolicyError` at the first reference that leads nowhere."""
        for node in _nodes(self._rule):
            if "RefDot" in node or "RefBrack" in node:
                self._value(node)

    def _value(self, node: Any) -> _Options | None:
        """What a reference may be."""
        if "Var" in node:
            return self._variable(str(node["Var"]["value"]))
        if "RefDot" in node:
            ref = node["RefDot"]
            return self._member(ref["refr"], _text(ref["field"]), ref["span"]["line"])
        if "RefBrack" in node:
            ref = node["RefBrack"]
            if "String" in ref["index"]:
                return self._member(ref["refr"], str(ref["index"]["String"]["value"]), ref["span"]["line"])
            found = self._value(ref["refr"])
            return None if found is None else _elements(found)
        return None

    def _variable(self, name: str) -> _Options | None:
        if name in self._bound:
            return self._bound[name]
        binding = self._waiting.pop(name, None)
        self._bound[name] = None  # while it is being found out, and where it is not bound as said above
        if binding is not None:
            value = self._value(binding[0])
            self._bound[name] = _elements(value) if binding[1] and value is not None else value
        return self._bound[name]

    def _member(self, node: Any, name: str, line: int) -> _Options | None:
        options = self._value(node)
        if options is None:
            return None
        found: _Options = []
        names: set[str] = set()
        for each in options:
            own = each.get("properties", {})
            names |= own.keys()
            if name in own:
                found += _options(own[name])
            elif _is_open(each):
                return None
            elif isinstance(each.get("additionalProperties"), Mapping):
                found += _options(each["additionalProperties"])
        if not found:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(sorted(names)) or 'no names'}"
            raise PolicyError(
                f'{_shown(node)} has nothing called "{name}", so this never finds anything',
                where=f"{self._file}:{line}",
                hint=hint,
            )
        return None if any(_is_any(each) for each in found) else found


def _bindings(rule: Any) -> Iterator[tuple[str, Any, bool]]:
    """(variable, what it is bound to, whether to an element of that) of a rule."""
    for node in _nodes(rule):
        assign, some = node.get("AssignExpr"), node.get("SomeIn")
        if isinstance(assign, dict) and assign.get("op") == "ColEq" and "Var" in assign["lhs"]:
            yield str(assign["lhs"]["Var"]["value"]), assign["rhs"], False
        elif isinstance(some, dict):
            if "Var" in some["value"]:
                yield str(some["value"]["Var"]["value"]), some["collection"], True
            if some.get("key") and "Var" in some["key"]:
                yield str(some["key"]["Var"]["value"]), {}, False


def _nodes(root: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the tree, in the order written."""
    stack = [root]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += reversed(one)
        elif isinstance(one, dict):
            yield one
            stack += reversed(one.values())


def _options(schema: Mapping[str, Any]) -> _Options:
    """A schema and its alternatives."""
    found: _Options = [schema]
    for each in schema.get("anyOf", ()):
        found += _options(each)
    return found


def _elements(options: _Options) -> _Options | None:
    """What any element of a list, or any value of an object, may be."""
    found: _Options = []
    for each in options:
        if _is_open(each):
            return None
        inner = [*each.get("properties", {}).values(), *each.get("prefixItems", ())]
        inner += [each[key] for key in ("items", "additionalProperties") if isinstance(each.get(key), Mapping)]
        for one in inner:
            found += _options(one)
    return None if any(_is_any(each) for each in found) else found


def _is_any(schema: Mapping[str, Any]) -> bool:
    """Whether a schema says nothing."""
    return not (schema.keys() & {"type", "properties", "items", "anyOf", "enum", "const"})


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Whether an object may have members the schema does not name, and may be any."""
    if schema.get("type") != "object" and "properties" not in schema:
        return _is_any(schema)
    more = schema.get("additionalProperties", True)
    return more is True or (isinstance(more, Mapping) and _is_any(more) and "anyOf" not in more)


def _text(field: Any) -> str:
    return str(field[1]) if isinstance(field, list) else str(field.get("value", "?"))


def _last(ref: Any) -> str:
    return _text(ref["RefDot"]["field"]) if "RefDot" in ref else str(ref.get("Var", {}).get("value", "?"))


def _shown(node: Any) -> str:
    """A reference as it is written, for a message."""
    if "Var" in node:
        return str(node["Var"]["value"])
    if "RefDot" in node:
        return f"{_shown(node['RefDot']['refr'])}.{_text(node['RefDot']['field'])}"
    if "RefBrack" in node:
        index = node["RefBrack"]["index"]
        inside: Any = next(iter(index.values()), None)
        text = str(inside.get("value", "_")) if isinstance(inside, dict) else "_"
        return f"{_shown(node['RefBrack']['refr'])}[{text}]"
    return "it"
