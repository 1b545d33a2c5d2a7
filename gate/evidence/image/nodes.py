"""What a file tree is made of. A tree may hold a million files, so most are one packed integer."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "DIRECTORY",
    "HARDLINK",
    "REGULAR",
    "SYMLINK",
    "Directory",
    "Inode",
    "Node",
    "Place",
    "is_program",
    "is_regular",
    "layer_of",
    "mode_of",
    "pack",
    "size_of",
]

REGULAR, HARDLINK, SYMLINK, DIRECTORY = (ord(flag) for flag in "0125")

_MODE, _LAYER = 12, 16  # bits


class Inode:
    """A file with more to it than mode, size and layer: a link, a device, or one named or marked more than once.

    ``kind`` is a tar type flag. ``mode`` is the union of what runtimes may leave on it. ``target`` is a symbolic
    link's text, ``device`` a device's numbers, ``number`` the entry's in its layer; ``names`` counts hard links.
    """

    __slots__ = ("device", "kind", "layer", "mode", "names", "number", "size", "target")

    def __init__(self, kind: int, mode: int, size: int, layer: int, number: int | None) -> None:
        self.kind, self.mode, self.size, self.layer, self.number = kind, mode, size, layer, number
        self.target = b""
        self.device: tuple[int, int] | None = None
        self.names = 1


class Directory:
    """A directory and its children by name. ``layer`` brought it; ``seen`` is the last layer that wrote under it."""

    __slots__ = ("children", "layer", "mode", "seen")

    def __init__(self, mode: int, layer: int) -> None:
        self.children: dict[bytes, Node] = {}
        self.mode, self.layer, self.seen = mode, layer, layer


Node = Inode | Directory | int
"""An ``int`` is an ordinary regular file: see `pack`."""


class Place(NamedTuple):
    """A node and a path of it, without a leading slash."""

    path: bytes
    node: Node


def pack(mode: int, layer: int, size: int) -> int:
    """An ordinary regular file: 12 bits of mode, 16 of layer, the rest size in bytes."""
    return (size << (_MODE + _LAYER)) | (layer << _MODE) | mode


def mode_of(node: Node) -> int:
    """The low 12 bits of the mode."""
    return node & 0xFFF if isinstance(node, int) else node.mode


def size_of(node: Node) -> int:
    """Bytes of a file; 0 for a directory."""
    if isinstance(node, int):
        return node >> (_MODE + _LAYER)
    return node.size if isinstance(node, Inode) else 0


def layer_of(node: Node) -> int:
    """The number of the layer that brought the file or directory."""
    return (node >> _MODE) & 0xFFFF if isinstance(node, int) else node.layer


def is_regular(node: Node) -> bool:
    """Whether the node is a regular file."""
    return isinstance(node, int) or (isinstance(node, Inode) and node.kind == REGULAR)


def is_program(node: Node) -> bool:
    """Whether the node is a regular file that somebody may execute."""
    return is_regular(node) and bool(mode_of(node) & 0o111)
