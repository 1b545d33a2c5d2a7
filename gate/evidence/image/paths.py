"""Paths of a file tree: cleaned as Go cleans them, followed as the kernel follows them. No leading slash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gate.evidence.image.nodes import SYMLINK, Directory, Inode, Node

__all__ = ["Found", "below", "clean", "climbs", "find", "join", "steps", "text", "words"]

_CLIMBS = re.compile(rb"[^/]*[^/.][^/]*/(?:[^/]+/)*\.\.(?:/|$)|\.\.\.")


class Found(NamedTuple):
    """What a path leads to: the node, its path without links, the links followed, and every path passed."""

    node: Node
    path: bytes
    links: list[bytes]
    passed: list[bytes]


def clean(name: bytes) -> list[bytes]:
    """The components of a path from the root, ``.`` and ``..`` resolved by the text alone."""
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part and part != b".":
            parts.append(part)
    return parts


def join(path: bytes, name: bytes) -> bytes:
    """``name`` in the directory ``path``."""
    return path + b"/" + name if path else name


def steps(path: bytes) -> list[bytes]:
    """The components of a path, last first, without those that lead nowhere."""
    return [part for part in path.split(b"/")[::-1] if part and part != b"."]


def climbs(target: bytes) -> bool:
    """Whether a link's text goes down and up again (``a/../b``): by the text and by the kernel that may differ."""
    return _CLIMBS.search(target) is not None


def find(root: Directory, path: bytes, most_links: int = 40) -> Found | None:
    """What the kernel finds at a path, the last component followed too; null where it finds nothing."""
    node: Node = root
    here, links, passed = b"", list[bytes](), list[bytes]()
    above: list[tuple[Node, bytes]] = []
    ahead = steps(path)
    while ahead:
        part = ahead.pop()
        if not isinstance(node, Directory):
            return None
        if part == b"..":
            node, here = above.pop() if above else (root, b"")
            continue
        child = node.children.get(part)
        if child is None:
            return None
        there = join(here, part)
        passed.append(there)
        if isinstance(child, Inode) and child.kind == SYMLINK:
            links.append(there)
            if len(links) > most_links:
                return None
            if child.target.startswith(b"/"):
                node, here, above = root, b"", []
            ahead += steps(child.target)
            continue
        above.append((node, here))
        node, here = child, there
    return Found(node, here, links, passed)


def below(path: bytes, directory: Directory) -> Iterator[tuple[bytes, Directory]]:
    """A directory and every directory under it, with their paths."""
    waiting = [(path, directory)]
    while waiting:
        path, directory = waiting.pop()
        yield path, directory
        waiting += [
            (join(path, name), node) for name, node in directory.children.items() if isinstance(node, Directory)
        ]


def text(path: bytes) -> str:
    """A path for people and JSON; bytes that are no UTF-8 as ``\\xff``."""
    return path.decode("utf-8", "backslashreplace")


def words(names: str) -> frozenset[bytes]:
    """File names from a text that separates them by spaces."""
    return frozenset(names.encode().split())
