"""Lines of a .gitignore, matched as git's ``dir.c`` and ``wildmatch.c`` match them (gitignore(5)).

A line is asked about one entry at a time, its folders were asked before: what lies below an ignored folder is never
looked at. So a line matches an entry itself and nothing below it. Every match takes time linear in its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_POSIX = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


class Rule(NamedTuple):
    """One line. ``segments`` are those of the path below the file's folder, None for ``**``; one alone is a name."""

    segments: tuple[re.Pattern[str] | None, ...]
    is_name: bool
    is_folder: bool
    ignores: bool


class Ignore:
    """The lines of one file; the last that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        found = (rule(line) for line in lines)
        self._rules = [one for one in found if one is not None][::-1]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def decide(self, path: str, *, is_folder: bool = False) -> bool | None:
        """True where an entry is ignored, False where it is taken back, None where no line speaks of it.

        ``path`` is relative to the file's folder, with ``/``.
        """
        segments = path.split("/")
        for one in self._rules:
            if one.is_folder and not is_folder:
                continue
            wanted = one.segments[0]
            if one.is_name:
                hit = wanted is not None and wanted.fullmatch(segments[-1]) is not None
            else:
                hit = _matches(one.segments, segments)
            if hit:
                return one.ignores
        return None


def rule(line: str) -> Rule | None:
    """What one line says; None for blank lines, comments and patterns that match nothing."""
    text = _trimmed(line)
    if not text or text.startswith("#"):
        return None
    ignores = not text.startswith("!")
    text = text if ignores else text[1:]
    is_folder = text.endswith("/")
    text = text[:-1] if is_folder else text
    is_name = "/" not in text
    text = text.removeprefix("/")
    if not text:
        return None
    segments: list[re.Pattern[str] | None] = []
    for part in text.split("/"):
        if part == "**" and not is_name:
            if not segments or segments[-1] is not None:
                segments.append(None)
            continue
        pattern = _segment(part)
        if pattern is None:
            return None
        segments.append(pattern)
    return Rule(tuple(segments), is_name, is_folder, ignores)


def _trimmed(line: str) -> str:
    """The line without its end and without trailing spaces, unless a backslash keeps them."""
    line = line.removesuffix("\n").removesuffix("\r")
    while line.endswith(" ") and not re.search(r"(?:^|[^\\])(?:\\\\)*\\ $", line):
        line = line[:-1]
    return line


def _matches(wanted: Sequence[re.Pattern[str] | None], segments: Sequence[str]) -> bool:
    """Whether the segments of a path fit; ``reached`` holds the counts of pattern segments that fit so far."""
    count = len(wanted)
    reached = {0}
    for segment in segments:
        following: set[int] = set()
        for index in _past_stars(reached, wanted):
            pattern = wanted[index] if index < count else None
            if index < count and pattern is None:
                following |= {index, count} if index == count - 1 else {index}
            elif pattern is not None and pattern.fullmatch(segment) is not None:
                following.add(index + 1)
        reached = following
    return count in reached


def _past_stars(reached: set[int], wanted: Sequence[re.Pattern[str] | None]) -> set[int]:
    """The same with every ``**`` but the last also taken as no folder at all; two never stand side by side."""
    return reached | {index + 1 for index in reached if index < len(wanted) - 1 and wanted[index] is None}


def _segment(text: str) -> re.Pattern[str] | None:
    """The expression of one segment; None where it can match nothing.

    Between two stars the first place where the text fits is as good as any later one, so it is never given up.
    """
    chunks: list[str] = [""]
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*":
            chunks.append("")
            while at < len(text) and text[at] == "*":
                at += 1
        elif character == "?":
            chunks[-1] += "."
        elif character == "[":
            found = _class(text, at)
            if found is None:
                return None
            expression, at = found
            chunks[-1] += expression
        elif character == "\\":
            if at == len(text):
                return None
            chunks[-1] += re.escape(text[at])
            at += 1
        else:
            chunks[-1] += re.escape(character)
    if len(chunks) == 1:
        return re.compile(chunks[0], re.DOTALL)
    first, *between, last = chunks
    return re.compile(first + "".join(f"(?>.*?{chunk})" for chunk in between if chunk) + ".*" + last, re.DOTALL)


def _class(text: str, at: int) -> tuple[str, int] | None:
    """The expression of a bracket that opens before ``at``, and where it ends; None where it never closes."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    parts: list[str] = []
    first = True
    while at < len(text):
        if text[at] == "]" and not first:
            inside = "".join(parts)
            return f"[{'^' * negated}{inside}]" if inside else ("." if negated else r"(?!)"), at + 1
        first = False
        posix = re.compile(r"\[:([a-z]*):\]").match(text, at)
        if posix is not None:
            if posix[1] not in _POSIX:
                return None
            parts.append(_POSIX[posix[1]])
            at = posix.end()
            continue
        low, at = _one(text, at)
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _one(text, at + 1)
            if low <= high:
                parts.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            parts.append(re.escape(low))
    return None


def _one(text: str, at: int) -> tuple[str, int]:
    """One character of a bracket, a backslash taken off, and where it ends."""
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1
