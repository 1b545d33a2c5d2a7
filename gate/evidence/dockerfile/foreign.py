"""A parsed Dockerfile as conftest and Trivy hand it to their policies, for policies that were written for them.

Sources: what ``conftest parse --parser dockerfile`` (v0.71) prints, and the input Trivy documents for custom
Dockerfile checks. Both keep BuildKit's nodes: nothing is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gate.evidence.dockerfile import validity
from gate.evidence.dockerfile.blanks import split_once, well_formed
from gate.evidence.dockerfile.instructions import parse
from gate.evidence.dockerfile.syntax import DockerfileError, ParsedDockerfile, RawHeredoc, RawInstruction

_LONE_HEREDOC = re.compile(r"[0-9]*<<-?[^<\s]+")
_TABS = re.compile(r"^\t+", re.MULTILINE)


def inputs(data: bytes, path: str, kinds: Iterable[str]) -> dict[str, Any] | None:
    """The inputs of these ``kinds`` for a Dockerfile; None where it cannot be read as one."""
    try:
        parsed = parse(data)
    except DockerfileError:
        return None
    return {kind: conftest(parsed) if kind == "conftest" else trivy(parsed, path) for kind in kinds}


def conftest(parsed: ParsedDockerfile) -> list[dict[str, Any]]:
    """``input[i].{Cmd,SubCmd,JSON,Flags,Value,Stage}``: comments stand before their instruction as ``comment``.

    ``conftest parse`` prints this in a list of one; ``conftest test`` gives policies what is in that list.
    """
    commands = []
    for stage, instruction in _staged(parsed):
        commands += [_command("comment", "", [text], None, stage=stage, json=False) for _, text in instruction.comments]
        sub, words = _words(instruction)
        commands.append(
            _command(
                instruction.cmd.lower(), sub, words, _flags(instruction), stage=stage, json=instruction.json is not None
            )
        )
    return commands


def trivy(parsed: ParsedDockerfile, path: str) -> dict[str, Any]:
    """``input.Stages[].{Name,Commands[]}``; what comes before the first FROM is a stage without a name."""
    stages: list[dict[str, Any]] = []
    for stage, instruction in _staged(parsed):
        if instruction.cmd == "FROM":
            stages.append({"Name": well_formed(instruction.original.removeprefix("FROM ").strip()), "Commands": []})
        elif not stages:
            stages.append({"Name": "", "Commands": []})
        stages[-1]["Commands"].append(_located(instruction, stage, path))
    return {"Stages": stages}


def _located(instruction: RawInstruction, stage: int, path: str) -> dict[str, Any]:
    sub, words = _words(instruction)
    original = instruction.original
    if instruction.heredocs and instruction.sub is None and words:
        original = "\n".join((original, *(one.content + one.name for one in instruction.heredocs)))
        words = [_script(words[0], instruction.heredocs)]
    command = _command(
        instruction.cmd.lower(), sub, words, _flags(instruction), stage=stage, json=instruction.json is not None
    )
    place = {"Path": path, "StartLine": instruction.line, "EndLine": instruction.end_line}
    return {**command, "Original": well_formed(original), **place}


def _script(first: str, heredocs: Sequence[RawHeredoc]) -> str:
    """A script that is a here-document on one line; anything else of the kind as the shell would get it."""
    one = heredocs[0]
    if not _LONE_HEREDOC.fullmatch(first) or one.content.startswith("#!"):
        return "\n".join((first, *(each.content + each.name for each in heredocs)))
    content = _TABS.sub("", one.content) if one.chomp else one.content
    return content.replace("\r\n", "\n").removesuffix("\n").replace("\n", " ; ")


def _staged(parsed: ParsedDockerfile) -> Iterator[tuple[int, RawInstruction]]:
    """Each instruction with its stage; what comes before the first FROM counts as stage 0."""
    stage = -1
    for instruction in parsed.instructions:
        stage += instruction.cmd == "FROM"
        yield max(stage, 0), instruction


def _words(instruction: RawInstruction) -> tuple[str, list[str]]:
    """The keyword under ONBUILD as it is written, and the arguments."""
    words = list(instruction.words)
    sub = instruction.sub
    if sub is None or not words:
        return "", _separated(instruction, words)
    if sub.cmd not in validity.INSTRUCTIONS:
        return words[0], [""]
    return words[0], _separated(sub, words[1:])


def _separated(instruction: RawInstruction, words: list[str]) -> list[str]:
    """Names and values with what stood between them; other words as they are."""
    if instruction.cmd not in ("ENV", "LABEL"):
        return words
    separator = "" if instruction.legacy else "="
    pairs = zip(words[::2], words[1::2], strict=True)
    return [each for name, value in pairs for each in (name, value, separator)]


def _flags(instruction: RawInstruction) -> Sequence[str] | None:
    """None where nothing at all follows the keyword."""
    return instruction.flags if len(split_once(instruction.original.strip())) > 1 else None


def _command(
    cmd: str, sub: str, words: Sequence[str], flags: Sequence[str] | None, *, stage: int, json: bool
) -> dict[str, Any]:
    return {
        "Cmd": cmd,
        "SubCmd": well_formed(sub),
        "Flags": None if flags is None else [well_formed(flag) for flag in flags],
        "JSON": json,
        "Stage": stage,
        "Value": [well_formed(word) for word in words] or None,
    }
