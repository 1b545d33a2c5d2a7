"""Tar archives from a grammar: mostly well formed, often at the edge, sometimes broken on purpose.

`archive(random)` returns the bytes of one. Every part that readers are known to differ on has a production, so a few
thousand archives of a fixed seed visit all of them; `block`, `pax` and `entry` are the pieces, for hand-made ones.
"""

from __future__ import annotations

from random import Random

BLOCK = 512
ZERO = bytes(BLOCK)
POSIX = b"ustar\x0000"
GNU = b"ustar  \x00"
V7 = bytes(8)

_NAMES = [
    b"bin/sh", b"./bin/sh", b"/bin/sh", b"x/../bin/sh", b"etc/passwd", b"usr/lib/x", b"a", b"a b", b"bin", b"bin/busybox",
    b"lib//double", b"dir/.wh.file", b"dir/.wh..wh..opq", b"../up", b"caf\xc3\xa9", b"latin\xe9", b"new\nline", b"n" * 99,
    b"n" * 100, b"d/" * 49 + b"xy", b"quote\"d", b"back\\slash", b"\xff\xfe",
]  # fmt: skip
_PAX_KEYS = [
    b"path", b"linkpath", b"size", b"uid", b"gid", b"uname", b"gname", b"mtime", b"atime", b"ctime", b"comment",
    b"hdrcharset", b"SCHILY.xattr.security.capability", b"SCHILY.xattr.user.note", b"LIBARCHIVE.creationtime",
    b"GNU.sparse.major", b"GNU.sparse.name", b"GNU.sparse.size", b"GNU.sparse.map", b"GNU.sparse.offset", b"VENDOR.key",
]  # fmt: skip
_PAX_VALUES = [
    b"", b"0", b"1", b"12", b"-1", b"+1", b"1.5", b".5", b"1.", b"1700000000.123456789", b"bin/sh", b"etc/harmless",
    b"nul\x00inside", b"a=b", b"x\ny", b"9" * 19, b"BINARY", b"caf\xc3\xa9", b"\xe9", b"dir/", b" 7", b"0x10", b"1_0",
]  # fmt: skip
_KINDS = b"0" * 12 + b"\x00" * 3 + b"5" * 8 + b"2" * 5 + b"1" * 4 + b"346" + b"7SVMNDAXZ"


def octal(value: int, width: int) -> bytes:
    """A number the usual way: zeros, digits, a NUL."""
    return b"%0*o\x00" % (width - 1, value)


def block(
    name: bytes,
    *,
    kind: bytes = b"0",
    size: int | bytes = 0,
    link: bytes = b"",
    mode: int | bytes = 0o644,
    uid: int | bytes = 0,
    gid: int | bytes = 0,
    mtime: int | bytes = 1_700_000_000,
    magic: bytes = POSIX,
    device: tuple[int | bytes, int | bytes] = (b"", b""),
    rest: bytes = b"",
    check: bytes | None = None,
) -> bytes:
    """One header. Numbers given as bytes are written as they are; ``rest`` is what follows the device numbers."""
    fields = [(mode, 8), (uid, 8), (gid, 8), (size, 12), (mtime, 12)]
    numbers = b"".join(v.ljust(w, b"\x00")[:w] if isinstance(v, bytes) else octal(v, w) for v, w in fields)
    devices = b"".join(d.ljust(8, b"\x00")[:8] if isinstance(d, bytes) else octal(d, 8) for d in device)
    head = name.ljust(100, b"\x00")[:100] + numbers
    tail = kind + link.ljust(100, b"\x00")[:100] + magic + bytes(64) + devices + rest.ljust(167, b"\x00")[:167]
    total = sum(head) + sum(tail) + 8 * 0x20
    return head + (check if check is not None else b"%06o\x00 " % total) + tail


def padded(content: bytes) -> bytes:
    """Content filled up to whole blocks."""
    return content + bytes(-len(content) % BLOCK)


def record(key: bytes, value: bytes) -> bytes:
    """One pax record with its length."""
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while length != len(body) + len(str(length)):
        length = len(body) + len(str(length))
    return str(length).encode() + body


def pax(records: dict[bytes, bytes] | bytes, *, kind: bytes = b"x", name: bytes = b"PaxHeaders/0") -> bytes:
    """An extended header with its records, or with raw content."""
    content = records if isinstance(records, bytes) else b"".join(record(k, v) for k, v in records.items())
    return block(name, kind=kind, size=len(content)) + padded(content)


def long(text: bytes, *, kind: bytes = b"L") -> bytes:
    """A GNU long name (L) or long link (K)."""
    return block(b"././@LongLink", kind=kind, size=len(text), magic=GNU) + padded(text)


def entry(name: bytes, content: bytes = b"", **fields: object) -> bytes:
    """A header with its content."""
    return block(name, size=len(content), **fields) + padded(content)  # type: ignore[arg-type]


def archive(random: Random) -> bytes:
    """One archive: some entries, an end, perhaps a mutation of the bytes."""
    parts = [_entry(random) for _ in range(random.randrange(0, 6))]
    data = b"".join(parts) + _end(random)
    return _mutated(random, data) if random.random() < 0.12 else data


