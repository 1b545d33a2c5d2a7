"""Manifests as people write them: many YAML documents, ``List`` objects, JSON; with a line for every JSON pointer.

The reading is strict where Kubernetes' own is: duplicate keys are an error (the API server's strict decoding and
kubectl refuse them too), so that gate never judges another value than the one that is applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from gate.errors import ForeignManifestError, ManifestError

MAX_BYTES = 20_000_000
MAX_NODES = 500_000
MAX_DEPTH = 200

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """One Kubernetes object. ``lines`` maps JSON pointers inside it to 1-based lines; ``line`` is its first."""

    path: str
    line: int
    obj: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)


def read_manifests(data: bytes, path: str) -> list[ManifestObject]:
    """All objects of a file, the items of ``List`` objects apart.

    Raises `ManifestError` with ``path:line`` for anything that is not a stream of Kubernetes objects, for duplicate
    keys, and for files over 20 MB, 500,000 nodes (aliases counted each time) or 200 levels.
    """
    if len(data) > MAX_BYTES:
        raise ManifestError(f"the file has {len(data):,} bytes; gate reads at most {MAX_BYTES:,}", where=path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"not UTF-8 text (byte {error.start})", where=path) from error
    found: list[ManifestObject] = []
    _check_depth(text, path)
    foreign: list[int] = []
    loader = _Loader(text)
    try:
        while loader.check_node():
            found += _objects(loader.get_node(), path, foreign)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or "not valid YAML"
        where = f"{path}:{mark.line + 1}" if mark else path
        if "{{" in text:
            hint = "this looks like a template: render it first, for example helm template . | gate check manifest:-"
            raise ForeignManifestError(f"not valid YAML: {problem}", where=where, hint=hint) from error
        raise ManifestError(f"not valid YAML: {problem}", where=where) from error
    except RecursionError as error:
        raise ManifestError(f"more than {MAX_DEPTH} levels deep", where=path) from error
    finally:
        loader.dispose()
    if foreign:
        raise (ManifestError if found else ForeignManifestError)(
            "not a Kubernetes object: it has no apiVersion and kind",
            where=f"{path}:{foreign[0]}",
            hint="name Kubernetes manifests only; exclude other YAML with exclude: in gate.yaml",
        )
    return found


def _check_depth(text: str, path: str) -> None:
    """Refuse deep nesting before nodes are made: libyaml does that by recursion, and crashes at some depth."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    where = f"{path}:{event.start_mark.line + 1}" if event.start_mark else path
                    raise ManifestError(f"more than {MAX_DEPTH} levels deep", where=where)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # said with its place when the nodes are made


def _objects(node: yaml.Node, path: str, foreign: list[int]) -> Iterator[ManifestObject]:
    """The objects of one document; the lines of what is none are added to ``foreign``."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null":
        return
    line = node.start_mark.line + 1
    reader = _Reader(path)
    obj = reader.value(node, "", 0)
    if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str) or "apiVersion" not in obj:
        foreign.append(line)
        return
    yield from _flat(ManifestObject(path=path, line=line, obj=obj, lines=reader.lines))


def _flat(found: ManifestObject) -> Iterator[ManifestObject]:
    """An object, or all that a list of objects holds: lists in lists as well, as kubectl applies them."""
    kind, items = found.obj["kind"], found.obj.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield found
        return
    lines: dict[str, dict[str, int]] = {}
    for pointer, number in found.lines.items():
        if pointer.startswith("/items/"):
            position, slash, rest = pointer[7:].partition("/")
            lines.setdefault(position, {})[slash + rest] = number
    for index, item in enumerate(items):
        if not isinstance(item, dict) or not isinstance(item.get("kind"), str):
            where = f"{found.path}:{found.line}"
            raise ManifestError(f"item {index} of the {kind} is not a Kubernetes object", where=where)
        own = lines.get(str(index), {})
        yield from _flat(ManifestObject(path=found.path, line=own.get("", found.line), obj=item, lines=own))


class _Reader:
    """Turns YAML nodes into JSON values, and notes the line of each pointer."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[str, int] = {}
        self._constructor = yaml.constructor.SafeConstructor()
        self._nodes = 0

    def value(self, node: yaml.Node, pointer: str, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(f"more than {MAX_NODES:,} values, aliases counted each time", node)
        if depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} levels deep", node)
        self.lines.setdefault(pointer, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{pointer}/{position}", depth + 1) for position, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error("a key is not text", key_node)
            key = str(key_node.value)
            if key in found:
                raise self._error(f"the key {key!r} is here twice", key_node)
            here = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            self.lines[here] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, here, depth + 1)
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                raise self._error("a merge key (<<) needs a mapping", source)
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise self._error(f"more than {MAX_NODES:,} values, aliases counted each time", source)
            for key, value in self._mapping(source, pointer, depth + 1).items():
                found.setdefault(key, value)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            return self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self._error(f"cannot read the value {str(node.value)[:60]!r}", node) from error

    def _error(self, message: str, node: yaml.Node) -> ManifestError:
        return ManifestError(message, where=f"{self.path}:{node.start_mark.line + 1}")
