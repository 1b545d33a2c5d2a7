"""One file being read: where its mistakes are noted, and what a value of it may be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Protocol

from gate.errors import SettingsError
from gate.settings.nodes import Items, Node, Scalar


class Reading:
    """One file being read: its name, and the mistakes found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[SettingsError] = []

    @property
    def title(self) -> str:
        """What a message calls the file as a whole."""
        return PurePath(self.file).name

    def error(self, node: Node, message: str, hint: str | None = None) -> SettingsError:
        """A mistake at a node; raise it, or leave it to `attempt`."""
        where = f"{self.file}:{node.line}" if node.line else self.file
        return SettingsError(message, where=where, hint=hint)

    def attempt(self, shape: Shape, node: Node, name: str) -> Any:
        """The value of a node, or None after noting the mistake."""
        try:
            return shape.read(self, node, name)
        except SettingsError as error:
            self.mistakes.append(error)
            return None

    def finish(self) -> None:
        """Raise the mistakes as one `SettingsError`, in the order of their lines."""
        if self.mistakes:
            first, *others = self.mistakes
            raise SettingsError(first.message, where=first.where, hint=first.hint, others=others)


class Shape(Protocol):
    """One kind of value."""

    def read(self, reading: Reading, node: Node, name: str) -> Any:
        """The value, or `SettingsError`; ``name`` is what a person calls it."""
        ...

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema (draft 2020-12)."""
        ...


def suggest(word: str, words: Iterable[str]) -> str | None:
    """``did you mean "x"?`` for the nearest known word."""
    import difflib

    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None


_SPOKEN = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "other": "a YAML sign"}


def text_of(reading: Reading, node: Node, name: str) -> str:
    """The text of a scalar; bare numbers, booleans and nothing are mistakes, because YAML rewrites them."""
    if not isinstance(node, Scalar):
        raise reading.error(node, f"{name} must be text, not a {'list' if isinstance(node, Items) else 'mapping'}")
    if node.type in _SPOKEN:
        if node.type == "null":
            raise reading.error(node, f"{name} has no value")
        raise reading.error(
            node,
            f"{name}: YAML reads a bare {node.text} as {_SPOKEN[node.type]}, not as text",
            f'put it in quotes: "{node.text}"',
        )
    return node.text
