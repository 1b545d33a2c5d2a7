"""One layer, streamed once: its diff_id and size proven, its tar listed. Nothing is extracted.

Kept are the metadata of all entries, the contents of a few small files by name, and marks of what the content of a
file shows it to be (a shell under another name, a private key, whose text is not kept). `LayerFacts` depend on the
bytes of the layer alone, so they are cached by digest and `VERSION`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import msgspec

from gate.evidence.image.compression import Decompressor
from gate.evidence.image.documents import new_hash
from gate.evidence.image.limits import LayerError, LayerLimits
from gate.evidence.image.listing import Listing, ListingWriter
from gate.evidence.image.tar import Batch, TarReader

__all__ = ["VERSION", "Expected", "LayerFacts", "LayerReader", "layer_facts", "read_layer"]

VERSION = "1"
"""Changes when the same bytes would give other facts."""

KEEP = (b"passwd", b"group", b"shells", b"os-release", b".pem", b".key")
"""Endings of the names of files whose content is kept, up to the tar reader's bounds."""

MARKS = {b"BusyBox v": "busybox", b"(see toybox --help)": "toybox", b"GNU bash, version ": "bash"}
"""Text by which a program (ELF) under any name is known to be a shell."""

_SEAM = max(map(len, MARKS)) - 1
_ELF = b"\x7fELF"
_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-[0-9]")
_KEY_STARTS = (b"-----BEGIN ", b"PuTTY-User")
_CAPABILITY = b"security.capability"
_OVERLAY = (b"trusted.overlay.", b"user.overlay.")


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a layer must turn out to be. ``digest`` and ``size`` (bytes) are of the stored blob, null where its
    source checks them; ``diff_id`` is null where the config names none."""

    diff_id: str | None
    digest: str | None = None
    size: int | None = None


class LayerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes of one layer show. Bytes are counted as stored (``compressed``) and as a tar.

    ``fault``: why nothing can be concluded from the listing; ``whole`` says that the sizes hold nevertheless.
    ``links``, ``devices`` (major, minor), ``kept``, ``marks`` and ``capabilities`` are by entry number.
    """

    version: str = VERSION
    compression: str | None = None
    compressed: int
    uncompressed: int
    whole: bool
    fault: str | None = None
    listing: Listing = Listing()
    links: dict[int, bytes] = {}
    devices: dict[int, tuple[int, int]] = {}
    kept: dict[int, bytes] = {}
    marks: dict[int, str] = {}
    capabilities: dict[int, bytes] = {}


