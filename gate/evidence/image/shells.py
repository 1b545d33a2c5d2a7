"""Shells of a file tree: by name anywhere, by what /etc/shells lists, and by content under other names.

A shell is a regular file somebody may execute, at the end of whatever links. The limits: interpreters (python, perl,
node), a shell compiled under another name from other sources, and what is downloaded or mounted later are not seen.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gate.evidence.image.filesystem import Tree
from gate.evidence.image.nodes import SYMLINK, Inode, Node, Place, is_program, layer_of
from gate.evidence.image.paths import Found, text, words

__all__ = ["NAMES", "ShellHit", "Shells", "find_shells"]

NAMES = words(
    "sh bash rbash dash ash hush zsh ksh ksh93 lksh mksh oksh pdksh yash fish csh tcsh busybox toybox nu pwsh "
    "elvish osh ysh"
)
"""File names that mean a shell, or a program of many names that is one of them."""

_MOST = 200  # listed shells; one is enough to decide


class ShellHit(msgspec.Struct, frozen=True, kw_only=True):
    """One shell: its path without a leading slash, where its links lead, the layer that brought the path.

    ``mark`` is what its content shows it to be, where its name does not say.
    """

    path: bytes
    links: list[bytes]
    layer: int
    mark: str | None = None


class Shells(msgspec.Struct, frozen=True, kw_only=True):
    """The shells found, by path; ``doubt``: why there may be one in some runtime though none was found."""

    found: list[ShellHit]
    doubt: str | None = None


def find_shells(tree: Tree, named: Iterable[Place], marked: Iterable[tuple[Place, str]], listed: bytes) -> Shells:
    """The shells among candidates. ``listed`` is the content of /etc/shells.

    ``named`` and ``marked`` include what only some runtime has: where that is a link, its target may be anything.
    """
    hits: dict[bytes, ShellHit] = {}
    inodes: set[int] = set()
    doubt = None
    for place in named:
        hit = _hit(tree, place.path, place.node)
        if hit is not None:
            hits[place.path] = hit
            inodes.add(id(place.node))
        elif isinstance(place.node, Inode) and place.node.kind == SYMLINK and (tree.disputed or tree.leftover):
            doubt = f"where the link /{text(place.path)} leads depends on the runtime"
    for line in listed.splitlines():
        path = line.split(b"#")[0].strip().lstrip(b"/")
        found = tree.lookup(path) if path else None
        if found is not None and is_program(found.node) and path not in hits:
            hits[path] = ShellHit(path=path, links=_chain(found, path), layer=layer_of(found.node))
    for place, mark in marked:
        if is_program(place.node) and id(place.node) not in inodes:
            inodes.add(id(place.node))
            hits.setdefault(place.path, ShellHit(path=place.path, links=[], layer=layer_of(place.node), mark=mark))
    return Shells(found=[hits[path] for path in sorted(hits)][:_MOST], doubt=doubt)


def _hit(tree: Tree, path: bytes, node: Node) -> ShellHit | None:
    """A path named like a shell that leads to a program."""
    if not (isinstance(node, Inode) and node.kind == SYMLINK):
        return ShellHit(path=path, links=[], layer=layer_of(node)) if is_program(node) else None
    found = tree.lookup(path)
    if found is None or not is_program(found.node):
        return None
    return ShellHit(path=path, links=_chain(found, path), layer=layer_of(node))


def _chain(found: Found, path: bytes) -> list[bytes]:
    """Every path the links lead over, the file itself last."""
    if found.path == path:
        return []
    return [*(link for link in found.links if link != path), found.path]
