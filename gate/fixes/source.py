"""Where everything of a Dockerfile stands in its text, character by character, so that edits touch nothing else."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gate.evidence.dockerfile import instructions
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS
from gate.evidence.dockerfile.syntax import ParsedDockerfile, RawInstruction


class Change(NamedTuple):
    """Put ``text`` in the place of the characters from ``start`` up to ``end``; equal ones insert."""

    start: int
    end: int
    text: str


class Edit(NamedTuple):
    """Changes that belong together. ``safe`` is false where the build may come to do something else by them."""

    changes: tuple[Change, ...]
    safe: bool = True


class Places:
    """A text that stands in the file in pieces, as an instruction's arguments do over several lines."""

    __slots__ = ("_files", "_offsets", "text")

    def __init__(self, text: str, marks: list[tuple[int, int]]) -> None:
        """``marks``: (offset in ``text``, offset in the file) where each piece starts, in order."""
        self.text = text
        self._offsets = [offset for offset, _ in marks]
        self._files = [place for _, place in marks]

    def at(self, offset: int) -> int:
        """Where a character of the text stands in the file."""
        piece = max(bisect_right(self._offsets, offset) - 1, 0)
        return self._files[piece] + offset - self._offsets[piece]

    def after(self, offset: int) -> int:
        """The place right behind the character before ``offset``, on that one's line."""
        return self.at(offset - 1) + 1 if offset else self.at(0)

    def together(self, start: int, end: int) -> bool:
        """Whether a range of the text stands in one piece."""
        return self.after(end) - self.at(start) == end - start

    def insert(self, offset: int, text: str) -> Change:
        """Insert behind the character before ``offset``."""
        place = self.after(offset)
        return Change(place, place, text)

    def replace(self, start: int, end: int, text: str) -> Change | None:
        """Replace a range, where it stands in one piece."""
        return Change(self.at(start), self.after(end), text) if self.together(start, end) else None


class Source:
    """A Dockerfile's text with its instructions. ``text`` keeps BOM, carriage returns and bytes that are not UTF-8."""

    def __init__(self, data: bytes) -> None:
        """Raises `DockerfileError` as `instructions.parse`."""
        self.text = data.decode("utf-8", "surrogateescape")
        self.parsed: ParsedDockerfile = instructions.parse(data)
        self.escape = self.parsed.escape

    @cached_property
    def _starts(self) -> list[int]:
        starts = [1 if self.text.startswith("\ufeff") else 0]
        starts += [found.end() for found in re.finditer("\n", self.text)]
        return starts

    def start(self, line: int) -> int:
        """Where a line starts, behind the BOM; the end of the text where there is no such line."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def line(self, number: int) -> str:
        """A line without its end."""
        return self.text[self.start(number) : self.start(number + 1)].rstrip("\n").rstrip("\r")

    def end_of_line(self, number: int) -> str:
        """How a line ends; how the file's first does where it is the last and has no end."""
        for each in (number, 1):
            if self.text[self.start(each) : self.start(each + 1)].endswith("\n"):
                return "\r\n" if self.text[: self.start(each + 1)].endswith("\r\n") else "\n"
        return "\n"

    def at(self, line: int | None, *keywords: str) -> Iterator[RawInstruction]:
        """The instruction on a line, if its keyword is one of those."""
        for one in self.parsed.instructions:
            if line is not None and one.line <= line <= one.end_line and (not keywords or one.cmd in keywords):
                yield one

    def next(self, instruction: RawInstruction) -> RawInstruction | None:
        """The instruction that follows."""
        later = [one for one in self.parsed.instructions if one.line > instruction.line]
        return later[0] if later else None

    def keyword(self, instruction: RawInstruction) -> Change:
        """The keyword where it stands, unchanged."""
        line = self.line(instruction.line)
        start = self.start(instruction.line) + len(line) - len(line.lstrip(UNICODE_BLANKS))
        return Change(start, start + len(instruction.cmd), self.text[start : start + len(instruction.cmd)])

    def value(self, instruction: RawInstruction) -> Places | None:
        """What follows keyword and flags; None where it cannot be found again to the letter."""
        segments = instruction.segments or ((0, instruction.line),)
        value, marks = instruction.value, []
        for index, (offset, number) in enumerate(segments):
            end = segments[index + 1][0] if index + 1 < len(segments) else len(value)
            part, body = value[offset:end].rstrip(UNICODE_BLANKS), self._body(number)
            column = len(body.rstrip(UNICODE_BLANKS)) - len(part) if index == 0 else 0
            if column < 0 or not body[column:].startswith(part):
                return None
            marks.append((offset, self.start(number) + column))
        return Places(value, marks) if value else None

    def flags(self, instruction: RawInstruction) -> tuple[int, str]:
        """Where the keyword ends, and the text from there to the value: the flags. Empty where there is no value."""
        value, start = self.value(instruction), self.keyword(instruction).end
        return start, self.text[start : value.at(0)] if value else ""

    def script(self, instruction: RawInstruction) -> Places | None:
        """The shell script of a RUN: its value, or the one here-document it consists of."""
        if instruction.json is not None:
            return None
        if not instruction.heredocs:
            return self.value(instruction)
        first = instruction.heredocs[0]
        if len(instruction.heredocs) > 1 or not re.fullmatch(r"<<-?[\"']?[A-Za-z0-9_]+[\"']?", instruction.value):
            return None
        marks, text = [], ""
        for number in range(first.line, instruction.end_line):
            whole = self.text[self.start(number) : self.start(number + 1)]
            kept = whole.lstrip("\t") if first.chomp else whole
            marks.append((len(text), self.start(number) + len(whole) - len(kept)))
            text += kept
        return Places(text, marks) if text else None

    def _body(self, number: int) -> str:
        """A line without its end and continuation character."""
        line = self.line(number)
        bare = line.rstrip(" \t")
        return bare[:-1] if bare.endswith(self.escape) and bare[-2:-1] != self.escape else line


def apply(text: str, edit: Edit) -> bytes:
    """The text with all changes of an edit; raises `ValueError` where two of them overlap."""
    out, end = [], 0
    for change in sorted(edit.changes, key=lambda one: (one.start, one.end)):
        if change.start < end:
            raise ValueError("changes overlap")
        out += [text[end : change.start], change.text]
        end = change.end
    return ("".join(out) + text[end:]).encode("utf-8", "surrogateescape")
