"""What parsing a Dockerfile yields, before any meaning: logical lines and raw instructions.

``lines.split`` makes `LogicalLine`s, ``instructions.parse`` makes a `ParsedDockerfile`; ``stages`` gives it meaning.
All line numbers are 1-based. Text is UTF-8 decoded with ``surrogateescape``.
"""

from __future__ import annotations

import msgspec

MAX_BYTES = 1 << 20
"""The largest Dockerfile read. BuildKit stops at 16 MiB; the largest of 4,390 public files has 31 kB, and this bounds
what a hostile file can cost."""


class DockerfileError(Exception):
    """BuildKit would refuse this file, or we cannot be sure how it reads it (both are ``dockerfile-valid``).

    ``message`` is for people; ``line``/``end_line`` are 1-based, 0 when the whole file is meant.
    """

    def __init__(self, message: str, line: int = 0, end_line: int | None = None) -> None:
        self.message = message
        self.line = line
        self.end_line = line if end_line is None else end_line
        super().__init__(message)


class ExpansionError(DockerfileError):
    """A word cannot be expanded: BuildKit refuses it, or it costs more than we allow."""


class TooCostlyError(ExpansionError):
    """Expanding takes more work, or deeper nesting, than any honest Dockerfile needs."""


class RawHeredoc(msgspec.Struct, frozen=True, gc=False):
    """A here-document: ``expand`` false when its word was quoted, ``chomp`` for ``<<-``.

    ``content`` is as in the file, tabs and carriage returns included; ``line`` is its first line.
    """

    name: str
    content: str
    expand: bool
    chomp: bool
    fd: int
    line: int


class LogicalLine(msgspec.Struct, frozen=True, gc=False):
    """One logical line: continuations joined, comments and blank lines inside dropped, heredocs apart.

    ``segments`` maps the joined text back to the file: (offset in ``text``, physical line number) pairs in order.
    ``comments`` are the comment lines right before it, without ``#``, as (line number, text).
    """

    text: str
    line: int
    end_line: int
    segments: tuple[tuple[int, int], ...] = ()
    heredocs: tuple[RawHeredoc, ...] = ()
    comments: tuple[tuple[int, str], ...] = ()


class RawInstruction(msgspec.Struct, frozen=True, gc=False):
    """One instruction as parsed, nothing expanded.

    ``cmd`` upper case; ``flags`` with quotes and escapes removed as BuildKit does, ``--`` included;
    ``value`` the text after keyword and flags; ``words`` BuildKit's argument nodes (for ENV and LABEL: name, value,
    name, value, ... with ``legacy`` true for the ``ENV k v`` form; for HEALTHCHECK the type comes first; for ONBUILD
    the keyword under it comes first, as written); ``json`` the list in exec form (for HEALTHCHECK without the type);
    ``sub`` the instruction under ONBUILD, read with the file's escape character; ``original`` the whole logical
    line; ``segments`` maps ``value`` to the file: (offset in ``value``, physical line number) pairs in order.
    """

    cmd: str
    line: int
    end_line: int
    value: str
    flags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    json: tuple[str, ...] | None = None
    heredocs: tuple[RawHeredoc, ...] = ()
    sub: RawInstruction | None = None
    legacy: bool = False
    original: str = ""
    segments: tuple[tuple[int, int], ...] = ()
    comments: tuple[tuple[int, str], ...] = ()


class ParsedDockerfile(msgspec.Struct, frozen=True, gc=False):
    """All instructions in order. ``directives``: name to (value, line); ``frontend``: the syntax image, if any."""

    instructions: tuple[RawInstruction, ...]
    escape: str = "\\"
    directives: dict[str, tuple[str, int]] = msgspec.field(default_factory=dict)
    frontend: str | None = None
    frontend_line: int | None = None
    comments: tuple[tuple[int, str], ...] = ()
    warnings: tuple[str, ...] = ()
