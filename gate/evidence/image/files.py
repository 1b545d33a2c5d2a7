"""Contents of the few files of a tree that facts are read from: accounts and the list of shells."""

from __future__ import annotations

from collections.abc import Sequence

from gate.evidence.image import passwd
from gate.evidence.image.filesystem import Tree
from gate.evidence.image.layers import LayerFacts
from gate.evidence.image.nodes import Inode, is_regular, size_of
from gate.evidence.image.passwd import AccountFiles

__all__ = ["Files"]


class Files:
    """Reads contents that the layers kept, as a process inside would find them."""

    def __init__(self, tree: Tree, layers: Sequence[LayerFacts]) -> None:
        self._tree = tree
        self._layers = layers

    def accounts(self) -> AccountFiles:
        """/etc/passwd and /etc/group."""
        users, users_doubt = self.content(b"etc/passwd")
        groups, groups_doubt = self.content(b"etc/group")
        return AccountFiles(passwd=users, group=groups, passwd_doubt=users_doubt, group_doubt=groups_doubt)

    def content(self, path: bytes) -> tuple[bytes | None, str | None]:
        """The content of a regular file, null where there is none; or why it is not known."""
        shown = path.decode()
        if self._depends(path):
            return None, f"/{shown} depends on the runtime that unpacks the layers"
        found = self._tree.lookup(path)
        if found is None:
            return None, None
        if self._tree.is_disputed(found):
            return None, f"/{shown} depends on the runtime that unpacks the layers"
        node = found.node
        if not is_regular(node):
            return None, None
        size = size_of(node)
        if size > passwd.LARGEST_FILE:
            return None, f"/{shown} is larger than runtimes read"
        if size == 0:
            return b"", None
        kept = None
        if isinstance(node, Inode) and node.number is not None:
            kept = self._layers[node.layer].kept.get(node.number)
        if kept is None or len(kept) != size:
            return None, f"/{shown} is too large, or leads to a file whose content was not kept"
        return kept, None

    def _depends(self, path: bytes) -> bool:
        """Whether some runtime has another file there, or none."""
        parts = path.split(b"/")
        ways = {b"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
        return not ways.isdisjoint(self._tree.disputed) or any(place in ways for place, _ in self._tree.leftover)
