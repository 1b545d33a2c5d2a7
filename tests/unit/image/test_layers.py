"""One layer as it is stored: compression, proof by digests, bounds, and bombs."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator

import pytest
from backports import zstd
from gate.evidence.image.layers import Expected, LayerFacts, read_layer
from gate.evidence.image.limits import LayerLimits
from gate.evidence.image.tar import TarLimits
from tests.support.layered import BUSYBOX, digest_of, file, layer, link
from tests.support.tar_grammar import ZERO, block, entry, padded, pax

TAR = layer(file("bin/busybox", BUSYBOX), link("bin/sh", "busybox"), file("etc/passwd", b"root:x:0:0\n", 0o644))
SKIPPABLE = struct.pack("<II", 0x184D2A50, 5) + b"abcde"


def pieces(data: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, tar: bytes = TAR, size: int = 1 << 20, limits: LayerLimits | None = None) -> LayerFacts:
    expected = Expected(diff_id=digest_of(tar), digest=digest_of(data), size=len(data))
    return read_layer(pieces(data, size), expected, limits)


def members(tar: bytes) -> bytes:
    """Gzip of one member for every 600 bytes, as eStargz is written."""
    return b"".join(gzip.compress(tar[at : at + 600]) for at in range(0, len(tar), 600))


def frames(tar: bytes) -> bytes:
    """Zstd of several frames with skippable ones between, as zstd:chunked is written."""
    return SKIPPABLE + b"".join(zstd.compress(tar[at : at + 700]) + SKIPPABLE for at in range(0, len(tar), 700))


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize(
    ("pack", "kind"),
    [(bytes, "plain"), (gzip.compress, "gzip"), (members, "gzip"), (zstd.compress, "zstd"), (frames, "zstd")],
    ids=["plain", "gzip", "members", "zstd", "frames"],
)
def test_every_way_to_store_a_layer_gives_the_same_facts(pack: Callable[[bytes], bytes], kind: str, size: int) -> None:
    data = pack(TAR)
    found = read(data, size=size)
    assert (found.fault, found.whole, found.compression) == (None, True, kind)
    assert (found.compressed, found.uncompressed) == (len(data), len(TAR))
    names = [name for name, *_ in found.listing.entries()]
    assert names == [b"bin/busybox", b"bin/sh", b"etc/passwd"]
    assert (found.marks, found.links, found.kept) == ({0: "busybox"}, {1: b"busybox"}, {2: b"root:x:0:0\n"})


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(gzip.compress(TAR)[:-9], "the gzip stream is cut short", id="cut gzip"),
        pytest.param(gzip.compress(TAR)[:-4], "the gzip stream is cut short", id="cut gzip trailer"),
        pytest.param(gzip.compress(TAR)[:-8] + bytes(8), "broken gzip data", id="gzip checksum"),
        pytest.param(gzip.compress(TAR) + b"junk", "junk follows the end of gzip data", id="junk after gzip"),
        pytest.param(gzip.compress(TAR) + bytes(512), "junk follows the end of gzip data", id="zeros after gzip"),
        pytest.param(gzip.compress(TAR)[:40] + bytes(60), "broken gzip data", id="broken gzip"),
        pytest.param(zstd.compress(TAR)[:-5], "the zstd stream is cut short", id="cut zstd"),
        pytest.param(zstd.compress(TAR) + b"junk", "junk follows the end of zstd data", id="junk after zstd"),
        pytest.param(zstd.compress(TAR)[:4] + b"\xff" * 80, "broken zstd data", id="broken zstd"),
        pytest.param(lzma.compress(TAR), "compressed with xz", id="xz"),
        pytest.param(b"BZh91AY&SY" + bytes(80), "compressed with bzip2", id="bzip2"),
        pytest.param(b"\x04\x22\x4d\x18" + bytes(80), "compressed with lz4", id="lz4"),
    ],
)
def test_storage_that_runtimes_read_differently_is_a_fault(data: bytes, fault: str) -> None:
    found = read(data)
    assert not found.whole and found.fault is not None and fault in found.fault
    assert found.listing.count == 0


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        (Expected(diff_id=digest_of(b"other")), "does not have the diff_id sha256:"),
        (Expected(diff_id=None), "names no diff_id"),
        (Expected(diff_id=digest_of(TAR), digest=digest_of(b"other")), "do not have the digest sha256:"),
        (Expected(diff_id=digest_of(TAR), size=7), f"has {len(TAR)} bytes, the manifest says 7"),
    ],
)
def test_a_layer_that_is_not_what_the_image_says_is_a_fault(expected: Expected, fault: str) -> None:
    found = read_layer([TAR], expected)
    assert not found.whole and fault in (found.fault or "")


def test_sha512_names_a_layer_as_well() -> None:
    expected = Expected(diff_id=f"sha512:{hashlib.sha512(TAR).hexdigest()}")
    assert read_layer([TAR], expected).fault is None


def test_a_table_of_contents_that_omits_the_shell_does_not_hide_it() -> None:
    tar = layer(file("bin/sh"), file("stargz.index.json", b'{"version":1,"entries":[]}', 0o644))
    assert [name for name, *_ in read(members(tar), tar).listing.entries()] == [b"bin/sh", b"stargz.index.json"]


def test_text_of_a_shell_is_found_across_pieces_and_only_in_programs() -> None:
    programs = [b"\x7fELF" + bytes(length) + b"BusyBox v1.3" for length in (100, 4085, 1 << 16)]
    tar = layer(*(file(f"p{n}", each) for n, each in enumerate(programs)), file("t", b"BusyBox v1.3"))
    for size in (1, 13, 4096, 1 << 20):
        assert read(tar, tar, size).marks == {0: "busybox", 1: "busybox", 2: "busybox"}


# --- bounds --------------------------------------------------------------------------------------------------------


def gzip_of_zeros(total: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(total >> 20):
        yield packer.compress(bytes(1 << 20))
    yield packer.flush()


def zstd_of_zeros(total: int) -> Iterator[bytes]:
    packer = zstd.ZstdCompressor()
    for _ in range(total >> 20):
        yield packer.compress(bytes(1 << 20))
    yield packer.flush()


@pytest.mark.parametrize("bomb", [gzip_of_zeros, zstd_of_zeros])
def test_a_bomb_ends_once_it_unpacks_to_too_many_times_its_size(bomb: Callable[[int], Iterator[bytes]]) -> None:
    packed = b"".join(bomb(64 << 20))
    limits = LayerLimits(ratio_from=8 << 20)
    found = read_layer([packed], Expected(diff_id=digest_of(b"")), limits)
    assert found.fault == "the layer unpacks to more than 200 times its size"
    assert found.uncompressed <= 20 << 20


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (LayerLimits(compressed=100), "larger than 100 bytes"),
        (LayerLimits(uncompressed=2000), "larger than 2000 bytes unpacked"),
        (LayerLimits(tar=TarLimits(entries=2)), "more than 2 entries"),
    ],
)
def test_bounds_are_faults(limits: LayerLimits, fault: str) -> None:
    assert fault in (read(gzip.compress(TAR), limits=limits).fault or "")


def test_a_window_that_is_too_large_is_refused() -> None:
    options = {zstd.CompressionParameter.window_log: 24, zstd.CompressionParameter.content_size_flag: 0}
    packer = zstd.ZstdCompressor(options=options)
    data = packer.compress(TAR) + packer.flush()
    assert read(data).fault is None
    assert "broken zstd data" in (read(data, limits=LayerLimits(zstd_window=1 << 20)).fault or "")


def test_an_endless_extended_header_is_refused_by_its_size() -> None:
    found = read(block(b"x", kind=b"x", size=1 << 30), block(b"x", kind=b"x", size=1 << 30))
    assert found.fault == "an extended header is longer than 1048576 bytes"


def test_a_fault_of_the_tar_leaves_the_sizes_known() -> None:
    tar = entry(b"bin/sh", b"#!") + ZERO + entry(b"late")
    found = read(gzip.compress(tar), tar)
    assert (found.whole, found.uncompressed) == (True, len(tar))
    assert found.fault == "an entry follows a single zero block"


def test_the_facts_of_many_entries_are_small() -> None:
    tar = layer(*(pax({b"mtime": b"1.5"}) + block(b"usr/share/doc/package-%d/copyright" % n) for n in range(3_000)))
    listing = read(tar, tar).listing
    assert listing.count == 3_000
    assert len(listing.names) + len(listing.sizes) + len(listing.modes) + len(listing.kinds) < 30_000
    assert sum(1 for _ in listing.entries()) == 3_000


def test_padding_may_hold_anything() -> None:
    tar = block(b"a", size=3) + b"abc" + b"\xff" * 509 + padded(b"") + ZERO * 2
    assert read(tar, tar).fault is None
