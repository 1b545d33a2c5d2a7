"""The patterns of ``${name#pattern}``, ``%``, ``/``: ``*``, ``?`` and escapes, without brackets.

BuildKit turns them into regular expressions of Go, which never backtrack. Python's do, so a hostile pattern such as
``*a*a*a*a*b`` could take years; this matcher visits each (token, position) pair once and charges a budget for it.
"""

from __future__ import annotations

__all__ = ["Budget", "replace", "trim_prefix", "trim_suffix"]

import re
from typing import Final

from gate.evidence.dockerfile.blanks import is_name_char, printable, well_formed
from gate.evidence.dockerfile.syntax import ExpansionError, TooCostlyError

_STAR: Final = 0
_ANY: Final = 1


class Budget:
    """How much work the expansions of one Dockerfile may cost: characters produced plus pattern steps.

    Doubling a variable thirty times (``ENV A=$A$A``) would otherwise fill the memory. The default buys about a second.
    """

    __slots__ = ("left",)

    def __init__(self, units: int = 4_000_000) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        """Take ``units`` off; `TooCostlyError` when none are left."""
        self.left -= units
        if self.left < 0:
            raise TooCostlyError("expanding the variables of this file takes more work than gate allows")


def trim_prefix(value: str, pattern: str, *, longest: bool, budget: Budget) -> str:
    """``${name#pattern}``, or ``##`` when ``longest``."""
    tokens = _tokens(pattern)
    end = _match_at(value, tokens, 0, longest, budget, _states(value, tokens, budget))
    return value if end is None else value[end:]


def trim_suffix(value: str, pattern: str, *, longest: bool, budget: Budget) -> str:
    """``${name%pattern}``, or ``%%`` when ``longest``: the same on everything reversed."""
    backwards = well_formed(value)[::-1]
    return trim_prefix(backwards, _reversed(pattern), longest=longest, budget=budget)[::-1]


def replace(value: str, pattern: str, replacement: str, *, every: bool, budget: Budget) -> str:
    """``${name/pattern/replacement}``, or ``//`` when ``every``.

    With ``every`` BuildKit reads ``$name`` in the replacement as a group of the regular expression: only group 0, the
    match, exists; any other is empty.
    """
    tokens = _tokens(pattern)
    if not every:
        found = _search(value, tokens, 0, budget)
        return value if found is None else value[: found[0]] + replacement + value[found[1] :]
    parts: list[str] = []
    last_end = position = 0
    while position <= len(value):
        found = _search(value, tokens, position, budget)
        if found is None:
            break
        start, end = found
        parts.append(value[last_end:start])
        if end > last_end or start == 0:
            text = _filled(replacement, value[start:end])
            budget.spend(len(text))
            parts.append(text)
        last_end = end
        position = max(position + 1, end)
    parts.append(value[last_end:])
    return "".join(parts)


def _filled(template: str, match: str) -> str:
    """The replacement with ``$0`` and ``${0}`` as the match, ``$$`` as ``$``, other groups empty."""
    parts: list[str] = []
    at = 0
    while True:
        dollar = template.find("$", at)
        if dollar < 0:
            parts.append(template[at:])
            return "".join(parts)
        parts.append(template[at:dollar])
        if template.startswith("$", dollar + 1):
            parts.append("$")
            at = dollar + 2
            continue
        braced = template.startswith("{", dollar + 1)
        begin = end = dollar + 1 + braced
        while end < len(template) and is_name_char(template[end]):
            end += 1
        if end == begin or (braced and template[end : end + 1] != "}"):
            parts.append("$")
            at = dollar + 1
        else:
            parts.append(match if template[begin:end] == "0" else "")
            at = end + braced


def _tokens(pattern: str) -> list[int | str]:
    """The pattern as `_STAR`, `_ANY` and single characters."""
    tokens: list[int | str] = []
    chars = iter(pattern.removeprefix("\ufeff"))
    for char in chars:
        if char == "*":
            tokens.append(_STAR)
        elif char == "?":
            tokens.append(_ANY)
        elif char == "\\":
            escaped = next(chars, "")
            if escaped not in ("*", "?", "\\", "}", "/"):
                raise ExpansionError(f"invalid escape '\\{printable(escaped)}' in the pattern '{printable(pattern)}'")
            tokens.append(escaped)
        else:
            tokens.append(char)
    return tokens


def _reversed(pattern: str) -> str:
    """The pattern backwards, each escape kept before its character."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join(reversed(parts))


def _search(value: str, tokens: list[int | str], position: int, budget: Budget) -> tuple[int, int] | None:
    """The leftmost match from ``position`` on, each star as long as it can be."""
    seen = _states(value, tokens, budget)
    for start in range(position, len(value) + 1):
        end = _match_at(value, tokens, start, True, budget, seen)
        if end is not None:
            return start, end
    return None


def _states(value: str, tokens: list[int | str], budget: Budget) -> bytearray:
    size = (len(tokens) + 1) * (len(value) + 1)
    budget.spend(size // 8)
    return bytearray(size)


def _accepts(token: int | str, char: str) -> bool:
    return char == token if isinstance(token, str) else char != "\n"


def _match_at(
    value: str, tokens: list[int | str], start: int, greedy: bool, budget: Budget, seen: bytearray
) -> int | None:
    """Where a match that begins at ``start`` ends, by the first preference of the stars; ``seen`` are failed states.

    A star spans no newline and ``?`` matches none, as ``.`` in a regular expression.
    """
    width = len(value) + 1
    last = len(tokens)
    stack = [(0, start)]
    while stack:
        index, position = stack.pop()
        state = index * width + position
        if seen[state]:
            continue
        seen[state] = 1
        budget.spend(1)
        if index == last:
            return position
        token = tokens[index]
        can_step = position < len(value) and _accepts(token, value[position])
        if token == _STAR:
            longer, shorter = (index, position + 1), (index + 1, position)
            if greedy:
                stack.append(shorter)
                if can_step:
                    stack.append(longer)
            else:
                if can_step:
                    stack.append(longer)
                stack.append(shorter)
        elif can_step:
            stack.append((index + 1, position + 1))
    return None
