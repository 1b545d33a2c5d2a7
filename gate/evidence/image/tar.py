"""A strict reader of tar streams: the listing of a layer, or the reason why nobody may trust one.

Runtimes unpack layers with Go's ``archive/tar``; other readers see other files in the same bytes, which is how a shell
can be hidden. So only the plain profile is read: POSIX (ustar, pax) and GNU headers on which readers agree. All else
sets `TarReader.fault`, and nothing read is proof of an absence. Formats: POSIX.1-2024 "pax", GNU tar manual "Basic
Tar Format". Compared with Go on generated archives in tests/oracle/test_tar_oracle.py.

A million headers must take seconds, so one `struct.Struct` cuts a block into fields, numbers and checksums come from
caches of fields seen before, and the checksum of an ASCII block is the low half of its Adler-32 (a sum of at most
512 * 127 never wraps at 65,521).
"""

from __future__ import annotations

import struct
from zlib import adler32

import msgspec

from gate.evidence.image import tar_records as records
from gate.evidence.image.tar_records import NotPlainError

__all__ = ["HEAD", "Batch", "TarLimits", "TarReader"]

BLOCK = 512
HEAD = 40  # bytes kept of every regular file's content: "-----BEGIN ENCRYPTED PRIVATE KEY-----" is 37
_ZERO = bytes(BLOCK)
# name mode uid gid size mtime chksum typeflag linkname magic+version (uname gname) devmajor devminor prefix+rest
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s64x8s8s167s")
_POSIX = b"ustar\x0000"
_NOTHING = bytes(167)
_REGULAR, _OLD_REGULAR, _DIRECTORY = b"0", b"\x00", b"5"
_LINKS = (b"1", b"2")
_UNUSUAL = frozenset((b"1", b"2", b"3", b"4"))
_LONG = (b"L", b"K")
_EXTENSIONS = (b"x", b"g", b"L", b"K")
_ENTRIES = frozenset((b"0", b"\x00", b"1", b"2", b"3", b"4", b"5", b"6"))
_CACHE = 65_536


class TarLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one stream: entries; bytes of a path; of one extended header; of all names and links together; and
    of the contents kept, together and of one file."""

    entries: int = 1_000_000
    path: int = 4_096
    extended: int = 1 << 20
    names: int = 64 << 20
    kept: int = 16 << 20
    kept_file: int = 1 << 20


class Batch(msgspec.Struct):
    """The entries one call found, as columns of equal length.

    ``kinds`` are type flags (``ord("0")`` to ``ord("6")``), ``modes`` the low 12 bits, ``offsets`` where in the
    stream an entry's content starts, ``heads`` the first bytes of a regular file's content. ``links``, ``xattrs`` and
    ``devices`` (major, minor) are by position in the columns.
    """

    names: list[bytes] = []
    kinds: bytearray = msgspec.field(default_factory=bytearray)
    modes: list[int] = []
    sizes: list[int] = []
    offsets: list[int] = []
    heads: list[bytes] = []
    links: dict[int, bytes] = {}
    xattrs: dict[int, dict[bytes, bytes]] = {}
    devices: dict[int, tuple[int, int]] = {}


class TarReader:
    """Lists one stream as it arrives. Nothing is written anywhere.

    ``keep``: the content of regular files whose name ends so is put in `kept` (entry number -> bytes). `fault` is
    the first reason to distrust the listing; nothing is read after it. `complete`: the stream ended as it should.
    """

    def __init__(self, limits: TarLimits | None = None, *, keep: tuple[bytes, ...] = ()) -> None:
        self.fault: str | None = None
        self.count = 0
        self.kept: dict[int, bytes] = {}
        self.complete = False
        self._limits = limits or TarLimits()
        self._keep = keep
        self._rest = b""  # an unfinished block, or a header whose content's head is still to come
        self._position = 0  # where in the stream _rest starts
        self._skip = 0  # bytes of content and padding still to pass
        self._waiting: tuple[bytes | int, bytearray, int] | None = None  # content to collect: whose, what, how much
        self._extended = False  # an extended header waits for its entry
        self._pax: dict[bytes, bytes] | None = None
        self._long_name: bytes | None = None
        self._long_link: bytes | None = None
        self._zeros = 0
        self._names_bytes = 0
        self._kept_bytes = 0
        self._numbers: dict[bytes, int] = {}
        self._checksums: dict[bytes, int] = {}

    def feed(self, data: bytes) -> Batch:
        """Read on; returns the entries whose headers are now complete."""
        batch = Batch()
        if self.fault is None:
            try:
                self._read(self._rest + data if self._rest else data, batch)
                self._bound(batch)
            except NotPlainError as fault:
                self.fault = str(fault)
                self._rest = b""
        return batch

    def finish(self) -> None:
        """The stream has ended: an unfinished one is a fault."""
        if self.fault is None and (self._rest or self._skip):
            self.fault = "the tar stream ends inside an entry"
        if self.fault is None and self._extended:
            self.fault = "an extended header is followed by no entry"
        self.complete = self.fault is None

    # --- the stream ------------------------------------------------------------------------------------------

    def _read(self, data: bytes, batch: Batch) -> None:
        at = 0
        while at < len(data):
            if self._skip:
                at = self._pass_content(data, at)
            elif self._zeros:
                stop = self._after_zeros(data, at)
                if stop == at:
                    break
                at = stop
            else:
                stop = self._headers(data, at, batch)
                if stop == at:
                    break
                at = stop
        self._rest = data[at:]
        self._position += at

    def _pass_content(self, data: bytes, at: int) -> int:
        step = min(self._skip, len(data) - at)
        self._skip -= step
        if self._waiting is not None:
            owner, content, wanted = self._waiting
            if len(content) < wanted:
                content += data[at : at + min(step, wanted - len(content))]
            if not self._skip:
                self._waiting = None
                self._have(owner, bytes(content))
        return at + step

    def _after_zeros(self, data: bytes, at: int) -> int:
        """Past a zero block: a second one ends the archive, after which only zeros may follow."""
        if self._zeros == 1:
            if len(data) - at < BLOCK:
                return at
            if data[at : at + BLOCK] != _ZERO:
                raise NotPlainError("an entry follows a single zero block")
            self._zeros = 2
            return at + BLOCK
        if data.count(0, at) != len(data) - at:
            raise NotPlainError("data follows the end of the archive")
        return len(data)

    def _content(self, owner: bytes | int, length: int, wanted: int, data: bytes, start: int) -> None:
        """Take ``wanted`` bytes of the content that starts at ``start``, now or as they come."""
        padded = length + -length % BLOCK
        here = len(data) - start
        if here >= padded:
            self._have(owner, data[start : start + wanted])
        else:
            self._waiting = (owner, bytearray(data[start : start + wanted]), wanted)

    def _have(self, owner: bytes | int, content: bytes) -> None:
        if isinstance(owner, int):
            self.kept[owner] = content
        elif owner == b"x":
            self._pax = records.parse(content)
        elif owner == b"g":
            records.check_global(content)
        elif owner == b"L":
            self._long_name = records.long_text(content, "name")
        else:
            self._long_link = records.long_text(content, "link")

    # --- headers ---------------------------------------------------------------------------------------------

    def _headers(self, data: bytes, at: int, batch: Batch) -> int:
        """Read headers until content has to be awaited; returns where reading stopped."""
        unpack, numbers, checksums = _HEADER.unpack, self._numbers, self._checksums
        last, end = len(data) - BLOCK, len(data)
        while at <= last:
            block = data[at : at + BLOCK]
            name, mode, uid, gid, size, mtime, check, kind, link, magic, major, minor, rest = unpack(block)
            total = (adler32(block) & 0xFFFF) - 1 if block.isascii() else sum(block)
            if checksums.get(check) != total:
                if not total:
                    self._zeros = 1
                    return at + BLOCK
                self._check(check, total)
            try:
                length, bits = numbers[size], numbers[mode]
                numbers[uid], numbers[gid], numbers[mtime], numbers[major], numbers[minor]
            except KeyError:
                self._learn(size, mode, uid, gid, mtime, major, minor)
                length, bits = numbers[size], numbers[mode]
            if magic != _POSIX or rest != _NOTHING:
                name = records.old_name(name, magic, major + minor, rest)
            else:
                name = name.partition(b"\x00")[0]
            start = at + BLOCK
            if kind in _EXTENSIONS:
                at = self._extension(kind, length, data, start)
            else:
                if length and end - start < HEAD and end - start < length:
                    return at  # the head of its content is still to come
                if self._extended:
                    name, link = self._merge(name, link, length, batch)
                self._entry(name, kind, bits & 0o7777, length, data, start, batch)
                if kind in _UNUSUAL:
                    self._odd(name, kind, link, (numbers[major], numbers[minor]), batch)
                at = start + length + -length % BLOCK
            if at > end:
                self._skip = at - end
                return end
        return at

    def _entry(self, name: bytes, kind: bytes, mode: int, length: int, data: bytes, start: int, batch: Batch) -> None:
        if kind == _OLD_REGULAR:
            kind = _DIRECTORY if name.endswith(b"/") else _REGULAR
        if kind == _REGULAR:
            if name.endswith(b"/"):
                raise NotPlainError("a regular file's name ends with a slash")
            head = data[start : start + (HEAD if length > HEAD else length)] if length else b""
            if length and name.endswith(self._keep):
                self._keep_content(length, data, start)
        else:
            head = b""
            if length or kind not in _ENTRIES:
                raise NotPlainError(
                    "an entry's type is unknown" if not length else "an entry without content has a size"
                )
        if not name:
            raise NotPlainError("an entry has no name")
        batch.names.append(name)
        batch.kinds += kind
        batch.modes.append(mode)
        batch.sizes.append(length)
        batch.offsets.append(self._position + start)
        batch.heads.append(head)
        self.count += 1

    def _odd(self, name: bytes, kind: bytes, link: bytes, device: tuple[int, int], batch: Batch) -> None:
        """A link or a device."""
        index = len(batch.names) - 1
        if kind in _LINKS:
            target = link.partition(b"\x00")[0]
            if not target or name.endswith(b"/"):
                raise NotPlainError("a link leads nowhere, or its name ends with a slash")
            batch.links[index] = target
        else:
            batch.devices[index] = device

    def _extension(self, kind: bytes, length: int, data: bytes, start: int) -> int:
        """A header about the next entry, or about all; returns where it ends, which may be past the data."""
        if length > self._limits.extended:
            raise NotPlainError(f"an extended header is longer than {self._limits.extended} bytes")
        if kind in _LONG:
            clash = self._pax is not None or (self._long_name if kind == b"L" else self._long_link) is not None
        else:
            clash = self._extended
        if clash:
            raise NotPlainError("an entry has several extended headers that set the same")
        self._extended = self._extended or kind != b"g"
        self._content(kind, length, length, data, start)
        return start + length + -length % BLOCK

    def _merge(self, name: bytes, link: bytes, length: int, batch: Batch) -> tuple[bytes, bytes]:
        """Name and link after the extended headers before the entry."""
        name, link = self._long_name or name, self._long_link or link
        pax = self._pax
        if pax:
            name, link = pax.get(b"path", name), pax.get(b"linkpath", link)
            if int(pax.get(b"size", length)) != length:
                raise NotPlainError("an extended header's size is not the header's")
            xattrs = {key[len(records.XATTR) :]: value for key, value in pax.items() if key.startswith(records.XATTR)}
            if xattrs:
                batch.xattrs[len(batch.names)] = xattrs
        self._pax = self._long_name = self._long_link = None
        self._extended = False
        return name, link

    # --- bounds ----------------------------------------------------------------------------------------------

    def _check(self, field: bytes, total: int) -> None:
        if len(self._checksums) >= _CACHE:
            self._checksums.clear()
        expected = self._checksums[field] = records.checksum(field)
        if expected != total:
            raise NotPlainError("a header's checksum is wrong")

    def _learn(self, *fields: bytes) -> None:
        if len(self._numbers) >= _CACHE:
            self._numbers.clear()
        for field in fields:
            if field not in self._numbers:
                self._numbers[field] = records.number(field)

    def _keep_content(self, length: int, data: bytes, start: int) -> None:
        wanted = min(length, self._limits.kept_file)
        if self._kept_bytes + wanted <= self._limits.kept:
            self._kept_bytes += wanted
            self._content(self.count, length, wanted, data, start)

    def _bound(self, batch: Batch) -> None:
        """The limits that need not be looked at for every entry; a call reads few entries past them."""
        limits, names, links = self._limits, batch.names, batch.links.values()
        if not names:
            return
        if self.count > limits.entries:
            raise NotPlainError(f"more than {limits.entries} entries")
        if max(map(len, names)) > limits.path or max(map(len, links), default=0) > limits.path:
            raise NotPlainError(f"a path is longer than {limits.path} bytes")
        self._names_bytes += sum(map(len, names)) + sum(map(len, links))
        self._names_bytes += sum(len(value) for found in batch.xattrs.values() for value in found.values())
        if self._names_bytes > limits.names:
            raise NotPlainError(f"more than {limits.names} bytes of names")
