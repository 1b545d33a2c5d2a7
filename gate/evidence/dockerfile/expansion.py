"""Variables, quotes and escapes in the words of a Dockerfile, as BuildKit v0.33.1 reads them.

``$name``, ``${name}``, ``${name:-word}``, ``:+``, ``:?`` (and each without the colon), ``#``, ``##``, ``%``, ``%%``,
``/`` and ``//``; single quotes keep everything, double quotes keep all but ``$`` and the escape character. The escape
character is the file's (``\\`` or a backquote). An unset name is empty and reported, never an error by itself.

Sources: the Dockerfile reference, "Environment replacement"; behaviour checked against the oracle in tests/oracle.
"""

from __future__ import annotations

__all__ = ["Budget", "Expansion", "Lexing", "expand", "expand_words"]

import re
from collections.abc import Mapping

import msgspec

from gate.evidence.dockerfile.globs import Budget
from gate.evidence.dockerfile.wordreader import Lexing, WordReader

_SPECIAL = re.compile("[$<'\"\\\\`\ufeff\ud800-\udfff]")


class Expansion(msgspec.Struct, frozen=True, gc=False):
    """The text, and the names it used: ``used`` had a value, ``unset`` had none (each once, in order of use)."""

    text: str
    used: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


_PLAIN = Lexing()
_NOTHING: dict[str, str] = {}


def expand(
    word: str, env: Mapping[str, str], escape: str = "\\", *, lexing: Lexing = _PLAIN, budget: Budget | None = None
) -> Expansion:
    """Expand ``word`` to one text, blanks kept.

    Pass one ``budget`` for all expansions of a file. Raises `ExpansionError` (without a line) where BuildKit fails:
    open quotes or braces, bad or unsupported modifiers, ``:?``, invalid patterns; and where the budget is spent.
    """
    if not _SPECIAL.search(word):
        return Expansion(word)
    reader = WordReader(word, env, escape, lexing, budget or Budget())
    text = reader.read_until("", lexing.keep_escapes)
    return Expansion(text, tuple(reader.used), tuple(reader.unset))


def expand_words(
    word: str,
    env: Mapping[str, str] = _NOTHING,
    escape: str = "\\",
    *,
    lexing: Lexing = _PLAIN,
    budget: Budget | None = None,
) -> list[str]:
    """Expand ``word`` and split the outcome at blanks outside quotes; empty words vanish. Raises as `expand`."""
    reader = WordReader(word, env, escape, lexing, budget or Budget(), split=True)
    reader.read_until("", lexing.keep_escapes)
    return reader.finished
