"""The file tree of an image: its layers applied one on the other, as runtimes apply them.

The rule is what containerd does (pkg/archive/tar.go at 301026e): names are cleaned, parents are followed through links
inside the root, anything but a directory over a directory replaces what was there, and whiteouts take away what lower
layers brought. Runtimes differ where a whiteout or an entry goes through a linked directory (on overlayfs each layer
is applied by itself), and where one layer both deletes and brings a file. There nothing is taken away: what one
runtime may leave stays in the tree or in `Tree.leftover`, so that an absence holds in all of them, and paths whose
content depends on the runtime are in `Tree.disputed`.

Layers that no runtime applies, or only some, raise `TreeError`.
"""

from __future__ import annotations

from typing import NamedTuple

from gate.evidence.image.layers import LayerFacts
from gate.evidence.image.nodes import (
    DIRECTORY,
    HARDLINK,
    REGULAR,
    SYMLINK,
    Directory,
    Inode,
    Node,
    layer_of,
    mode_of,
    pack,
    size_of,
)
from gate.evidence.image.paths import Found, clean, climbs, find, join, steps

__all__ = ["Tree", "TreeError"]

_WHITEOUT, _OPAQUE, _META = b".wh.", b".wh..wh..opq", b".wh..wh."
_MOST_LINKS = 255  # containerd's, while applying
_MOST_STEPS = 5_000_000  # of parents, whiteouts and links; real images need a few hundred thousand
_MOST_PARENTS = 4_096  # remembered


class TreeError(Exception):
    """The layers do not make one file tree; the text is the reason for `unknown`."""


class _Parent(NamedTuple):
    """The directory an entry's name puts it in; ``linked`` where a link led there."""

    directory: Directory
    path: bytes
    linked: bool


