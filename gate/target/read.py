"""The text of a target, and the .dockerignore that goes with a Dockerfile."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import IO, NamedTuple

from gate.errors import TargetError, TargetNotFoundError
from gate.settings.files import UnreadableError, read_regular
from gate.target.model import Target

LARGEST_DOCKERFILE = 4 << 20
LARGEST_MANIFEST = 64 << 20
_LARGEST_IGNORE = 1 << 20


class IgnoreFile(NamedTuple):
    """The .dockerignore of a build: the file, or None where there is none, and its patterns as BuildKit reads them."""

    path: Path | None
    patterns: list[str]


def read(target: Target, stdin: IO[bytes] | None = None) -> bytes:
    """The bytes of a Dockerfile or manifest; raises `TargetError` that says what is wrong with the file."""
    limit = LARGEST_DOCKERFILE if target.kind == "dockerfile" else LARGEST_MANIFEST
    if target.path is None:
        if stdin is None:
            raise TargetError("standard input is not there", where=target.name)
        return _read_stream(stdin, limit, target.name)
    try:
        return read_regular(target.path, limit, within=target.root)
    except UnreadableError as error:
        kind = TargetNotFoundError if error.missing else TargetError
        raise kind(f"cannot be read: {error}", where=target.name) from None


def _read_stream(stream: IO[bytes], limit: int, name: str) -> bytes:
    try:
        data = stream.read(limit + 1)
    except OSError as error:
        raise TargetError(f"cannot be read: {error.strerror}", where=name) from None
    if len(data) > limit:
        raise TargetError(f"cannot be read: it is larger than {limit} bytes", where=name)
    return data


def ignore_file(dockerfile: Path, context: Path | None = None, root: Path | None = None) -> IgnoreFile:
    """The .dockerignore a build would use: ``NAME.dockerignore`` beside the Dockerfile, else the context's.

    Without a ``context`` that is the Dockerfile's folder, or ``root`` where the folder has none.
    """
    folders = [context] if context is not None else [dockerfile.parent, *([root] if root is not None else [])]
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), *(f / ".dockerignore" for f in folders)):
        try:
            return IgnoreFile(path, ignore_patterns(read_regular(path, _LARGEST_IGNORE, within=root)))
        except UnreadableError as error:
            if not error.missing:
                raise TargetError(f"cannot be read: {error}", where=str(path)) from None
    return IgnoreFile(None, [])


def ignore_patterns(data: bytes) -> list[str]:
    """The patterns of a .dockerignore, cleaned as BuildKit's ``ignorefile`` package does it; ``!`` stays in front."""
    patterns = []
    for line in data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        inverted = pattern.startswith("!")
        pattern = pattern[1:].strip() if inverted else pattern
        if pattern:
            pattern = posixpath.normpath(pattern).replace("//", "/")
            if len(pattern) > 1 and pattern.startswith("/"):
                pattern = pattern[1:]
        patterns.append("!" * inverted + pattern)
    return patterns
