"""Sources of images that are bombs; what they yield is made while it is read."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import zlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

from backports import zstd
from gate.evidence.image.source import Layer, PlatformImage, Resolved, Span

from tests.support.tar_grammar import ZERO, block, padded, pax, record

MIB = 1 << 20


class Bomb:
    """An image of layers given as functions that yield their stored bytes; all diff_ids are right where they matter."""

    name = "bomb"
    scope = ""

    def __init__(self, *layers: Callable[[], Iterable[bytes]], diff_id: str | None = None) -> None:
        self._layers = layers
        self._diff_id = diff_id

    async def resolve(self) -> Resolved:
        return Resolved(None, None)

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        return [
            PlatformImage(
                platform="linux/amd64",
                manifest_digest=None,
                index_digest=None,
                config_digest="sha256:" + "0" * 64,
                config={"config": {}},
                layers=tuple(
                    Layer(index=n, digest=None, size=MIB, diff_id=self._diff_id or diff_id_of(layer()))
                    for n, layer in enumerate(self._layers)
                ),
            )
        ]

    async def may_read(self, layer: Layer) -> bool:
        return True

    async def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        for piece in self._layers[layer.index]():
            yield piece

    def span(self, layer: Layer) -> Span | None:
        return None

    async def close(self) -> None:
        pass


_HEADER = block(b"")
_FIXED = sum(_HEADER[100:148]) + sum(_HEADER[156:]) + 8 * 0x20


def empty_files(names: Iterable[bytes]) -> Iterator[bytes]:
    """Headers of empty files, quicker than `block` makes them."""
    for name in names:
        yield name.ljust(100, b"\x00") + _HEADER[100:148] + b"%06o\x00 " % (_FIXED + sum(name)) + _HEADER[156:]


WRONG = "sha256:" + "1" * 64


def diff_id_of(pieces: Iterable[bytes]) -> str:
    running = hashlib.sha256()
    for piece in pieces:
        running.update(piece)
    return f"sha256:{running.hexdigest()}"


def batched(entries: Iterable[bytes]) -> Iterator[bytes]:
    """A tar, some entries at a time."""
    waiting = iter(entries)
    while piece := b"".join(itertools.islice(waiting, 1000)):
        yield piece
    yield ZERO * 2


def zeros_in_gzip() -> Bomb:
    def layer() -> Iterator[bytes]:
        packer = zlib.compressobj(9, wbits=31)
        return (packer.compress(bytes(16 * MIB)) for _ in range(10 * 64))

    return Bomb(layer, diff_id=WRONG)


def zeros_in_zstd() -> Bomb:
    frame = zstd.compress(bytes(64 * MIB))
    return Bomb(lambda: itertools.repeat(frame, 160), diff_id=WRONG)


def a_window_of_two_gigabytes() -> Bomb:
    # Magic number, a descriptor without content size, a window of 2 GiB (exponent 21), one raw block.
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([21 << 3]) + b"\x01\x00\x00"
    return Bomb(lambda: [frame + bytes(MIB)], diff_id=WRONG)


def endless_gzip_members() -> Bomb:
    member = gzip.compress(bytes(MIB), 9, mtime=0)
    return Bomb(lambda: itertools.repeat(member, 2000), diff_id=WRONG)


def too_many_entries() -> Bomb:
    header = block(b"same/name/again")
    return Bomb(lambda: itertools.chain(itertools.repeat(header * 1000, 1001), [ZERO * 2]))


def too_many_names() -> Bomb:
    def layer() -> Iterator[bytes]:
        name = b"n" * 4000
        return batched(pax({b"path": b"%d/" % n + name}) + block(b"x") for n in range(20_000))

    return Bomb(layer)


def too_many_directories() -> Bomb:
    return Bomb(lambda: batched(empty_files(b"%x/%x/%x" % (n % 7, n, n) for n in range(301_000))))


def a_gigabyte_of_pax() -> Bomb:
    header = block(b"x", kind=b"x", size=1 << 30)
    return Bomb(lambda: [header, *itertools.repeat(bytes(MIB), 20)])


def a_million_small_pax_headers() -> Bomb:
    value = record(b"SCHILY.xattr.user.x", b"v" * 900_000)
    entry = block(b"x", kind=b"x", size=len(value)) + padded(value) + block(b"same")
    return Bomb(lambda: itertools.chain(itertools.repeat(entry, 100), [ZERO * 2]))


def links_in_circles() -> Bomb:
    def layer() -> Iterator[bytes]:
        circle = [block(b"bin/%d" % n, kind=b"2", link=b"%d" % ((n + 1) % 500)) for n in range(500)]
        shells = [block(b"d%d/sh" % n, kind=b"2", link=b"/bin/%d/sh" % (n % 500)) for n in range(20_000)]
        return batched([*circle, *shells])

    return Bomb(layer)


def whiteouts_of_everything() -> Bomb:
    def layer() -> Iterator[bytes]:
        files = empty_files(b"d/%d" % n for n in range(20_000))
        return batched(itertools.chain(files, itertools.repeat(block(b"d/.wh..wh..opq"), 20_000)))

    return Bomb(layer)


def a_thousand_layers() -> Bomb:
    def layer() -> list[bytes]:
        return [block(b"x") + ZERO * 2]

    return Bomb(*[layer] * 1000)
