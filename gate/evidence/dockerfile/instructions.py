"""A Dockerfile's instructions, nothing expanded: BuildKit's reading, and dockerfile-parse's as a second witness.

`lines` finds the logical lines. Each is taken apart here as BuildKit v0.33.1 does, and handed to dockerfile-parse as
one physical line; where the two disagree about a keyword or its arguments, the file is refused. Of dockerfile-parse
only ``structure`` is used: its expansion, parents and labels read many forms otherwise than BuildKit.
"""

from __future__ import annotations

__all__ = ["parse", "parse_trigger", "trigger_text"]

import io
import re

import msgspec

from gate.evidence.dockerfile import lines, tokens, validity
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, lower, printable, split_once, split_words, well_formed
from gate.evidence.dockerfile.directives import check_options, leading
from gate.evidence.dockerfile.syntax import DockerfileError, LogicalLine, ParsedDockerfile, RawInstruction

_END = " .\n"
_EXEC_OR_SHELL = frozenset({"CMD", "ENTRYPOINT", "RUN", "SHELL"})
_EXEC_OR_WORDS = frozenset({"ADD", "COPY", "VOLUME"})
_WHOLE = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_WORDS = frozenset({"EXPOSE", "FROM"})
_ONBUILD = re.compile(r"[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE | re.ASCII)


def parse(data: bytes) -> ParsedDockerfile:
    """Read a whole Dockerfile.

    Raises `DockerfileError` with its lines where BuildKit would refuse the file before looking at stages, where the
    two readings disagree, and for what `lines.split` refuses. A file for a foreign frontend need not be a Dockerfile
    at all: ask `directives.detect_frontend` first.
    """
    split = lines.split(data)
    top = leading(data)
    found = tuple([_instruction(line, split.escape) for line in split.lines])
    check_options(top)
    _check_order(found)
    _compare(split.lines)
    frontend = top.frontend
    return ParsedDockerfile(
        instructions=found,
        escape=split.escape,
        directives=split.directives,
        frontend=frontend.reference if frontend else None,
        frontend_line=frontend.line if frontend else None,
        comments=tuple(split.comments),
        warnings=tuple(split.warnings),
    )


def parse_trigger(expression: str) -> RawInstruction:
    """Read an ONBUILD trigger as it is run in another build: a file of its own, with ``\\`` as the escape character.

    ``expression`` is `trigger_text` or an entry of an image config's OnBuild. Lines count within it. Raises
    `DockerfileError` as `parse`, and for more than one instruction.
    """
    split = lines.split(expression.encode("utf-8", "surrogateescape"))
    if len(split.lines) != 1:
        raise DockerfileError("an ONBUILD trigger holds more than one instruction")
    instruction = _instruction(split.lines[0], split.escape)
    validity.check(instruction)
    if instruction.cmd == "FROM":
        raise DockerfileError("FROM is not allowed as an ONBUILD trigger")
    _compare(split.lines)
    return instruction


def trigger_text(instruction: RawInstruction) -> str:
    """What an ONBUILD instruction leaves in the image's config (OnBuild)."""
    text = _ONBUILD.sub("", instruction.original, count=1)
    return text + "".join(f"\n{heredoc.content}{heredoc.name}" for heredoc in instruction.heredocs)


def _check_order(found: tuple[RawInstruction, ...]) -> None:
    in_stage = False
    for instruction in found:
        validity.check(instruction)
        if instruction.cmd == "FROM":
            in_stage = True
        elif not in_stage and instruction.cmd != "ARG":
            raise DockerfileError(
                f"{instruction.cmd} comes before the first FROM", instruction.line, instruction.end_line
            )
    if not in_stage:
        raise DockerfileError("the file has no FROM: there is no stage to build", found[-1].end_line)


class _Arguments(msgspec.Struct, frozen=True, gc=False):
    """The argument nodes of one instruction."""

    words: tuple[str, ...] = ()
    json: tuple[str, ...] | None = None
    legacy: bool = False


def _instruction(line: LogicalLine, escape: str) -> RawInstruction:
    try:
        return _read(line, line.text, 0, escape)
    except DockerfileError as error:
        raise DockerfileError(error.message, line.line, line.end_line) from None


def _read(line: LogicalLine, text: str, start: int, escape: str) -> RawInstruction:
    """Read ``text``, the part of the logical line from ``start`` on."""
    keyword, flags, value = tokens.split_command(text, escape)
    cmd = keyword if keyword in validity.INSTRUCTIONS else _canonical(keyword)
    offset = start + max(len(text.rstrip(UNICODE_BLANKS)) - len(value), 0)
    sub = None
    if cmd == "ONBUILD" and value and start == 0:
        sub = _read(line, value, offset, escape)
        arguments = _Arguments((split_once(value)[0], *sub.words), sub.json)
    elif cmd == "ONBUILD" and value:
        arguments = _Arguments((split_once(value)[0],))
    else:
        arguments = _arguments(cmd, value, escape)
    return RawInstruction(
        cmd=cmd,
        line=line.line,
        end_line=line.end_line,
        value=value,
        flags=flags,
        words=arguments.words,
        json=arguments.json,
        heredocs=line.heredocs,
        sub=sub,
        legacy=arguments.legacy,
        original=text,
        segments=_shifted(line.segments, offset),
        comments=line.comments,
    )


def _canonical(keyword: str) -> str:
    """The instruction's name; what is no instruction never becomes one by its case (U+017F is no ``S``)."""
    name = lower(keyword)
    if name.isascii():
        return name.upper()
    return well_formed(keyword)


def _shifted(segments: tuple[tuple[int, int], ...], offset: int) -> tuple[tuple[int, int], ...]:
    """The segments of the text that begins at ``offset``."""
    if len(segments) == 1:
        return segments
    kept = [(start - offset, number) for start, number in segments if start > offset]
    first = len(segments) - len(kept) - 1
    return ((0, segments[first][1]), *kept)


def _arguments(cmd: str, value: str, escape: str) -> _Arguments:
    if not value:
        return _Arguments()
    if cmd in _WHOLE:
        return _Arguments((value,))
    if cmd in _WORDS:
        return _Arguments(tuple(split_words(value)))
    if cmd in _EXEC_OR_SHELL:
        listed = tokens.exec_form(value)
        return _Arguments((value,)) if listed is None else _Arguments(listed, listed)
    if cmd in _EXEC_OR_WORDS:
        listed = tokens.exec_form(value)
        return _Arguments(tuple(split_words(value))) if listed is None else _Arguments(listed, listed)
    if cmd in ("ENV", "LABEL"):
        return _names_and_values(cmd, value, escape)
    if cmd == "ARG":
        return _Arguments(tuple(tokens.name_value_words(value, escape)))
    if cmd == "HEALTHCHECK":
        return _healthcheck(value)
    return _Arguments()


def _names_and_values(cmd: str, value: str, escape: str) -> _Arguments:
    found = tokens.name_value_words(value, escape)
    if not found:
        return _Arguments()
    if "=" not in found[0]:
        parts = split_once(value)
        if len(parts) < 2:
            raise DockerfileError(f"{cmd} must have two arguments")
        return _Arguments(tuple(parts), legacy=True)
    pairs: list[str] = []
    for word in found:
        name, equals, text = word.partition("=")
        if not equals:
            raise DockerfileError(f"{cmd}: no '=' in '{printable(word)}'; it must be of the form name=value")
        pairs += (name, text)
    return _Arguments(tuple(pairs))


def _healthcheck(value: str) -> _Arguments:
    """The type, and a command in exec or shell form. BuildKit takes single bytes for characters here."""
    kind, rest = tokens.first_byte_word(value)
    if not kind:
        return _Arguments()
    if not rest:
        return _Arguments((kind,))
    listed = tokens.exec_form(rest)
    return _Arguments((kind, rest)) if listed is None else _Arguments((kind, *listed), listed)


def _compare(logical: list[LogicalLine]) -> None:
    """Have dockerfile-parse read each logical line as one physical line, and refuse what it reads otherwise.

    Each line gets a last word of ours, since dockerfile-parse would join a line that ends in ``\\`` to the next.
    """
    from dockerfile_parse import DockerfileParser

    text = "".join([line.text.strip(UNICODE_BLANKS) + _END for line in logical])
    data = text.encode("utf-8", "replace")
    theirs = DockerfileParser(fileobj=io.BytesIO(data)).structure
    if len(theirs) != len(logical):
        raise DockerfileError("the file reads in two ways: dockerfile-parse finds another number of instructions")
    ours = text if text.isascii() else data.decode()
    for line, mine, their in zip(logical, ours.split("\n"), theirs, strict=False):
        keyword, value = split_once(mine)
        if their["instruction"] != keyword.upper() or their["value"].lstrip() != value.lstrip():
            raise DockerfileError("the line reads in two ways: dockerfile-parse disagrees", line.line, line.end_line)
