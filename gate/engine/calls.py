"""What a policy calls, out of regorus' syntax tree: a builtin outside capabilities.json is refused before it runs.

regorus knows some builtins OPA lacks, differs in others, and leaves a few undefined without an error; a policy that
used one would be judged differently by the two engines, or reach the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gate.errors import PolicyError


def refuse_other_builtins(tree: Any, allowed: frozenset[str]) -> None:
    """Raise `PolicyError` with file and line at the first call of a builtin that is not ``allowed``.

    ``tree`` is ``Engine.get_ast_as_json()`` decoded: a list of modules.
    """
    for module in tree:
        own = _own_names(module["ast"], module["source"]["contents"].encode())
        for name, line in _calls(module["ast"]["rules"]):
            if name not in allowed and name.split(".", 1)[0] not in own:
                raise PolicyError(
                    f"{name} is not a function that gate's policies may call",
                    where=f"{module['source']['file']}:{line}",
                    hint="policies/capabilities.json lists what both engines share; the network, the clock and "
                    "cryptography belong to collectors.",
                )


def alias_of(imported: Any, source: bytes) -> str | None:
    """The name that an ``import ... as`` gives, of which the tree has only the place."""
    alias = imported.get("as")
    return source[alias["start"] : alias["end"]].decode() if alias else None


def _own_names(ast: Any, source: bytes) -> set[str]:
    """Names a call may begin with that are no builtin: data, imports, the module's own rules."""
    names = {"data", "input"}
    for each in ast["imports"]:
        names.add(alias_of(each, source) or _dotted(each["refr"]).rsplit(".", 1)[-1])
    for each in ast["rules"]:
        for kind in each.values():
            head = kind.get("head") or {}
            for shape in head.values():
                if isinstance(shape, dict) and "refr" in shape:
                    names.add(_dotted(shape["refr"]).split(".", 1)[0])
    return names


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            call = one.get("Call")
            if isinstance(call, dict) and "fcn" in call:
                yield _dotted(call["fcn"]), call["span"]["line"]
            stack += one.values()


def _dotted(ref: Any) -> str:
    if "Var" in ref:
        return str(ref["Var"]["value"])
    if "RefDot" in ref:
        return f"{_dotted(ref['RefDot']['refr'])}.{_text(ref['RefDot']['field'])}"
    if "RefBrack" in ref:
        index = ref["RefBrack"]["index"]
        return f"{_dotted(ref['RefBrack']['refr'])}.{index.get('String', {}).get('value', '?')}"
    return "?"


def _text(field: Any) -> str:
    return str(field[1]) if isinstance(field, list) else str(field.get("value", "?"))
