"""What is in force before the first stage: build options, platform arguments and global ARGs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from gate.evidence.dockerfile.blanks import lower, printable
from gate.evidence.dockerfile.platform import Platform
from gate.evidence.dockerfile.scope import Scope, Value, located
from gate.evidence.dockerfile.syntax import DockerfileError, RawInstruction

BUILD_PLATFORM = Platform("linux", "amd64")
"""What BuildKit itself is taken to run on; never the host."""
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_EPOCH = "SOURCE_DATE_EPOCH"


class BuildOptions(msgspec.Struct, frozen=True):
    """What ``docker build`` is given: ``--target``, ``--build-arg``, ``--platform`` and ``--build-context``."""

    target: str | None = None
    build_args: Mapping[str, str] = msgspec.field(default_factory=dict)
    platform: str = "linux/amd64"
    contexts: Mapping[str, str] = msgspec.field(default_factory=dict)


def before_stages(
    arguments: Sequence[RawInstruction],
    starts: Sequence[RawInstruction],
    options: BuildOptions,
    target: Platform,
    scope: Scope,
) -> Scope:
    """The scope of FROM: platform arguments, then the ARGs before the first FROM, each seeing those before it.

    ``starts`` are the FROMs. Raises `DockerfileError` for values that do not expand.
    """
    stage = options.target or stage_name(starts[-1]) or "default"
    for name, text in _platform_args(target, stage).items():
        scope.set(name, Value(options.build_args.get(name, text), frozenset((name,))))
    for raw in arguments:
        for word in raw.words:
            _declare(scope, word, raw, options)
    _check_epoch(scope, starts, options)
    return scope


def _declare(scope: Scope, word: str, raw: RawInstruction, options: BuildOptions) -> None:
    name, equals, default = word.partition("=")
    given = options.build_args.get(name)
    over = frozenset((name,))
    if given is not None:
        scope.set(name, Value(given, over))
    elif equals:
        value = expanded(scope, default, raw)
        scope.set(name, value._replace(over=value.over | over))
    else:
        scope.overridable(name, over)


def _check_epoch(scope: Scope, starts: Sequence[RawInstruction], options: BuildOptions) -> None:
    """SOURCE_DATE_EPOCH must be a number, ``context``, or a stage."""
    text = options.build_args.get(_EPOCH, scope.values.get(_EPOCH, ""))
    if not text or text == "context" or _INTEGER.fullmatch(text):
        return
    if lower(text) not in {stage_name(start) for start in starts}:
        raise DockerfileError(f"invalid {_EPOCH}: '{printable(text)}'")


def stage_name(start: RawInstruction) -> str | None:
    """The name that a FROM gives its stage, in lower case."""
    return lower(start.words[2]) if len(start.words) == 3 else None


def expanded(scope: Scope, word: str, raw: RawInstruction) -> Value:
    """The word expanded; `DockerfileError` with the instruction's lines."""
    try:
        return scope.expand(word)
    except DockerfileError as error:
        raise located(error, raw.line, raw.end_line) from None


def _platform_args(target: Platform, stage: str) -> dict[str, str]:
    build = BUILD_PLATFORM
    return {
        "BUILDPLATFORM": str(build),
        "BUILDOS": build.os,
        "BUILDOSVERSION": build.os_version,
        "BUILDARCH": build.architecture,
        "BUILDVARIANT": build.variant,
        "TARGETPLATFORM": target.full,
        "TARGETOS": target.os,
        "TARGETOSVERSION": target.os_version,
        "TARGETARCH": target.architecture,
        "TARGETVARIANT": target.variant,
        "TARGETSTAGE": stage,
    }
