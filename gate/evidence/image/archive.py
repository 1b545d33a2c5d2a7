"""Files of an image kept locally: a directory, or a tar, plain or compressed.

Nothing is unpacked. A plain archive is read where it is; a compressed one, or a stream, is first put decompressed into
a temporary file without a name. Names only ever select members that were listed, so none can lead out.
"""

from __future__ import annotations

import asyncio
import os
import posixpath
import tempfile
from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from gate.errors import ArchiveError, TargetNotFoundError
from gate.evidence.image.blobs import PIECE
from gate.evidence.image.compression import Decompressor
from gate.evidence.image.limits import LayerError, LayerLimits
from gate.evidence.image.source import Span
from gate.evidence.image.tar import Batch, TarLimits, TarReader
from gate.settings.files import UnreadableError, read_regular

__all__ = ["Archive", "ArchiveLimits", "Directory", "Files"]

_REGULAR, _HARD, _SYMBOLIC = ord("0"), ord("1"), ord("2")
_LINKS = 4


class ArchiveLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of an archive once decompressed; how many times larger than its file it may be, from ``ratio_from`` bytes
    on; entries."""

    bytes: int = 32 << 30
    ratio: int = 100
    ratio_from: int = 1 << 30
    entries: int = 100_000


class Files(Protocol):
    """Read-only files by relative name, such as ``blobs/sha256/...``."""

    where: str
    """What a message calls it."""

    def size(self, name: str) -> int | None:
        """Bytes of a file, or null where there is none."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """A whole file; `ArchiveError` where there is none, or it is longer."""
        ...

    def pieces(self, name: str) -> AsyncGenerator[bytes, None]:
        """A file in pieces of at most 1 MiB."""
        ...

    def span(self, name: str) -> Span | None:
        """Where a file's bytes are for another process, if they are in a file with a name."""
        ...

    def close(self) -> None:
        """Close it; drop what is temporary."""
        ...


class Directory:
    """A directory. Its own links are followed (build tools make layouts of them), but only to regular files."""

    def __init__(self, root: Path) -> None:
        self.where = str(root)
        self._root = root
        if not root.is_dir():
            raise TargetNotFoundError("there is no such directory", where=self.where)

    def size(self, name: str) -> int | None:
        """Bytes of a regular file."""
        try:
            with _opened(self._root / name) as file:
                return os.fstat(file.fileno()).st_size
        except OSError:
            return None

    def read(self, name: str, limit: int) -> bytes:
        """A whole file."""
        try:
            return read_regular(self._root / name, limit)
        except UnreadableError as error:
            raise ArchiveError(f"{name}: {error}", where=self.where) from None

    async def pieces(self, name: str) -> AsyncGenerator[bytes, None]:
        """A file in pieces."""
        try:
            with _opened(self._root / name) as file:
                while piece := await asyncio.to_thread(file.read, PIECE):
                    yield piece
        except OSError as error:
            raise ArchiveError(f"{name}: {error.strerror or 'cannot be read'}", where=self.where) from None

    def span(self, name: str) -> Span | None:
        """The file itself."""
        size = self.size(name)
        return Span(self._root / name, 0, size) if size is not None else None

    def close(self) -> None:
        """Nothing is open."""


