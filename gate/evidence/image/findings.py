"""From what a survey noted to the `filesystem` fact: paths, what makes them notable, the layer that brought them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gate.evidence.image.filesystem import Tree
from gate.evidence.image.nodes import Directory, Node, Place, is_program, is_regular, layer_of, size_of
from gate.evidence.image.paths import text
from gate.evidence.image.source import Layer
from gate.evidence.image.survey import Survey
from gate.evidence.image.tools import HEADER
from gate.evidence.model import File, FilesystemFact, LayerOrigin

__all__ = ["Findings", "origin_of"]

_MOST = 1_000  # files listed of one kind
_BUSYBOX = ("busybox", "toybox")
_WRITABLE, _STICKY = 0o002, 0o1000


def origin_of(layers: Sequence[Layer], number: int) -> LayerOrigin | None:
    """The layer of a number as an origin: its digest, else its diff_id."""
    if number >= len(layers):
        return None
    layer = layers[number]
    digest = layer.digest or layer.diff_id
    return LayerOrigin(digest=digest, created_by=layer.created_by) if digest else None


class Findings:
    """The surveys of the tree (``live``), of what only some runtime keeps (``left``), and of what layers took away
    (``gone``)."""

    def __init__(self, tree: Tree, layers: Sequence[Layer], live: Survey, left: Survey, gone: Survey) -> None:
        self._tree, self._layers = tree, layers
        self._live, self._left, self._gone = live, left, gone
        self._boxes = {id(place.node) for place, mark in live.marked + left.marked if mark in _BUSYBOX}

    def fact(self, path: str) -> FilesystemFact:
        """The fact; ``path`` is the config's PATH."""
        both = (self._live, self._left)
        privileged = [(place, what) for each in both for place, what in each.privileged]
        compilers = [place for each in both for place in each.compilers if self._compiles(place)]
        return FilesystemFact(
            state="known",
            setuid=_listed(self._file(place, what) for place, what in privileged),
            package_managers=_listed(self._file(place) for place in self.package_managers()),
            compilers=_listed(self._file(place) for place in compilers),
            leftovers=_listed([*self._caches(), *self._secrets()]),
            world_writable=_listed(self._writable(path)),
        )

    def package_managers(self) -> list[Place]:
        """Programs that install packages; applets of busybox are none."""
        found = self._live.package_managers + self._left.package_managers
        return [place for place in found if self._runs(place)]

    def _runs(self, place: Place) -> bool:
        """Whether a path leads to a program that is no applet."""
        node: Node | None = place.node
        if not is_regular(place.node):
            found = self._tree.lookup(place.path)
            node = found.node if found else None
        return node is not None and is_program(node) and id(node) not in self._boxes

    def _compiles(self, place: Place) -> bool:
        is_header = place.path.endswith(b"/" + HEADER)
        return is_regular(place.node) if is_header else self._runs(place)

    def _file(self, place: Place, detail: str | None = None, *, deleted: bool = False) -> File:
        return File(
            path="/" + text(place.path),
            detail=detail,
            deleted=deleted,
            size=size_of(place.node) if is_regular(place.node) else None,
            origin=origin_of(self._layers, layer_of(place.node)),
        )

    def _secrets(self) -> Iterable[File]:
        there = {place.path: self._file(place, what) for place, what in self._live.secrets + self._left.secrets}
        yield from there.values()
        gone = {(place.path, layer_of(place.node)): (place, what) for place, what in self._gone.secrets}
        for place, what in gone.values():
            yield self._file(place, what, deleted=True)

    def _caches(self) -> Iterable[File]:
        """One for each cache in the image, of the layer that brought most of it, and one for each deleted from a
        lower layer."""
        there: dict[tuple[bytes, str], dict[int, int]] = defaultdict(dict)
        for found in (self._left, self._live):
            for (root, what, layer), size in found.caches.items():
                there[root, what][layer] = max(size, there[root, what].get(layer, 0))
        for (root, what), by_layer in there.items():
            if any(by_layer.values()):
                brought = max(by_layer, key=lambda layer: by_layer[layer])
                yield self._cache(root, what, sum(by_layer.values()), brought, deleted=False)
        for (root, what, layer), size in self._gone.caches.items():
            if size:
                yield self._cache(root, what, size, layer, deleted=True)

    def _cache(self, root: bytes, what: str, size: int, layer: int, *, deleted: bool) -> File:
        origin = origin_of(self._layers, layer)
        return File(path="/" + text(root), detail=what, deleted=deleted, size=size, origin=origin)

    def _writable(self, path: str) -> Iterable[File]:
        seen: set[bytes] = set()
        for folder in path.split(":"):
            found = self._tree.lookup(folder.encode("utf-8", "surrogatepass")) if folder.startswith("/") else None
            if found is None or not isinstance(found.node, Directory) or found.path in seen:
                continue
            seen.add(found.path)
            if found.node.mode & _WRITABLE:
                detail = "on PATH and writable by all" + (" (sticky)" if found.node.mode & _STICKY else "")
                yield self._file(Place(found.path, found.node), detail)


def _listed(files: Iterable[File]) -> list[File]:
    ordered = sorted(files, key=lambda file: (file.path, file.deleted, file.detail or "", -(file.size or 0)))
    return list(dict.fromkeys(ordered))[:_MOST]
