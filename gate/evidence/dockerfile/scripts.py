"""What RUN, CMD, ENTRYPOINT and HEALTHCHECK execute: which text is shell script, and where it stands in the file."""

from __future__ import annotations

from gate.evidence.dockerfile import commands, tokens
from gate.evidence.dockerfile.evaluate import Applied
from gate.evidence.dockerfile.positions import LineMap
from gate.evidence.dockerfile.syntax import DockerfileError, RawInstruction
from gate.evidence.model import Command


def commands_of(applied: Applied, budget: commands.Budget) -> list[Command]:
    """The commands of one instruction; one opaque command where its shell is no POSIX shell."""
    raw = applied.bound.raw
    if raw.cmd == "ONBUILD":
        if raw.sub is None or raw.sub.cmd not in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
            return []
        raw = raw.sub
    if raw.cmd == "HEALTHCHECK":
        if raw.words[0].upper() == "NONE":
            return []
        if raw.json is not None:
            return commands.parse_argv(raw.json, raw.line, budget)
        text = " ".join(raw.words[1:])
        return _shell(applied, text, _lines(applied, raw).shifted(max(raw.value.find(text), 0)), budget)
    if raw.json is not None:
        return commands.parse_argv(
            raw.json, applied.bound.line if applied.bound.trigger_of is not None else raw.line, budget
        )
    if not raw.words:
        return []
    if raw.heredocs:
        return _with_heredocs(applied, raw, budget)
    return _shell(applied, " ".join(raw.words), _lines(applied, raw), budget)


def _lines(applied: Applied, raw: RawInstruction) -> LineMap:
    bound = applied.bound
    if bound.trigger_of is not None or bound.from_image:
        return LineMap.whole(bound.origin[0] if bound.origin else bound.line)
    if raw.segments:
        return LineMap(raw.segments)
    return LineMap.whole(raw.line)


def _shell(applied: Applied, text: str, lines: LineMap, budget: commands.Budget) -> list[Command]:
    if commands.is_posix_shell(applied.shell):
        return commands.parse(text, lines, budget)
    return [Command(program=None, line=lines.line(0), opaque=True)]


def _with_heredocs(applied: Applied, raw: RawInstruction, budget: commands.Budget) -> list[Command]:
    """BuildKit runs a lone here-document as a script, or as a program when it starts with ``#!``."""
    first = raw.heredocs[0]
    line = applied.bound.origin[0] if applied.bound.origin else first.line
    if _is_lone(raw.words[0]):
        body = first.content
        if first.chomp:
            body = "".join(each.lstrip("\t") for each in body.splitlines(keepends=True))
        lines = LineMap.physical(body, first.line) if applied.bound.origin is None else LineMap.whole(line)
        if not body.startswith("#!"):
            return _shell(applied, body, lines, budget)
        interpreter = body.partition("\n")[0][2:].split()
        if commands.is_posix_shell(interpreter or ["?"]):
            return commands.parse(body, lines, budget)
        return commands.parse_argv([*interpreter, f"/dev/pipes/{first.name}"], line, budget)
    text = raw.words[0] + "".join(f"\n{each.content}{each.name}" for each in raw.heredocs)
    marks = list(raw.segments or ((0, raw.line),))
    at = len(raw.words[0])
    for each in raw.heredocs:
        for number, part in enumerate(each.content.split("\n")):
            marks.append((at + 1, each.line + number))
            at += 1 + len(part)
        at += len(each.name)
    lines = LineMap(marks) if applied.bound.origin is None else LineMap.whole(line)
    return _shell(applied, text, lines, budget)


def _is_lone(word: str) -> bool:
    try:
        return tokens.heredoc_word(word) is not None
    except DockerfileError:
        return False
