"""What BuildKit refuses in a single instruction once its line is read: arity, names, flags, triggers."""

from __future__ import annotations

__all__ = ["INSTRUCTIONS", "check"]

import re

from gate.evidence.dockerfile import tokens
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, lower, printable
from gate.evidence.dockerfile.flags import check_flags
from gate.evidence.dockerfile.syntax import DockerfileError, RawInstruction

INSTRUCTIONS = frozenset({
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
})  # fmt: skip
_ONE_ARGUMENT = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_SOME_ARGUMENTS = frozenset({"ARG", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "SHELL", "VOLUME"})
_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*")
_NOT_TRIGGERS = frozenset({"FROM", "MAINTAINER", "ONBUILD"})


def check(instruction: RawInstruction) -> None:
    """Raise `DockerfileError` with the instruction's lines when BuildKit would refuse it."""
    try:
        _check(instruction)
    except DockerfileError as error:
        raise DockerfileError(error.message, instruction.line, instruction.end_line) from None


def _check(instruction: RawInstruction) -> None:
    cmd = instruction.cmd
    count = len(instruction.words)
    if cmd not in INSTRUCTIONS:
        raise DockerfileError(f"unknown instruction '{printable(cmd)}'")
    if cmd in _ONE_ARGUMENT and count != 1:
        raise DockerfileError(f"{cmd} requires exactly one argument")
    if cmd in _SOME_ARGUMENTS and not count:
        raise DockerfileError(f"{cmd} requires at least one argument")
    if cmd == "HEALTHCHECK" and instruction.words[0].upper() == "NONE":
        if count > 1:
            raise DockerfileError("HEALTHCHECK NONE takes no arguments")
        return
    if instruction.flags:
        check_flags(cmd, instruction.flags)
    if cmd in ("ENV", "LABEL"):
        _check_names(cmd, instruction.words[::2])
    elif cmd == "ARG":
        _check_names(cmd, tuple(word.partition("=")[0] for word in instruction.words))
    elif cmd in ("ADD", "COPY"):
        _check_copy(cmd, instruction.words)
    elif cmd == "FROM":
        _check_from(instruction.words)
    elif cmd == "HEALTHCHECK":
        _check_healthcheck(instruction.words)
    elif cmd == "ONBUILD":
        _check_trigger(instruction.words[0])
    elif cmd == "SHELL" and instruction.json is None:
        raise DockerfileError("SHELL requires the arguments to be in JSON form")
    elif cmd == "VOLUME" and not all(word.strip(UNICODE_BLANKS) for word in instruction.words):
        raise DockerfileError("VOLUME takes no empty names")


def _check_names(cmd: str, names: tuple[str, ...]) -> None:
    if not all(names):
        raise DockerfileError(f"{cmd} names can not be blank")


def _check_copy(cmd: str, arguments: tuple[str, ...]) -> None:
    if len(arguments) < 2:
        raise DockerfileError(f"{cmd} requires at least two arguments: sources and a destination")
    try:
        destination = tokens.heredoc_word(arguments[-1])
    except DockerfileError:
        return
    if destination is not None:
        raise DockerfileError(f"{cmd} cannot take a here-document as its destination")


def _check_from(arguments: tuple[str, ...]) -> None:
    if len(arguments) == 3 and arguments[1].casefold() == "as":
        if not _STAGE_NAME.fullmatch(lower(arguments[2])):
            raise DockerfileError(
                f"invalid name for build stage '{printable(arguments[2])}': "
                "it starts with a letter and holds letters, digits, '-', '_' and '.'"
            )
    elif len(arguments) != 1:
        raise DockerfileError("FROM requires either one or three arguments")


def _check_healthcheck(arguments: tuple[str, ...]) -> None:
    kind = arguments[0].upper()
    if kind != "CMD":
        raise DockerfileError(f"unknown type '{printable(kind)}' in HEALTHCHECK: it takes CMD or NONE")
    if len(arguments) == 1:
        raise DockerfileError("HEALTHCHECK CMD needs a command")


def _check_trigger(keyword: str) -> None:
    trigger = keyword.strip(UNICODE_BLANKS).upper()
    if trigger in _NOT_TRIGGERS:
        raise DockerfileError(f"{trigger} is not allowed as an ONBUILD trigger")
