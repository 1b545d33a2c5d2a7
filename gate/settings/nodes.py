"""gate.yaml as a tree in which every value knows its line.

The tree is built from YAML events, so it is bounded while it is read: at most 1 MiB, 32 levels and 50,000 values,
with every use of an alias counted in full. Scalars keep their text as written; nothing is converted here.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gate.errors import SettingsError

LARGEST = 1_048_576
DEEPEST = 32
MOST_NODES = 50_000

ScalarType = Literal["str", "int", "float", "bool", "null", "timestamp", "other"]


class Scalar(msgspec.Struct, frozen=True):
    """One value as written. ``type`` is what YAML 1.1 would make of it; quoted text is always ``str``."""

    line: int
    text: str
    type: ScalarType
    size: int = 1


class Items(msgspec.Struct, frozen=True):
    """A list; ``size`` counts every value below it, itself included."""

    line: int
    items: tuple[Node, ...]
    size: int


class Fields(msgspec.Struct, frozen=True):
    """A mapping in written order; duplicate keys are still both there."""

    line: int
    entries: tuple[tuple[Scalar, Node], ...]
    size: int


Node = Scalar | Items | Fields


def parse(data: bytes, file: str) -> Node:
    """The one document of a YAML file.

    Raises `SettingsError` with ``file:line`` for text that is not UTF-8 or not YAML, more than one document, tags,
    keys that are lists or mappings, and anything beyond the bounds.
    """
    if len(data) > LARGEST:
        raise SettingsError("is larger than 1 MiB", where=file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError("is not UTF-8 text", where=f"{file}:{line}") from None
    return _Builder(file).build(text)


def from_plain(value: Any) -> Node:
    """The same tree from plain data, for tables that were read elsewhere; every line is 0."""
    if isinstance(value, dict):
        entries = tuple((Scalar(0, str(key), "str"), from_plain(item)) for key, item in value.items())
        return Fields(0, entries, 1 + sum(item.size for _, item in entries))
    if isinstance(value, list | tuple):
        items = tuple(from_plain(item) for item in value)
        return Items(0, items, 1 + sum(item.size for item in items))
    if isinstance(value, bool):
        return Scalar(0, "true" if value else "false", "bool")
    if value is None:
        return Scalar(0, "", "null")
    types: dict[type, ScalarType] = {str: "str", int: "int", float: "float"}
    return Scalar(0, str(value), types.get(type(value), "timestamp"))


class _Open:
    """A list or mapping whose end is not read yet."""

    __slots__ = ("anchor", "is_mapping", "line", "nodes", "size")

    def __init__(self, line: int, anchor: str | None, is_mapping: bool) -> None:
        self.line = line
        self.anchor = anchor
        self.is_mapping = is_mapping
        self.nodes: list[Node] = []
        self.size = 1


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.open: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.root: Node | None = None
        self.total = 0

    def build(self, text: str) -> Node:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            for event in yaml.parse(text, Loader=loader):
                self._take(yaml, event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line, text.count("\n")) + 1 if mark else 1
            raise self._error(line, f"is not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise self._error(1, f"is not YAML: {getattr(error, 'reason', error)}") from None
        return self.root if self.root is not None else Fields(1, (), 1)

    def _error(self, line: int, message: str, hint: str | None = None) -> SettingsError:
        return SettingsError(message, where=f"{self.file}:{line}", hint=hint)

    def _take(self, yaml: Any, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._no_tag(event, line)
            self._add(Scalar(line, event.value, _scalar_type(yaml, event)), event.anchor, line, 1)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._no_tag(event, line)
            if len(self.open) >= DEEPEST:
                raise self._error(line, f"is nested more than {DEEPEST} levels deep")
            self.open.append(_Open(line, event.anchor, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._error(line, f"alias *{event.anchor} names nothing written above it")
            node = self.anchors[event.anchor]
            self._add(node, None, line, node.size)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._error(line, "holds more than one YAML document", "keep one document, without a second '---'")

    def _no_tag(self, event: Any, line: int) -> None:
        if event.tag is not None:
            raise self._error(line, f"YAML tags such as {event.tag} are not used here", "write the plain value")

    def _add(self, node: Node, anchor: str | None, line: int, cost: int) -> None:
        self.total += cost
        if self.total > MOST_NODES:
            raise self._error(line, f"holds more than {MOST_NODES} values", "aliases count each time they are used")
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if parent.is_mapping and len(parent.nodes) % 2 == 0 and not isinstance(node, Scalar):
            raise self._error(line, "a key must be a plain word")
        parent.nodes.append(node)
        parent.size += node.size

    def _close(self) -> None:
        done = self.open.pop()
        node: Node
        if done.is_mapping:
            keys = [key for key in done.nodes[::2] if isinstance(key, Scalar)]
            node = Fields(done.line, tuple(zip(keys, done.nodes[1::2], strict=True)), done.size)
        else:
            node = Items(done.line, tuple(done.nodes), done.size)
        self._add(node, done.anchor, done.line, 1)


_TYPES: dict[str, ScalarType] = {
    "tag:yaml.org,2002:str": "str",
    "tag:yaml.org,2002:int": "int",
    "tag:yaml.org,2002:float": "float",
    "tag:yaml.org,2002:bool": "bool",
    "tag:yaml.org,2002:null": "null",
    "tag:yaml.org,2002:timestamp": "timestamp",
}


def _scalar_type(yaml: Any, event: Any) -> ScalarType:
    if not event.implicit[0]:
        return "str"
    resolvers = yaml.resolver.Resolver.yaml_implicit_resolvers
    for first in (event.value[:1], None):
        for tag, pattern in resolvers.get(first, ()):
            if pattern.match(event.value):
                return _TYPES.get(tag, "other")
    return "str"
