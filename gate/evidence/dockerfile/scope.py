"""Variables in force at one place of a Dockerfile, and what each value rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gate.evidence.dockerfile import expansion
from gate.evidence.dockerfile.expansion import Lexing
from gate.evidence.dockerfile.syntax import DockerfileError, ExpansionError

_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+, -]*")
NOTHING: frozenset[str] = frozenset()

PLATFORM_ARGS = frozenset({
    "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM", "TARGETOS",
    "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
})  # fmt: skip
"""Arguments BuildKit sets itself; a build arg of the name replaces them."""

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WINDOWS_PATH = r"c:\Windows\System32;c:\Windows;C:\Windows\System32\WindowsPowerShell\v1.0"


class Value(NamedTuple):
    """A text after expansion.

    ``over``: build args that can change it. ``rests``: variables whose value is up to a base image whose environment
    is not known for sure. ``unset``: names used without a value.
    """

    text: str
    over: frozenset[str] = NOTHING
    rests: frozenset[str] = NOTHING
    unset: tuple[str, ...] = ()


class Scope:
    """Values by name. While ``open``, names that are missing may come from the base image."""

    __slots__ = ("_over", "_rests", "_snapshot", "budget", "escape", "open", "values")

    def __init__(self, escape: str, budget: expansion.Budget, *, is_open: bool = False) -> None:
        self.values: dict[str, str] = {}
        self.escape = escape
        self.budget = budget
        self.open = is_open
        self._over: dict[str, frozenset[str]] = {}
        self._rests: dict[str, frozenset[str]] = {}
        self._snapshot: Scope | None = None

    def snapshot(self) -> Scope:
        """The values as they are now; not to be changed."""
        if self._snapshot is None:
            self._snapshot = self.copy()
        return self._snapshot

    def copy(self) -> Scope:
        """An independent scope with the same values; raises `TooCostlyError` when a file makes too many."""
        self.budget.spend(2 * len(self.values))
        other = Scope(self.escape, self.budget, is_open=self.open)
        other.values = self.values.copy()
        other._over = self._over.copy()
        other._rests = self._rests.copy()
        return other

    def set(self, name: str, value: Value) -> None:
        """Gives a name a value, and what it rests on with it."""
        self._snapshot = None
        self.values[name] = value.text
        self._note(self._over, name, value.over)
        self._note(self._rests, name, value.rests)

    @staticmethod
    def _note(table: dict[str, frozenset[str]], name: str, names: frozenset[str]) -> None:
        if names:
            table[name] = names
        else:
            table.pop(name, None)

    def get(self, name: str) -> Value | None:
        """The value of a name, if it has one."""
        text = self.values.get(name)
        return None if text is None else Value(text, self._over.get(name, NOTHING), self._rests.get(name, NOTHING))

    def overridable(self, name: str, by: Iterable[str]) -> None:
        """Notes that build args can change the value of a name, or give it one."""
        self._snapshot = None
        self._over[name] = self._over.get(name, NOTHING).union(by)

    def expand(self, word: str, *, escape: str | None = None, lexing: Lexing | None = None) -> Value:
        """The word expanded; raises `ExpansionError` without a line."""
        if _PLAIN.fullmatch(word):
            return Value(word)
        found = expansion.expand(
            word, self.values, escape or self.escape, lexing=lexing or Lexing(), budget=self.budget
        )
        if not found.used and not found.unset:
            return Value(found.text)
        return self._value(found.text, found.used, found.unset)

    def _value(self, text: str, used: Iterable[str], unset: tuple[str, ...]) -> Value:
        over = NOTHING.union(*(self._over.get(name, NOTHING) for name in (*used, *unset)))
        rests = NOTHING.union(*(self._rests.get(name, NOTHING) for name in used))
        return Value(text, over, rests.union(unset) if self.open else rests, unset)

    def split(self, word: str) -> list[str]:
        """The word expanded and split at blanks."""
        return expansion.expand_words(word, self.values, self.escape, budget=self.budget)


def located(error: DockerfileError, line: int, end_line: int) -> DockerfileError:
    """The same error, at a place."""
    if error.line:
        return error
    kind = ExpansionError if isinstance(error, ExpansionError) else DockerfileError
    return kind(error.message, line, end_line)
