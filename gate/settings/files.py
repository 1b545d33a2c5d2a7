"""Reading a file that anybody may have put there: regular files only, never more than a limit, never waiting."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_REASONS = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "it is a loop of symbolic links",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EISDIR: "it is a directory",
    errno.ENXIO: "it is not a regular file",
}


class UnreadableError(Exception):
    """A file that cannot be read; the text says why. ``missing``: there is no such file."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes; `UnreadableError` for anything else.

    Symbolic links are followed. A FIFO, device or socket is refused without waiting for it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) else errno.ENOENT
        reason = _REASONS.get(code or 0) or getattr(error, "strerror", None) or str(error)
        raise UnreadableError(reason, missing=code in (errno.ENOENT, errno.ENOTDIR)) from None
    with os.fdopen(handle, "rb", buffering=0) as file:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise UnreadableError("it is a directory" if stat.S_ISDIR(mode) else "it is not a regular file")
        try:
            return _at_most(file.fileno(), limit)
        except OSError as error:
            raise UnreadableError(error.strerror or "it cannot be read") from None


def _at_most(handle: int, limit: int) -> bytes:
    """Up to ``limit`` bytes; one byte more and the file is refused."""
    chunks: list[bytes] = []
    left = limit + 1
    while left > 0:
        chunk = os.read(handle, min(left, 1 << 20))
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        left -= len(chunk)
    raise UnreadableError(f"it is larger than {limit} bytes")
