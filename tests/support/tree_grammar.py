"""Stacks of layers that collide on purpose: few names, so that entries, links, whiteouts and opaque markers meet.

Every regular file of a stack has a size of its own, by which it is known again wherever it ends up.
"""

from __future__ import annotations

from random import Random

from tests.support.tar_grammar import ZERO, block, padded

_DIRECTORIES = [b"a", b"a/b", b"a/b/c", b"d", b"d/b", b"l", b"a/l"]
_NAMES = [b"b", b"c", b"l", b"sh", b"x", b"y"]
_TARGETS = [
    b"b",
    b"/a",
    b"a",
    b"../d",
    b"/d/b",
    b"sh",
    b"/a/b/sh",
    b"missing",
    b"/",
    b".",
    b"l",
    b"../../..",
    b"/a/l/sh",
]


def stack(random: Random) -> list[bytes]:
    """Tars of one to four layers, lowest first."""
    sizes = iter(range(1, 1000))
    return [_layer(random, sizes) for _ in range(random.choice([1, 2, 2, 3, 3, 4]))]


def _layer(random: Random, sizes: object) -> bytes:
    entries = [_entry(random, next(sizes)) for _ in range(random.randrange(1, 8))]  # type: ignore[call-overload]
    return b"".join(entries) + ZERO * 2


def _path(random: Random) -> bytes:
    path = random.choice(_NAMES)
    if random.random() < 0.75:
        path = random.choice(_DIRECTORIES) + b"/" + path
    if random.random() < 0.05:
        path = random.choice([b"./", b"/", b"../", b"x/../", b"a/../"]) + path
    return path


def _entry(random: Random, size: int) -> bytes:
    choice, path = random.random(), _path(random)
    if choice < 0.38:
        return block(path, size=size, mode=random.choice([0o644, 0o755, 0o4755])) + padded(b"x" * size)
    if choice < 0.55:
        name = random.choice([random.choice(_DIRECTORIES), path])
        return block(name + random.choice([b"", b"/"]), kind=b"5", mode=random.choice([0o755, 0o1777, 0o700]))
    if choice < 0.70:
        return block(path, kind=b"2", link=random.choice(_TARGETS), mode=0o777)
    if choice < 0.78:
        return block(path, kind=b"1", link=_path(random), mode=random.choice([0o644, 0o755]))
    if choice < 0.80:
        return block(path, kind=random.choice([b"3", b"6"]), device=(1, 3), mode=0o666)
    if choice < 0.94:
        before, slash, base = path.rpartition(b"/")
        return block(before + slash + b".wh." + base)
    directory = random.choice([*_DIRECTORIES, b""])
    return block(directory + b"/.wh..wh..opq" if directory else b".wh..wh..opq")
