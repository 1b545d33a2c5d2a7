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


def read_regular(path: Path, limit: int, *, within: Path | None = None) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes; `UnreadableError` for anything else.

    Symbolic links are followed, but not out of ``within``. A FIFO, device or socket is refused without waiting for it.
    """
    handle = _open(path, within)
    try:
        return _at_most(handle, limit)
    except OSError as error:
        raise UnreadableError(error.strerror or "it cannot be read") from None
    finally:
        os.close(handle)


def read_start(path: Path, length: int) -> bytes:
    """Up to ``length`` bytes from the start of a regular file; `UnreadableError` for anything else."""
    handle = _open(path, None)
    try:
        return os.read(handle, length)
    except OSError as error:
        raise UnreadableError(error.strerror or "it cannot be read") from None
    finally:
        os.close(handle)


def _open(path: Path, within: Path | None) -> int:
    try:
        real = path if within is None else _inside(path, within)
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError, RuntimeError) as error:
        code = error.errno if isinstance(error, OSError) else None
        reason = _REASONS.get(code or 0) or getattr(error, "strerror", None) or str(error)
        raise UnreadableError(reason, missing=code in (errno.ENOENT, errno.ENOTDIR)) from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise UnreadableError("it is a directory" if stat.S_ISDIR(mode) else "it is not a regular file")
    return handle


def _inside(path: Path, within: Path) -> Path:
    """The file itself, links resolved; a link that leads out of ``within`` is refused."""
    if not path.is_symlink() and path.parent == within:
        return path
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(os.path.realpath(within)):
        raise UnreadableError("it is a symbolic link that leads out of the project")
    return real


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
