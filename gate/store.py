"""The one store: bytes by namespace and key, for whatever is costly to find out twice.

`MemoryStore` and `FileStore` are here; other back ends keep the same protocol. A store never decides anything: what it
does not have, or has damaged, is worked out again. Files are written whole or not at all, checked on every read, and
thrown away oldest first once they exceed a size. Several processes may use one directory at the same time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from gate.errors import StoreError
from gate.settings.files import UnreadableError, read_regular

LARGEST_VALUE = 64 << 20
DEFAULT_SIZE = 512 << 20

_MAGIC = b"gate-store-1\n"
_HEAD = len(_MAGIC) + 32
_HOUR = 3600.0


class Store(Protocol):
    """Bytes by namespace and key.

    Namespaces are short lower-case words, keys any text. ``get`` gives back exactly what was put under that namespace
    and key, or None; ``put`` may forget. Both raise `StoreError` where the back end fails.
    """

    def get(self, namespace: str, key: str) -> bytes | None: ...
    def put(self, namespace: str, key: str, value: bytes) -> None: ...
    def close(self) -> None: ...


@runtime_checkable
class ManyStore(Store, Protocol):
    """A store for which many values in one question are quicker: one that is reached over a network."""

    def get_many(self, namespace: str, keys: Sequence[str]) -> list[bytes | None]: ...
    def put_many(self, namespace: str, values: Mapping[str, bytes]) -> None: ...


class NoStore:
    """Remembers nothing (``--no-cache``)."""

    def get(self, namespace: str, key: str) -> bytes | None:
        """Always None."""
        return None

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Forget it."""

    def close(self) -> None:
        """Nothing to do."""


class MemoryStore:
    """Values of this process, at most ``size`` bytes, the longest unused thrown away. Safe between threads."""

    def __init__(self, size: int = 64 << 20) -> None:
        self._size = size
        self._used = 0
        self._values: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, namespace: str, key: str) -> bytes | None:
        """The value, or None."""
        with self._lock:
            value = self._values.get((namespace, key))
            if value is not None:
                self._values.move_to_end((namespace, key))
            return value

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Keep a value; one larger than the store is forgotten."""
        with self._lock:
            self._used -= len(self._values.pop((namespace, key), b""))
            if len(value) > self._size:
                return
            self._values[namespace, key] = value
            self._used += len(value)
            while self._used > self._size:
                _, old = self._values.popitem(last=False)
                self._used -= len(old)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._used = 0


class _Entry(NamedTuple):
    """A file of the store, as the sweep sees it."""

    used_at: float
    size: int
    path: str


class FileStore:
    """One file per value below a directory that belongs to this user alone; at most about ``size`` bytes.

    A value's age counts from its last use. The size is checked after every eighth of it that this process writes, and
    by `close` once an hour: looking at every file takes longer than most runs. Until then it may be exceeded.
    """

    def __init__(self, root: Path, size: int = DEFAULT_SIZE) -> None:
        """Raises `StoreError` where the directory cannot be made, or others may write to it."""
        self._root = root
        self._marker = f"{root}/swept"
        self._size = size
        self._written = 0
        self._last = ""
        self._folders: set[str] = set()
        self._count = 0
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = root.stat()
        except OSError as error:
            raise StoreError(f"the cache cannot be used: {error.strerror}", where=str(root)) from None
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError("others may write to the cache", where=str(root), hint="chmod 700, or choose another")

    def get(self, namespace: str, key: str) -> bytes | None:
        """The value, or None; a damaged file is removed."""
        path = self._path(namespace, key)
        try:
            data = read_regular(Path(path), LARGEST_VALUE + _HEAD)
        except UnreadableError:
            return None
        value = data[_HEAD:]
        if data[:_HEAD] != _head(namespace, key, value):
            _remove(path)
            return None
        with suppress(OSError):
            os.utime(path)
        return value

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Write a value whole or not at all; one that is too large is forgotten. Raises `StoreError`."""
        if len(value) > min(LARGEST_VALUE, self._size // 4):
            return
        path = self._path(namespace, key)
        self._count += 1
        temporary = f"{path}.{os.getpid()}.{threading.get_ident()}.{self._count}.tmp"
        try:
            folder = os.path.dirname(path)  # noqa: PTH120 - a plain string is enough, 30 times a file
            if folder not in self._folders:
                os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
                self._folders.add(folder)
            _write(temporary, _head(namespace, key, value) + value)
            os.replace(temporary, path)  # noqa: PTH105
        except OSError as error:
            _remove(temporary)
            self._folders.clear()
            raise StoreError(f"the cache cannot be written: {error.strerror}", where=str(self._root)) from None
        self._written += len(value) + _HEAD
        self._last = path
        if self._written > self._size // 8:
            self.sweep()

    def close(self) -> None:
        """Bring the directory back to its size, if this process wrote to it and nobody did so for an hour."""
        if self._written and self._unswept():
            self.sweep()

    def _unswept(self) -> bool:
        """Whether the last sweep is long ago, by the clock of the file system."""
        try:
            return os.stat(self._last).st_mtime - os.stat(self._marker).st_mtime > _HOUR  # noqa: PTH116
        except OSError:
            return True

    def sweep(self) -> None:
        """Remove what was used longest ago until four fifths of the size are left, and forgotten temporary files."""
        self._written = 0
        entries = self._entries()
        total = sum(entry.size for entry in entries)
        newest = max((entry.used_at for entry in entries), default=0.0)
        entries.sort()
        goal = self._size * 4 // 5 if total > self._size else total
        for entry in entries:
            stale = entry.path.endswith(".tmp") and entry.used_at < newest - _HOUR
            if total <= goal and not stale:
                continue
            _remove(entry.path)
            total -= entry.size
        _remove(self._marker)
        with suppress(OSError):
            _write(self._marker, b"")

    def _entries(self) -> list[_Entry]:
        entries = []
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = f"{folder}/{name}"
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                entries.append(_Entry(status.st_mtime, status.st_size, path))
        return entries

    def _path(self, namespace: str, key: str) -> str:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self._root}/{namespace}/{name[:2]}/{name[2:]}"


def _head(namespace: str, key: str, value: bytes) -> bytes:
    """What a file starts with: it binds the value to its place, so that no file can stand in for another."""
    digest = hashlib.sha256(f"{namespace}\n{len(key)}\n".encode())
    digest.update(key.encode("utf-8", "surrogatepass"))
    digest.update(value)
    return _MAGIC + digest.digest()


def _write(path: str, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108
