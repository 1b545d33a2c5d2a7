"""A METADATA comment block as a strict map: every key is read on purpose, every error has its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from gate.errors import PolicyError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTRUCTOR: Any = SafeConstructor()
_TEXT = "tag:yaml.org,2002:str"
_LIST = "tag:yaml.org,2002:seq"
_REQUIRED: Any = object()
_DEEPEST = 100


class Block:
    """One YAML map of a METADATA block. ``line`` is the 1-based line of the file where it starts."""

    def __init__(self, path: str, shift: int, node: yaml.MappingNode) -> None:
        self.path = path
        self._shift = shift
        self.line = node.start_mark.line + shift
        self._nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in self._nodes:
                raise self._error(key, f"`{name}` is given twice")
            self._nodes[name] = value

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def only(self, *known: str) -> None:
        """Refuse any key not in ``known``."""
        for key, node in self._nodes.items():
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(known)}."
                raise self._error(node, f"unknown METADATA key `{key}`", hint)

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """A string that is not empty."""
        value = self._get(key, default)
        if not isinstance(value, str) or (not value.strip() and key in self):
            raise self.error(key, f"`{key}` is a text")
        return value.strip()

    def texts(self, key: str, default: Any = _REQUIRED) -> list[str]:
        """A list of strings without duplicates."""
        value = self._get(key, default)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self.error(key, f"`{key}` is a list of texts")
        if len(set(value)) != len(value):
            raise self.error(key, f"`{key}` lists something twice")
        return list(value)

    def choice(self, key: str, allowed: Sequence[str], default: Any = _REQUIRED) -> str:
        """One of ``allowed``."""
        value = self._get(key, default)
        if value not in allowed:
            raise self.error(key, f"`{key}` is one of {', '.join(allowed)}, not {value!r}")
        return str(value)

    def choices(self, key: str, allowed: Sequence[str], default: Any = _REQUIRED) -> list[str]:
        """A list of some of ``allowed``."""
        values = self.texts(key, default)
        for value in values:
            if value not in allowed:
                raise self.error(key, f"`{key}` knows {', '.join(allowed)}, not {value!r}")
        return values

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"`{key}` is true or false")
        return value

    def value(self, key: str) -> Any:
        """Whatever stands there; null when nothing does."""
        return self._get(key, None)

    def section(self, key: str) -> Block:
        """A map inside this one."""
        node = self._nodes.get(key)
        if not isinstance(node, yaml.MappingNode):
            raise self.error(key, f"`{key}` is a map" if node else f"METADATA lacks `{key}`")
        return Block(self.path, self._shift, node)

    def sections(self, key: str) -> Iterator[Block]:
        """A list of maps; no list is an empty one."""
        node = self._nodes.get(key)
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(key, f"`{key}` is a list")
        for entry in node.value:
            if not isinstance(entry, yaml.MappingNode):
                raise self._error(entry, f"`{key}` is a list of maps")
            yield Block(self.path, self._shift, entry)

    def error(self, key: str, message: str) -> PolicyError:
        """An error at a key, or at the block where the key is missing."""
        node = self._nodes.get(key)
        return PolicyError(message, where=f"{self.path}:{node.start_mark.line + self._shift if node else self.line}")

    def _error(self, node: yaml.Node, message: str, hint: str | None = None) -> PolicyError:
        return PolicyError(message, where=f"{self.path}:{node.start_mark.line + self._shift}", hint=hint)

    def _get(self, key: str, default: Any) -> Any:
        node = self._nodes.get(key)
        if node is None:
            if default is _REQUIRED:
                raise self.error(key, f"METADATA lacks `{key}`")
            return default
        try:
            return _plain(node)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise self.error(key, f"`{key}` cannot be read") from None


def before(path: str, text: str, package_line: int) -> Block | None:
    """The METADATA block right before the package line, or None; raises `PolicyError` where it is not YAML."""
    lines = text.splitlines()[: package_line - 1]
    while lines and not lines[-1].strip():
        lines.pop()
    end = len(lines)
    start = end
    while start and lines[start - 1].startswith("#"):
        start -= 1
    marks = [number for number in range(start, end) if lines[number].strip() == "# METADATA"]
    if not marks:
        return None
    first = marks[-1] + 1
    body = "\n".join(line[1:] for line in lines[first:end])
    try:
        check_depth(body)
        node = yaml.compose(body, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{(mark.line if mark else 0) + first + 1}"
        raise PolicyError(f"METADATA is not YAML: {error.problem}", where=where) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise PolicyError("METADATA is not YAML", where=f"{path}:{first + 1}") from None
    if not isinstance(node, yaml.MappingNode):
        raise PolicyError("METADATA is empty", where=f"{path}:{first}")
    return Block(path, first + 1, node)


def check_depth(text: str) -> None:
    """Refuse YAML that nests deeply, before libyaml makes nodes of it by recursion, and crashes.

    Raises `yaml.MarkedYAMLError`, as for other text that is not to be read.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                mark: Any = event.start_mark
                raise yaml.MarkedYAMLError(problem=f"more than {_DEEPEST} levels deep", problem_mark=mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _plain(node: yaml.Node) -> Any:
    """The value of a node by YAML's safe rules."""
    if isinstance(node, yaml.ScalarNode) and node.tag == _TEXT:
        return node.value
    if isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
        return [_plain(each) for each in node.value]
    return _CONSTRUCTOR.construct_document(node)
