"""Parser directives, and the frontend a file asks for.

``# syntax=``, ``# escape=`` and ``# check=`` count only in the first lines, each once. BuildKit reads them twice: when
it looks for a frontend (strictly, also as ``// syntax=`` or JSON, after a ``#!`` line) and when it parses.
"""

from __future__ import annotations

__all__ = ["Directive", "DirectiveReader", "Frontend", "Leading", "check_options", "detect_frontend", "leading"]

import re
from functools import cache
from typing import NamedTuple

import msgspec

from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, printable, well_formed
from gate.evidence.dockerfile.syntax import MAX_BYTES, DockerfileError

_KNOWN = frozenset({"syntax", "escape", "check"})
_ASCII_SPACE = "\t\n\f\r "
_TRUTHS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})


class Directive(NamedTuple):
    """``# name=value``; the name in lower case."""

    name: str
    value: str
    line: int


class Frontend(NamedTuple):
    """The image that is to build this file instead of BuildKit's own frontend; ``line`` 1-based, 1 for JSON."""

    reference: str
    line: int


class DirectiveReader:
    """Reads lines from the top of a file; the first that is no directive ends them all."""

    def __init__(self, mark: str = "#") -> None:
        self.mark = mark
        self.done = False
        self.seen: dict[str, Directive] = {}

    def read(self, line: str, number: int) -> Directive | None:
        """The directive on this line, or None. `DockerfileError` for a second one of the same name."""
        if self.done:
            return None
        found = _directive(line[len(self.mark) :], number) if line.startswith(self.mark) else None
        if found is None:
            self.done = True
            return None
        if found.name in self.seen:
            raise DockerfileError(f"only one {found.name} parser directive can be used", number)
        self.seen[found.name] = found
        return found


@cache
def _form() -> re.Pattern[str]:
    return re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=([\t\n\f\r ]*)(.*)", re.DOTALL)


def _directive(text: str, number: int) -> Directive | None:
    if not text:
        return None
    match = _form().match(text.lstrip(UNICODE_BLANKS))
    if match is None or match[1].lower() not in _KNOWN:
        return None
    # Where only blanks follow "=", BuildKit takes the last of them for the value.
    value = match[3].rstrip(_ASCII_SPACE) or match[2][-1:]
    return Directive(match[1].lower(), value, number) if value else None


class Leading(msgspec.Struct, frozen=True, gc=False):
    """What BuildKit looks for at the top of a file before it parses it."""

    frontend: Frontend | None = None
    check: Directive | None = None


_NOTHING = Leading()


def detect_frontend(data: bytes) -> Frontend | None:
    """The frontend image a file names, as BuildKit looks for it before parsing anything.

    Where it is not the built-in or an approved one, nothing else in the file can be trusted.
    """
    return leading(data).frontend


def leading(data: bytes) -> Leading:
    """The frontend a file asks for, and its ``# check=``; nothing for a file over `MAX_BYTES`, which is refused."""
    if len(data) > MAX_BYTES:
        return _NOTHING
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"#", b"//", b"{")):
        return _NOTHING
    text, first = _after_shebang(data)
    directives = _leading_directives(text, "#", first)
    syntax = directives.get("syntax") or _leading_directives(text, "//", first).get("syntax")
    if syntax is not None:
        frontend: Frontend | None = Frontend(syntax.value.partition(" ")[0], syntax.line)
    elif text.lstrip(" \t\r\n").startswith("{"):
        frontend = _json_frontend(text, first)
    else:
        frontend = None
    return Leading(frontend, directives.get("check"))


def _after_shebang(data: bytes) -> tuple[str, int]:
    """The text without byte order mark and ``#!`` line, and the number of its first line."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return (text.partition("\n")[2], 2) if text.startswith("#!") else (text, 1)


def _leading_directives(text: str, mark: str, first: int) -> dict[str, Directive]:
    reader = DirectiveReader(mark)
    start = 0
    number = first
    try:
        while start < len(text) and not reader.done:
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            reader.read(text[start:end].removesuffix("\r"), number)
            start = end + 1
            number += 1
    except DockerfileError:
        pass  # a duplicate ends the search; parsing reports it
    return reader.seen


def _json_frontend(text: str, line: int) -> Frontend | None:
    import json

    try:
        value = json.loads(text).get("syntax")
    except (ValueError, RecursionError):
        return None
    return Frontend(well_formed(value), line) if isinstance(value, str) else None


def check_options(top: Leading) -> None:
    """Refuse a ``# check=`` that BuildKit refuses."""
    found = top.check
    if found is None or not found.value.strip(UNICODE_BLANKS):
        return
    for option in found.value.strip(UNICODE_BLANKS).split(";", 2):
        name, equals, value = option.partition("=")
        name = name.strip(UNICODE_BLANKS)
        if not equals or name not in ("skip", "experimental", "error"):
            raise DockerfileError(f"invalid check option '{printable(option)}'", found.line)
        if name == "error" and value.strip(UNICODE_BLANKS) not in _TRUTHS:
            raise DockerfileError(f"the check option error takes true or false, not '{printable(value)}'", found.line)