def _opened(path: Path) -> BinaryIO:
    """A regular file, opened without waiting for FIFOs."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    file = os.fdopen(handle, "rb")
    if not os.path.isfile(handle):  # noqa: PTH113 - of the open file, not of its path
        file.close()
        raise OSError(None, "it is not a regular file")
    return file


class Archive:
    """The members of a tar. Use `open` for a file, `spool` for a stream."""

    def __init__(self, file: BinaryIO, where: str, path: Path | None, limits: ArchiveLimits) -> None:
        self.where = where
        self._file = file
        self._path = path
        self._limits = limits
        self._reader = TarReader(TarLimits(entries=limits.entries, names=max(16 << 20, limits.entries * 160)))
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}

    @classmethod
    def open(cls, path: Path, limits: ArchiveLimits | None = None) -> Archive:
        """The archive in a file, whose compression is told by its first bytes."""
        limits = limits or ArchiveLimits()
        where = str(path)
        try:
            file = _opened(path)
        except FileNotFoundError:
            raise TargetNotFoundError("there is no such file", where=where) from None
        except OSError as error:
            raise ArchiveError(error.strerror or "cannot be read", where=where) from None
        unpack = Decompressor(LayerLimits())
        try:
            list(unpack.feed(file.read(512)))
            file.seek(0)
            if unpack.kind == "plain":
                archive = cls(file, where, path, limits)
                archive._index(iter(lambda: file.read(PIECE), b""))
                return archive
        except LayerError as error:
            file.close()
            raise ArchiveError(str(error), where=where) from None
        except BaseException:
            file.close()
            raise
        with file:
            return cls.spool(iter(lambda: file.read(PIECE), b""), where, limits)

    @classmethod
    def spool(cls, pieces: Iterable[bytes], where: str, limits: ArchiveLimits | None = None) -> Archive:
        """The archive in a stream, kept decompressed in a nameless temporary file."""
        limits = limits or ArchiveLimits()
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        archive = cls(file, where, None, limits)
        try:
            archive._index(archive._kept(pieces))
        except LayerError as error:
            file.close()
            raise ArchiveError(str(error), where=where) from None
        except OSError as error:
            file.close()
            raise ArchiveError(f"cannot be kept while it is read: {error.strerror}", where=where) from None
        except BaseException:
            file.close()
            raise
        return archive

    def size(self, name: str) -> int | None:
        """Bytes of a member, links followed."""
        member = self._find(name)
        return member[1] if member else None

    def read(self, name: str, limit: int) -> bytes:
        """A whole member."""
        offset, size = self._member(name)
        if size > limit:
            raise ArchiveError(f"{name} is longer than {limit} bytes", where=self.where)
        return os.pread(self._file.fileno(), size, offset)

    async def pieces(self, name: str) -> AsyncGenerator[bytes, None]:
        """A member in pieces; each read stands alone, so that several may be read at once."""
        offset, size = self._member(name)
        end = offset + size
        while offset < end:
            piece = await asyncio.to_thread(os.pread, self._file.fileno(), min(PIECE, end - offset), offset)
            if not piece:
                return  # cut off since; its size and digest will tell
            offset += len(piece)
            yield piece

    def span(self, name: str) -> Span | None:
        """Where a member is in a plain archive's file."""
        member = self._find(name)
        return Span(self._path, *member) if member and self._path else None

    def close(self) -> None:
        """Close the file; a temporary one is gone then."""
        self._file.close()

    # --- reading -------------------------------------------------------------------------------------------------

    def _kept(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The decompressed stream, written down as it passes."""
        unpack = Decompressor(LayerLimits())
        read = written = 0
        limits = self._limits

        def parts() -> Iterator[bytes]:
            nonlocal read
            for piece in pieces:
                read += len(piece)
                yield from unpack.feed(piece)
            yield from unpack.finish()

        for part in parts():
            written += len(part)
            if written > limits.bytes or (written > limits.ratio_from and written > limits.ratio * read):
                raise ArchiveError(f"grows beyond all bounds when decompressed ({written} bytes)", where=self.where)
            self._file.write(part)
            yield part
        self._file.flush()

    def _index(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._note(self._reader.feed(piece))
            if self._reader.fault is not None:
                break
        self._reader.finish()
        if self._reader.fault is not None:
            raise ArchiveError(f"not an archive that can be trusted: {self._reader.fault}", where=self.where)

    def _note(self, batch: Batch) -> None:
        for index, raw in enumerate(batch.names):
            kind = batch.kinds[index]
            name = posixpath.normpath(raw.decode("utf-8", "surrogateescape"))
            if kind not in (_REGULAR, _HARD, _SYMBOLIC):
                continue
            if name in self._members or name in self._links:
                raise ArchiveError("holds a file twice", where=self.where)
            if kind == _REGULAR:
                self._members[name] = (batch.offsets[index], batch.sizes[index])
            else:
                target = batch.links[index].decode("utf-8", "surrogateescape")
                base = posixpath.dirname(name) if kind == _SYMBOLIC else ""
                self._links[name] = posixpath.normpath(posixpath.join(base, target))

    def _find(self, name: str) -> tuple[int, int] | None:
        name = posixpath.normpath(name)
        for _ in range(_LINKS):
            if name in self._members:
                return self._members[name]
            if name not in self._links:
                return None
            name = self._links[name]
        return None

    def _member(self, name: str) -> tuple[int, int]:
        found = self._find(name)
        if found is None:
            raise ArchiveError(f"holds no {name[:200]}", where=self.where)
        return found
