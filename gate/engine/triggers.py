"""Which rules a Dockerfile can rouse at all: most rules over commands are silent where their program is not called.

METADATA ``only_with`` names programs (``apt-get``, ``python*``), instructions (``MAINTAINER``) and flags (``--chmod``).
A rule none of whose words stands in the file has nothing to say, so it need not be compiled or run. Tests hold every
rule to its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import msgspec


class _Command(msgspec.Struct):
    program: str | None = None
    wrappers: list[str] = []


class _Instruction(msgspec.Struct):
    cmd: str
    flags: list[str] = []
    commands: list[_Command] = []


class _Stage(msgspec.Struct):
    instructions: list[_Instruction] = []


class _Dockerfile(msgspec.Struct):
    stages: list[_Stage] = []
    arguments: list[_Instruction] = []


class _Evidence(msgspec.Struct):
    dockerfile: _Dockerfile | None = None


class _Document(msgspec.Struct):
    evidence: _Evidence


def roused(document: bytes, ids: list[str], triggers: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the rules ``ids`` that can find something in an engine's document.

    Without a Dockerfile that could be read these are all: they have to say that they cannot tell.
    """
    if not any(rule in triggers for rule in ids):
        return ids
    try:
        dockerfile = msgspec.json.decode(document, type=_Document).evidence.dockerfile
    except msgspec.MsgspecError:
        return ids
    if dockerfile is None or not dockerfile.stages:
        return ids
    there = _words(dockerfile)
    return [rule for rule in ids if rule not in triggers or any(_stands(word, there) for word in triggers[rule])]


def _words(dockerfile: _Dockerfile) -> Set[str]:
    """Every instruction, its flags, and every program called, by its last name and by its wrappers."""
    words = {instruction.cmd for instruction in dockerfile.arguments}
    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            words.add(instruction.cmd)
            words.update(flag.split("=", 1)[0] for flag in instruction.flags)
            for command in instruction.commands:
                words.update(command.wrappers)
                if command.program is not None:
                    words.add(command.program.rsplit("/", 1)[-1])
    return words


def _stands(word: str, there: Set[str]) -> bool:
    if word.endswith("*"):
        return any(each.startswith(word[:-1]) for each in there)
    return word in there
