"""Find gate.yaml, read it, and say everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gate.errors import SettingsError
from gate.settings import grammar, labels
from gate.settings.files import UnreadableError, read_regular
from gate.settings.model import Environment, RuleSetting, Stance, Written
from gate.settings.nodes import LARGEST, Fields, Node, parse
from gate.settings.parameters import RuleLike, shape_of
from gate.settings.reading import Reading, Shape, suggest
from gate.settings.resolve import BUILT_IN, Settings

NAME = "gate.yaml"


def find(start: Path) -> Path | None:
    """The nearest gate.yaml, in ``start`` or above it."""
    for folder in (start, *start.parents):
        candidate = folder / NAME
        if candidate.exists():
            return candidate
    return None


def load(
    *,
    start: Path,
    catalogue: Mapping[str, RuleLike],
    defaults: Mapping[str, Any],
    path: Path | None = None,
) -> Settings:
    """The settings of one run: of ``path``, else of the gate.yaml found upwards from ``start``, else the defaults.

    Raises `SettingsError`; its ``others`` hold the mistakes after the first.
    """
    found = path or find(start)
    written = Written(root=start) if found is None else read(found, catalogue)
    return Settings(written, catalogue, defaults)


def read(path: Path, catalogue: Mapping[str, RuleLike] | None) -> Written:
    """One gate.yaml. Without a catalogue what it says of rules is not checked and not kept."""
    try:
        data = read_regular(path, LARGEST)
    except UnreadableError as error:
        raise SettingsError(f"cannot be read: {error}", where=str(path)) from None
    return parse_settings(data, path, catalogue)


def parse_settings(data: bytes, path: Path, catalogue: Mapping[str, RuleLike] | None) -> Written:
    """The content of a gate.yaml at ``path``."""
    reading = Reading(str(path))
    node = parse(data, str(path))
    sugar = sugar_shapes(catalogue)
    values = grammar.top(catalogue, sugar).read(reading, node, reading.title)
    if values is not None:
        values = _desugar(reading, node, values)
        _check_environments(reading, node, values)
        _check_registries(reading, node, values)
    reading.mistakes.sort(key=_line)
    reading.finish()
    values.pop("version")
    doubts = {key: values.pop(key) for key in Stance._fields if key in values}
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return Written(root=path.parent, path=path, digest=digest, stance=Stance(**doubts), **values)


def _line(error: SettingsError) -> int:
    tail = (error.where or "").rsplit(":", 1)[-1]
    return int(tail) if tail.isdigit() else 0


def sugar_shapes(catalogue: Mapping[str, RuleLike] | None) -> dict[str, Shape]:
    """The shapes of ``approved_bases`` and its like: those of the parameters they are short for."""
    shapes: dict[str, Shape] = {}
    for key, (rule, parameter) in grammar.SUGAR.items():
        described = catalogue[rule].parameters.get(parameter) if catalogue and rule in catalogue else None
        shapes[key] = _Ignored() if described is None else shape_of(described, key)
    return shapes


class _Ignored:
    """A key whose rule is not loaded."""

    def read(self, reading: Reading, node: Node, name: str) -> None:
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "array"}


def _desugar(reading: Reading, node: Node, values: dict[str, Any]) -> dict[str, Any]:
    """Move ``approved_bases`` and its like to the rules they are short for; saying both is a mistake."""
    rules: dict[str, RuleSetting] = dict(values.get("rules") or {})
    for key, (rule, parameter) in grammar.SUGAR.items():
        value = values.pop(key, None)
        if value is None:
            continue
        own = rules.get(rule, RuleSetting())
        if parameter in own.parameters:
            message = f"{key} and rules.{rule}.{parameter} say the same thing twice"
            reading.mistakes.append(reading.error(_key(node, key), message, "keep one of them"))
        rules[rule] = RuleSetting(level=own.level, roles=own.roles, parameters={**own.parameters, parameter: value})
    return {**values, "rules": rules}


def _key(node: Node, key: str) -> Node:
    entries = node.entries if isinstance(node, Fields) else ()
    return next((name for name, _ in entries if name.text == key), node)


def _check_environments(reading: Reading, node: Node, values: dict[str, Any]) -> None:
    """Names are unique and known, and exactly the last environment is the catch-all."""
    environments: list[Environment] = values.get("environments") or []
    at = _key(node, "environments")
    names = [environment.name for environment in environments]
    for message, hint in labels.mistakes(environments, values.get("environment_label")):
        reading.mistakes.append(reading.error(at, message, hint))
    for name in sorted({name for name in names if names.count(name) > 1}):
        reading.mistakes.append(reading.error(at, f'environment "{name}" is there twice'))
    for environment in environments[:-1]:
        if _ANY in environment.namespaces:
            message = f'environment "{environment.name}" matches every namespace, so those after it never hold'
            reading.mistakes.append(reading.error(at, message, "put it last"))
    if environments and _ANY not in environments[-1].namespaces:
        message = f'the last environment, "{environments[-1].name}", must hold for every other namespace'
        reading.mistakes.append(reading.error(at, message, 'give it namespaces: ["*"]'))
    known = [*names, *BUILT_IN]
    asked: list[tuple[Node, str | None]] = [(_key(node, "environment"), values.get("environment"))]
    asked += [(_key(node, "builds"), build.environment) for build in values.get("builds") or []]
    for place, wanted in asked:
        if wanted is not None and wanted not in known:
            hint = suggest(wanted, known) or f"environments are {', '.join(known)}"
            reading.mistakes.append(reading.error(place, f'no environment is called "{wanted}"', hint))


def _check_registries(reading: Reading, node: Node, values: dict[str, Any]) -> None:
    """Each registry has one row: of two, which one holds would be a guess."""
    hosts = [row.host for row in values.get("registries") or []]
    for host in sorted({host for host in hosts if hosts.count(host) > 1}):
        reading.mistakes.append(reading.error(_key(node, "registries"), f'registry "{host}" is there twice'))


_ANY = "^.*$"