class LayerReader:
    """Reads one layer as it arrives: `feed` its stored bytes, then `finish`.

    ``feed`` raises `LayerError` where reading on is of no use (broken compression, a bound passed); `failed` then
    gives the facts. A stream that leaves the plain tar profile is read to its end, for its sizes.
    """

    def __init__(self, expected: Expected, limits: LayerLimits | None = None) -> None:
        self._expected = expected
        self._limits = limits or LayerLimits()
        self._unpack = Decompressor(self._limits)
        self._tar = TarReader(self._limits.tar, keep=KEEP)
        self._stored = new_hash(expected.digest) if expected.digest else None
        self._content = new_hash(expected.diff_id) if expected.diff_id else None
        self._compressed = 0
        self._uncompressed = 0
        self._listing = ListingWriter()
        self._links: dict[int, bytes] = {}
        self._devices: dict[int, tuple[int, int]] = {}
        self._capabilities: dict[int, bytes] = {}
        self._marks: dict[int, str] = {}
        self._overlay = False
        self._tail = b""
        self._open_program: tuple[int, int] | None = None  # entry number and content's end of a program not yet over

    def feed(self, data: bytes) -> None:
        """Take the next stored bytes."""
        self._compressed += len(data)
        if self._compressed > self._limits.compressed:
            raise LayerError(f"the layer is larger than {self._limits.compressed} bytes")
        if self._stored is not None:
            self._stored.update(data)
        self._take(self._unpack.feed(data))

    def finish(self) -> LayerFacts:
        """The facts, after the last byte."""
        try:
            self._take(self._unpack.finish())
        except LayerError as error:
            return self.failed(str(error))
        self._tar.finish()
        mismatch = self._mismatch()
        if mismatch:
            return self.failed(mismatch)
        fault = self._tar.fault or ("entries carry attributes of overlay file systems" if self._overlay else None)
        if fault:
            return self._facts(whole=True, fault=fault)
        return self._facts(
            whole=True,
            listing=self._listing.finish(),
            links=self._links,
            devices=self._devices,
            kept=self._kept(),
            marks=self._marks,
            capabilities=self._capabilities,
        )

    def failed(self, reason: str) -> LayerFacts:
        """The facts of a layer that is not what it should be, or that was not read to its end."""
        return self._facts(whole=False, fault=reason)

    def _facts(self, **found: Any) -> LayerFacts:
        return LayerFacts(
            compression=self._unpack.kind, compressed=self._compressed, uncompressed=self._uncompressed, **found
        )

    def _mismatch(self) -> str | None:
        expected = self._expected
        if expected.size is not None and expected.size != self._compressed:
            return f"the layer has {self._compressed} bytes, the manifest says {expected.size}"
        if not _is(self._stored, expected.digest):
            return f"the layer's bytes do not have the digest {expected.digest}"
        if expected.diff_id is None:
            return "the config names no diff_id for the layer"
        if not _is(self._content, expected.diff_id):
            return f"the layer's content does not have the diff_id {expected.diff_id}"
        return None

    # --- content -------------------------------------------------------------------------------------------------

    def _take(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            start = self._uncompressed
            self._uncompressed += len(piece)
            self._bound()
            if self._content is not None:
                self._content.update(piece)
            if self._tar.fault is None:
                first = self._tar.count
                batch = self._tar.feed(piece)
                self._look(piece, start, batch, first)
                self._store(batch, first)

    def _bound(self) -> None:
        limits, size = self._limits, self._uncompressed
        if size > limits.uncompressed:
            raise LayerError(f"the layer is larger than {limits.uncompressed} bytes unpacked")
        if size > limits.ratio_from and size > limits.ratio * self._compressed:
            raise LayerError(f"the layer unpacks to more than {limits.ratio} times its size")

    def _store(self, batch: Batch, first: int) -> None:
        self._listing.add(batch)
        for index, target in batch.links.items():
            self._links[first + index] = target
        for index, device in batch.devices.items():
            self._devices[first + index] = device
        for index, xattrs in batch.xattrs.items():
            if _CAPABILITY in xattrs:
                self._capabilities[first + index] = xattrs[_CAPABILITY][:64]
            self._overlay = self._overlay or any(name.startswith(_OVERLAY) for name in xattrs)
        for index, head in enumerate(batch.heads):
            if head.startswith(_KEY_STARTS) and _KEY.match(head):
                self._marks[first + index] = "private key"

    def _look(self, piece: bytes, start: int, batch: Batch, first: int) -> None:
        """Mark programs by the text in them. ``start`` is where in the stream the piece is."""
        seam = self._tail + piece[:_SEAM]
        for text, mark in MARKS.items():
            at = seam.find(text)
            if at >= 0:
                self._mark(start - len(self._tail) + at, mark, batch, first)
            at = piece.find(text)
            while at >= 0:
                end = self._mark(start + at, mark, batch, first)
                at = piece.find(text, max(end - start, at + 1))
        self._tail = (self._tail + piece[-_SEAM:])[-_SEAM:]
        if batch.names:
            end = batch.offsets[-1] + batch.sizes[-1]
            self._open_program = (self._tar.count - 1, end) if batch.heads[-1].startswith(_ELF) else None

    def _mark(self, offset: int, mark: str, batch: Batch, first: int) -> int:
        """Mark the program around ``offset``; returns up to where nothing more need be looked for."""
        index = bisect_right(batch.offsets, offset) - 1
        if index < 0:
            number, end = self._open_program or (-1, 0)
        else:
            number, end = first + index, batch.offsets[index] + batch.sizes[index]
            if not batch.heads[index].startswith(_ELF):
                return end
        if number >= 0 and offset < end:
            self._marks[number] = mark
        return end

    def _kept(self) -> dict[int, bytes]:
        """Contents to keep: text of account files, never a key's."""
        found = {}
        for number, content in self._tar.kept.items():
            if _KEY.search(content):
                self._marks[number] = "private key"
            elif b"\x00" not in content and not content.startswith(b"-----"):
                found[number] = content
        return found


def layer_facts(data: bytes) -> LayerFacts:
    """The facts as they are sent between processes and cached: msgpack. Raises ``msgspec.DecodeError``."""
    return msgspec.msgpack.decode(data, type=LayerFacts)


def read_layer(pieces: Iterable[bytes], expected: Expected, limits: LayerLimits | None = None) -> LayerFacts:
    """The facts of a layer given in pieces; never raises for what the layer holds."""
    reader = LayerReader(expected, limits)
    try:
        for piece in pieces:
            reader.feed(piece)
    except LayerError as error:
        return reader.failed(str(error))
    return reader.finish()


def _is(found: Any, digest: str | None) -> bool:
    return found is None or digest is None or found.hexdigest() == digest.partition(":")[2]