class Tree:
    """The file tree after the layers given to `apply`, lowest first. Paths have no leading slash.

    ``leftover``: nodes that some runtime keeps though the tree no longer has them. ``removed``: nodes that a layer
    deleted or replaced. ``disputed``: paths whose content depends on the runtime.
    """

    def __init__(self, folders: int = 300_000) -> None:
        """``folders``: the most directories the tree may have, as each costs memory as ten files do."""
        self.root = Directory(0o755, 0)
        self.leftover: list[tuple[bytes, Node]] = []
        self.removed: list[tuple[bytes, Node]] = []
        self.disputed: set[bytes] = set()
        self._layer = -1
        self._parents: dict[bytes, _Parent] = {}
        self._new_names: set[tuple[int, bytes]] = set()  # hard links this layer brought: directory's id, name
        self._dropped: dict[bytes, Directory] = {}  # directories this layer took away
        self._steps = 0
        self._folders, self._most_folders = 0, folders

    # --- applying ------------------------------------------------------------------------------------------------

    def apply(self, facts: LayerFacts) -> None:
        """Put one more layer on top."""
        self._layer += 1
        self._parents.clear()
        self._new_names.clear()
        self._dropped.clear()
        layer, parents = self._layer, self._parents
        special = facts.marks.keys() | facts.kept.keys() | facts.capabilities.keys()
        for number, (name, kind, mode, size) in enumerate(facts.listing.entries()):
            before, _, base = name.rpartition(b"/")
            if base in (b"", b".", b".."):
                parts = clean(name)
                if not parts:
                    if kind != DIRECTORY:
                        raise TreeError("an entry takes the place of the root directory")
                    continue
                before, base = b"/".join(parts[:-1]), parts[-1]
            parent = parents.get(before) or self._parent(before)
            if base.startswith(_WHITEOUT):
                self._whiteout(parent, base)
            elif kind == DIRECTORY:
                self._directory(parent, base, mode)
            elif kind == REGULAR and number not in special:
                self._put(parent, base, pack(mode, layer, size))
            else:
                inode = Inode(kind, mode, size, layer, number)
                self._file(parent, base, inode, facts)

    def _file(self, parent: _Parent, base: bytes, inode: Inode, facts: LayerFacts) -> None:
        number = inode.number or 0
        inode.device = facts.devices.get(number)
        if inode.kind != HARDLINK:
            inode.target = facts.links.get(number, b"")
            self._put(parent, base, inode)
            return
        self._put(parent, base, None)
        there = self._linked_inode(facts.links[number])
        there.mode |= inode.mode & 0o7777  # runtimes differ in whose mode stays
        there.names += 1
        parent.directory.children[base] = there
        self._doubt(parent, base, there)
        self._new_names.add((id(parent.directory), base))

    def _put(self, parent: _Parent, base: bytes, node: Node | None) -> None:
        """Let ``node`` be the file of that name, in place of what is there."""
        children = parent.directory.children
        before = children.get(base)
        if before is not None or parent.linked:
            self._replaced(parent, base, before)
        if node is not None:
            children[base] = node
            self._doubt(parent, base, node)
        elif before is not None:
            del children[base]

    def _replaced(self, parent: _Parent, base: bytes, before: Node | None) -> None:
        path = join(parent.path, base)
        if parent.linked:
            self.disputed.add(path)
        if before is None:
            return
        if parent.linked or (isinstance(before, Directory) and before.seen == self._layer):
            self.leftover.append((path, before))
        self._drop(path, before)

    def _doubt(self, parent: _Parent, base: bytes, node: Node) -> None:
        """What came through a link is elsewhere on overlayfs, where nothing done here takes it away."""
        if parent.linked:
            self.leftover.append((join(parent.path, base), node))

    def _drop(self, path: bytes, node: Node) -> None:
        if isinstance(node, Directory) or (isinstance(node, Inode) and node.kind == SYMLINK):
            self._parents.clear()
        if isinstance(node, Directory):
            self._dropped[path] = node
        self.removed.append((path, node))

    def _directory(self, parent: _Parent, base: bytes, mode: int) -> None:
        children = parent.directory.children
        before = children.get(base)
        if isinstance(before, Directory):
            before.mode = before.mode | mode if parent.linked else mode
            before.seen = self._layer
            return
        if before is not None or parent.linked:
            self._replaced(parent, base, before)
        children[base] = self._new_directory(join(parent.path, base), mode)

    def _new_directory(self, path: bytes, mode: int = 0o755) -> Directory:
        """A directory where none is. If this layer took one away there, overlayfs merges the two again."""
        self._folders += 1
        if self._folders > self._most_folders:
            raise TreeError(f"more than {self._most_folders} directories")
        before = self._dropped.get(path)
        if before is not None:
            self.leftover.append((path, before))
            self.disputed.add(path)
        return Directory(mode, self._layer)

    # --- whiteouts -----------------------------------------------------------------------------------------------

    def _whiteout(self, parent: _Parent, base: bytes) -> None:
        keep = parent.linked
        if base == _OPAQUE:
            hidden = list(parent.directory.children)
            keep = keep or parent.directory is self.root  # overlayfs never takes its root for opaque
        elif base.startswith(_META):
            return  # aufs' own bookkeeping, which takes nothing away
        else:
            hidden = [base[len(_WHITEOUT) :]]
            if hidden[0] in (b"", b".", b".."):
                raise TreeError("a whiteout names no file")
        for name in hidden:
            node = parent.directory.children.get(name)
            if node is None:
                continue
            self._step()
            if keep:
                self.disputed.add(join(parent.path, name))
            else:
                self._hide(parent, name)

    def _hide(self, parent: _Parent, name: bytes) -> None:
        """Take away what lower layers brought under a name; what this layer brought stays, and is disputed."""
        waiting = [(parent.directory, parent.path, name)]
        while waiting:
            directory, path, name = waiting.pop()
            self._step()
            node, here = directory.children[name], join(path, name)
            if isinstance(node, Directory) and node.seen == self._layer:
                self.disputed.add(here)
                waiting += [(node, here, child) for child in node.children]
            elif layer_of(node) == self._layer or (id(directory), name) in self._new_names:
                self.disputed.add(here)
            else:
                del directory.children[name]
                self._drop(here, node)

    # --- parents and links ---------------------------------------------------------------------------------------

    def _parent(self, before: bytes) -> _Parent:
        """The directory at a name's parent path, made where it is missing, as containerd's ``mkparent`` does."""
        directory, path, linked, followed = self.root, b"", False, 0
        above: list[tuple[Directory, bytes]] = []
        ahead = clean(before)[::-1]
        while ahead:
            self._step()
            directory.seen = self._layer
            part = ahead.pop()
            if part == b"..":
                directory, path = above.pop() if above else (self.root, b"")
                continue
            node = directory.children.get(part)
            if isinstance(node, Inode) and node.kind == SYMLINK:
                followed += 1
                if followed > _MOST_LINKS or climbs(node.target):
                    raise TreeError("an entry lies under links that runtimes follow differently")
                if node.layer != self._layer:
                    linked = True
                    self.disputed.add(join(path, part))
                if node.target.startswith(b"/"):
                    directory, path, above = self.root, b"", []
                ahead += steps(node.target)
                continue
            above.append((directory, path))
            path = join(path, part)
            if node is None:
                node = directory.children[part] = self._new_directory(path)
            if not isinstance(node, Directory):
                raise TreeError("an entry lies under a file that is no directory")
            directory = node
        directory.seen = self._layer
        if len(self._parents) >= _MOST_PARENTS:
            self._parents.clear()
        parent = self._parents[before] = _Parent(directory, path, linked)
        return parent

    def _linked_inode(self, target: bytes) -> Inode:
        """The file a hard link names: its parent through links, itself not followed."""
        self._step(50)
        parts = clean(target)
        found = find(self.root, b"/".join(parts[:-1]), _MOST_LINKS)
        children = found.node.children if parts and found and isinstance(found.node, Directory) else {}
        node = children.get(parts[-1]) if children else None
        if node is None or isinstance(node, Directory):
            raise TreeError("a hard link leads to no file")
        if isinstance(node, int):
            node = children[parts[-1]] = Inode(REGULAR, mode_of(node), size_of(node), layer_of(node), None)
        return node

    def _step(self, steps: int = 1) -> None:
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise TreeError("the layers' links and whiteouts take too long to follow")

    # --- looking -------------------------------------------------------------------------------------------------

    def lookup(self, path: bytes, *, most_links: int = 40) -> Found | None:
        """What the kernel finds at a path, the last component followed too; null where it finds nothing."""
        return find(self.root, path, most_links)

    def is_disputed(self, found: Found) -> bool:
        """Whether some runtime finds something else there."""
        return not self.disputed.isdisjoint(found.passed)