def _end(random: Random) -> bytes:
    usual = ZERO * 2
    if random.random() < 0.85:
        return usual
    return random.choice(
        [b"", ZERO, ZERO * 3, ZERO * 20, usual + b"junk", usual + entry(b"bin/sh", b"late"), ZERO + entry(b"bin/sh", b"x"),
         usual + bytes(100), bytes(100), ZERO + bytes(7), usual + ZERO + b"\x01"]
    )  # fmt: skip


def _mutated(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return random.choice(
        [
            lambda: data[:at],
            lambda: data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
            lambda: data[: at - at % BLOCK] + data[at - at % BLOCK + BLOCK :],
            lambda: data[: at - at % BLOCK] + ZERO + data[at - at % BLOCK :],
            lambda: data + data,
        ]
    )()


def _number(random: Random, width: int, usual: int) -> int | bytes:
    if random.random() < 0.93:
        return usual
    return random.choice(
        [
            b"", b" " * width, b"%0*o" % (width, usual), b"%*o " % (width - 1, usual), b"\x00" + b"%o" % usual, b"-1",
            b"8", b"0o7", b"1_0", b"+7", b"12 34", b"12\x0034", b"\x80" + usual.to_bytes(width - 1, "big"),
            b"\xff" * width, b"\xc0" + bytes(width - 1), b"\x80" + b"\xff" * (width - 1), b"x", b"\t7",
        ]
    )  # fmt: skip


def _text(random: Random) -> bytes:
    name = random.choice(_NAMES)
    return name + b"/" if random.random() < 0.06 else name


def _entry(random: Random) -> bytes:
    kind = bytes([random.choice(_KINDS)]) if random.random() < 0.3 else random.choice([b"0", b"5", b"2", b"1"])
    name = _text(random)
    if kind == b"5" and random.random() < 0.7:
        name = name.rstrip(b"/") + b"/"
    has_content = kind in b"0\x007" or random.random() < 0.04
    content = random.randbytes(random.choice([0, 0, 1, 39, 40, 41, 511, 512, 513, 2000])) if has_content else b""
    size = _number(random, 12, len(content))
    magic = random.choice([POSIX] * 14 + [GNU] * 5 + [V7, b"ustar\x00\x00\x00", b"ustar\x0001", b"abcdefgh"])
    header = block(
        name,
        kind=kind,
        size=size,
        link=_text(random) if kind in b"12" or random.random() < 0.03 else b"",
        mode=_number(random, 8, random.choice([0o644, 0o755, 0o4755, 0o100644, 0o777])),
        uid=_number(random, 8, random.choice([0, 1000])),
        gid=_number(random, 8, 0),
        mtime=_number(random, 12, 1_700_000_000),
        magic=magic,
        device=(_number(random, 8, 1), _number(random, 8, 3)) if kind in b"34" or random.random() < 0.1 else (b"", b""),
        rest=_rest(random),
        check=random.choice([b"000000\x00 ", b"        ", b"\xff" * 8]) if random.random() < 0.01 else None,
    )
    return _extensions(random) + header + padded(content)


def _rest(random: Random) -> bytes:
    if random.random() < 0.93:
        return b""
    return random.choice(
        [b"prefix/dir", b"p" * 155, b"bin", b"14000000000\x00" * 2, b"prefix".ljust(163, b"\x00") + b"tar\x00",
         b"\x00" * 155 + b"123456789012", b"\xe9t\xe9", b"/"]
    )  # fmt: skip


def _extensions(random: Random) -> bytes:
    if random.random() < 0.55:
        return b""
    choice = random.random()
    if choice < 0.45:
        return pax(_records(random))
    if choice < 0.75:
        return long(_long_text(random), kind=random.choice([b"L", b"K"]))
    if choice < 0.83:
        return pax(_records(random), kind=b"g", name=b"pax_global_header")
    several = [pax(_records(random)), pax(_records(random)), long(_long_text(random)), long(_long_text(random), kind=b"K"),
               pax({b"comment": b"x"}, kind=b"g"), pax({b"path": b"etc/harmless"}, kind=b"g")]  # fmt: skip
    random.shuffle(several)
    return b"".join(several[: random.randrange(2, 4)])


def _long_text(random: Random) -> bytes:
    text = random.choice([_text(random), b"long/" * 40 + b"name", b"bin/sh", b""])
    return text + random.choice([b"\x00", b"\x00", b"\x00", b"", b"\x00\x00", b"\x00tail"])


def _records(random: Random) -> dict[bytes, bytes] | bytes:
    if random.random() < 0.5:
        return random.choice(
            [{b"path": _text(random)}, {b"mtime": b"1700000000.5"}, {b"path": b"long/" * 30 + b"x", b"uid": b"70000"},
             {b"SCHILY.xattr.security.capability": b"\x01\x00\x00\x02\x00\x20" + bytes(14)}, {b"linkpath": _text(random)},
             {b"uname": b"app", b"gname": b""}]
        )  # fmt: skip
    records = {random.choice(_PAX_KEYS): random.choice(_PAX_VALUES) for _ in range(random.randrange(0, 4))}
    if random.random() < 0.85:
        return records
    raw = b"".join(record(k, v) for k, v in records.items())
    return random.choice(
        [raw + b"\x00", raw + raw, raw[:-1], b"5 a=\n", b"4 a=\n", b"6  a=\n", b"06 a=b\n", b"+6 a=b\n", b"6 =ab\n", b"7 a\x00=b\n",
         b"99 a=b\n", b"6 abc\n", b"\n", b" ", b"6\ta=b\n"]
    )  # fmt: skip
