"""The logical lines of a Dockerfile, exactly as BuildKit v0.33.1 finds them.

dockerfile-parse never sees raw text: here-documents, blank lines in continuations, ``\\\\`` at a line's end and a
dozen more forms make its list of instructions differ from what is built. Everything here is linear in the file's size.
"""

from __future__ import annotations

__all__ = ["LONGEST_LINE", "MAX_INSTRUCTIONS", "Split", "split"]

import msgspec

from gate.evidence.dockerfile import tokens
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, lower, printable
from gate.evidence.dockerfile.directives import DirectiveReader
from gate.evidence.dockerfile.syntax import MAX_BYTES, DockerfileError, LogicalLine, RawHeredoc

MAX_INSTRUCTIONS = 10_000
"""The most instructions read; the largest of 4,390 public files have 254."""

LONGEST_LINE = 65_535
"""Bytes in a physical line without its newline; BuildKit refuses longer ones."""

_CAN_HOLD_HEREDOCS = frozenset({"run", "copy", "add"})


class Split(msgspec.Struct):
    """A file's logical lines, its directives (name to value and line), every comment, and warnings."""

    lines: list[LogicalLine] = msgspec.field(default_factory=list)
    escape: str = "\\"
    directives: dict[str, tuple[str, int]] = msgspec.field(default_factory=dict)
    comments: list[tuple[int, str]] = msgspec.field(default_factory=list)
    warnings: list[str] = msgspec.field(default_factory=list)


def split(data: bytes) -> Split:
    """Find the logical lines of a whole file.

    Raises `DockerfileError` for what BuildKit's reader refuses (long lines, bad directives, open here-documents, JSON
    arrays of other things than strings) and for NUL bytes and files over `MAX_BYTES`.
    """
    return _Splitter(_physical_lines(data)).run()


def _physical_lines(data: bytes) -> list[str]:
    """Lines without their newlines; bytes that are not UTF-8 become lone surrogates."""
    if len(data) > MAX_BYTES:
        raise DockerfileError(f"the file has {len(data)} bytes; gate reads Dockerfiles of up to {MAX_BYTES}")
    nul = data.find(b"\0")
    if nul >= 0:
        raise DockerfileError("the file holds a NUL byte", data.count(b"\n", 0, nul) + 1)
    if len(data) > LONGEST_LINE:
        for number, line in enumerate(data.split(b"\n"), 1):
            if len(line) > LONGEST_LINE:
                raise DockerfileError(f"line {number} is longer than {LONGEST_LINE} bytes", number)
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


class _Splitter:
    def __init__(self, physical: list[str]) -> None:
        self.physical = physical
        self.next = 0
        self.out = Split()
        self.pending: list[tuple[int, str]] = []
        self.directives = DirectiveReader()

    def run(self) -> Split:
        out = self.out
        while self.next < len(self.physical):
            line = self._first_line()
            if line is not None:
                self._logical_line(line)
                if len(out.lines) > MAX_INSTRUCTIONS:
                    raise DockerfileError(f"gate reads Dockerfiles of up to {MAX_INSTRUCTIONS} instructions", self.next)
        if not out.lines:
            raise DockerfileError("the file has no instructions", len(self.physical))
        return out

    def _first_line(self) -> str | None:
        """The next physical line that begins an instruction, trimmed; None for blanks, comments and directives."""
        number = self.next + 1
        line = self.physical[self.next].rstrip("\r").lstrip(UNICODE_BLANKS)
        self.next = number
        if not self.directives.done:
            directive = self.directives.read(line, number)
            if directive is not None:
                self._apply(directive.name, directive.value, number)
                return None
        if line.startswith("#"):
            self._comment(number, line)
            return None
        return line or None

    def _apply(self, name: str, value: str, number: int) -> None:
        self.out.directives[name] = (value, number)
        if name == "escape":
            if value not in ("\\", "`"):
                raise DockerfileError(f"invalid escape directive '{printable(value)}': it takes \\ or `", number)
            self.out.escape = value

    def _comment(self, number: int, line: str) -> None:
        text = line[1:].strip(UNICODE_BLANKS)
        self.out.comments.append((number, text))
        if text:
            self.pending.append((number, text))
        else:
            self.pending.clear()

    def _logical_line(self, line: str) -> None:
        start = self.next
        escape = self.out.escape
        body, continues = _continuation(line, escape)
        if not continues:
            self._finish(body, start, ((0, start),))
            return
        parts = [body]
        segments = [(0, start)]
        length = len(body)
        blank: int | None = None
        while continues and self.next < len(self.physical):
            number = self.next + 1
            line = self.physical[self.next].rstrip("\r")
            self.next = number
            bare = line.lstrip(UNICODE_BLANKS)
            if not bare:
                blank = number if blank is None else blank
            elif bare[0] == "#":
                self.out.comments.append((number, bare[1:].strip(UNICODE_BLANKS)))
            else:
                body, continues = _continuation(line, escape)
                if body:
                    parts.append(body)
                    segments.append((length, number))
                    length += len(body)
        text = _rejoined("".join(parts))
        if blank is not None:
            self.out.warnings.append(f"line {blank}: empty continuation line in: {printable(text)}")
        self._finish(text, start, tuple(segments))

    def _finish(self, text: str, start: int, segments: tuple[tuple[int, int], ...]) -> None:
        heredocs = self._heredocs(text, start) if "<<" in text else ()
        comments = tuple(self.pending)
        self.pending.clear()
        self.out.lines.append(LogicalLine(text, start, self.next, segments, heredocs, comments))

    def _heredocs(self, text: str, start: int) -> tuple[RawHeredoc, ...]:
        try:
            return tuple([self._heredoc(word) for word in _heredocs_of(text, self.out.escape)])
        except DockerfileError as error:
            raise DockerfileError(error.message, start, self.next) from None

    def _heredoc(self, word: tokens.HeredocWord) -> RawHeredoc:
        first = self.next
        while self.next < len(self.physical):
            line = self.physical[self.next].rstrip("\r")
            self.next += 1
            if (line.lstrip("\t") if word.chomp else line) == word.name:
                content = "".join([text + "\n" for text in self.physical[first : self.next - 1]])
                return RawHeredoc(word.name, content, word.expand, word.chomp, word.fd, first + 1)
        raise DockerfileError(f"the here-document '{printable(word.name)}' is not closed")


def _continuation(line: str, escape: str) -> tuple[str, bool]:
    """The line without its continuation character, and whether it had one.

    Only spaces and tabs may follow it, and it does not count after another one.
    """
    bare = line.rstrip(" \t")
    if not bare.endswith(escape) or bare[-2:-1] == escape:
        return line, False
    return bare[:-1], True


def _rejoined(text: str) -> str:
    """The joined text, where the bytes of one character may have come from two physical lines."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _heredocs_of(text: str, escape: str) -> list[tokens.HeredocWord]:
    """The here-documents a logical line announces: RUN, COPY and ADD, also under ONBUILD, never in exec form."""
    command = tokens.split_command(text, escape)
    if lower(command.keyword) == "onbuild":
        command = tokens.split_command(command.rest, escape)
    if lower(command.keyword) not in _CAN_HOLD_HEREDOCS or tokens.exec_form(command.rest) is not None:
        return []
    return tokens.heredoc_words(text)
