"""The entries of a layer, packed: four columns, each compressed, so that a million entries fit in a few megabytes."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterator

import msgspec

from gate.evidence.image.tar import Batch

__all__ = ["Entry", "Listing", "ListingWriter"]

Entry = tuple[bytes, int, int, int]
"""Name as written, type flag (``ord("0")`` to ``ord("6")``), low 12 bits of the mode, size in bytes."""

_LEVEL = 1
_PIECE = 1 << 18


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Packed entries: ``names`` end with a NUL each; ``modes`` are 16-bit, ``sizes`` 64-bit little-endian."""

    count: int = 0
    names: bytes = b""
    names_bytes: int = 0
    kinds: bytes = b""
    modes: bytes = b""
    sizes: bytes = b""

    def entries(self) -> Iterator[Entry]:
        """Every entry in order. Holds one piece of the names at a time."""
        if not self.count:
            return
        kinds = zlib.decompress(self.kinds)
        modes, sizes = _array("H", self.modes), _array("Q", self.sizes)
        at = 0
        for names in self._names():
            end = at + len(names)
            yield from zip(names, kinds[at:end], modes[at:end], sizes[at:end], strict=True)
            at = end

    def _names(self) -> Iterator[list[bytes]]:
        unpack = zlib.decompressobj()
        data, rest = self.names, b""
        while data or not unpack.eof:
            names = (rest + unpack.decompress(data, _PIECE)).split(b"\x00")
            data = unpack.unconsumed_tail
            rest = names.pop()
            yield names


class ListingWriter:
    """Collects batches into a `Listing`."""

    def __init__(self) -> None:
        self.count = 0
        self._names = _Packer()
        self._kinds = bytearray()
        self._modes = array("H")
        self._sizes = array("Q")

    def add(self, batch: Batch) -> None:
        """Append the entries of one batch."""
        if batch.names:
            self.count += len(batch.names)
            self._names.add(b"\x00".join(batch.names) + b"\x00")
            self._kinds += batch.kinds
            self._modes.extend(batch.modes)
            self._sizes.extend(batch.sizes)

    def finish(self) -> Listing:
        """The listing; the writer is then spent."""
        return Listing(
            count=self.count,
            names=self._names.finish(),
            names_bytes=self._names.size,
            kinds=zlib.compress(self._kinds, _LEVEL),
            modes=zlib.compress(_little_endian(self._modes), _LEVEL),
            sizes=zlib.compress(_little_endian(self._sizes), _LEVEL),
        )


class _Packer:
    def __init__(self) -> None:
        self.size = 0
        self._compress = zlib.compressobj(_LEVEL)
        self._out: list[bytes] = []

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self._out.append(self._compress.compress(data))

    def finish(self) -> bytes:
        return b"".join([*self._out, self._compress.flush()])


def _array(code: str, packed: bytes) -> array[int]:
    values: array[int] = array(code, zlib.decompress(packed))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _little_endian(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()
