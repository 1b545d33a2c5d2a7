"""Layers as they are stored: gzip of several members, zstd of several frames, or plain, told by their first bytes.

Media types lie and runtimes do not look at them. What follows the last member, and a member that is cut, are faults:
some runtimes ignore junk and others do not. gzip: RFC 1952; zstd: RFC 8878, skippable frames included.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from typing import Any

from gate.evidence.image.limits import LayerError, LayerLimits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["Decompressor", "Kind"]

Kind = str
"""``gzip``, ``zstd`` or ``plain``."""

_PIECE = 1 << 20  # bytes of content given out at once
_WINDOW = 1 << 16  # bytes of input at once: what follows a member's end is copied for each member
_MAGIC_LENGTH = 6
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # after one byte of 0x50 to 0x5f
_OTHERS = {b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4", b"\x5d\x00\x00": "lzma"}
_MOST_MEMBERS = 2_000_000


class Decompressor:
    """Turns the stored bytes of a layer into its tar stream; raises `LayerError`. ``kind`` is null until known."""

    def __init__(self, limits: LayerLimits) -> None:
        self.kind: Kind | None = None
        self._limits = limits
        self._head = b""
        self._stream: _Gzip | _Zstd | None = None  # one member or frame
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The content that ``data`` completes, in pieces of at most 1 MiB."""
        if self.kind is None:
            self._head += data
            if len(self._head) < _MAGIC_LENGTH:
                return
            data, self._head = self._head, b""
            self.kind = _kind(data)
        if self.kind == "plain":
            yield data
            return
        for at in range(0, len(data), _WINDOW):
            yield from self._inflate(data[at : at + _WINDOW])

    def finish(self) -> Iterator[bytes]:
        """The stored bytes have ended: an unfinished member is an error."""
        if self.kind is None:
            self.kind = "plain"
            if self._head:
                yield self._head
        if self._stream is not None:
            raise LayerError(f"the {self.kind} stream is cut short")

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data:
            stream = self._stream
            if stream is None:
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise LayerError(f"the {self.kind} stream has more than {_MOST_MEMBERS} members")
                stream = self._stream = _Gzip() if self.kind == "gzip" else _Zstd(self._limits.zstd_window)
            try:
                yield from stream.pieces(data)
            except (zlib.error, zstd.ZstdError) as error:
                after = "junk follows the end of" if self._members > 1 else "broken"
                raise LayerError(f"{after} {self.kind} data: {error}") from None
            if not stream.eof:
                return
            data, self._stream = stream.unused_data, None


def _kind(head: bytes) -> Kind:
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD) or (head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            raise LayerError(f"the layer is compressed with {name}, which not every runtime unpacks")
    return "plain"


class _Gzip:
    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            piece = self._inflate.decompress(data, _PIECE)
            if piece:
                yield piece
            if self._inflate.eof:
                return
            data = self._inflate.unconsumed_tail


class _Zstd:
    def __init__(self, window: int) -> None:
        options: dict[Any, int] = {zstd.DecompressionParameter.window_log_max: window.bit_length() - 1}
        self._frame = zstd.ZstdDecompressor(options=options)

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._frame.unused_data)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._frame.decompress(data, _PIECE)
            if piece:
                yield piece
            if self._frame.eof or self._frame.needs_input:
                return
            data = b""
