"""One pass over a file tree that notes everything later asked of it: by name, by mode, by mark, by place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gate.evidence.image import leftovers, shells, tools
from gate.evidence.image.layers import LayerFacts
from gate.evidence.image.nodes import SYMLINK, Directory, Inode, Node, Place, is_regular, layer_of, size_of
from gate.evidence.image.paths import below, join

__all__ = ["Survey", "contents", "survey"]

_NAMED = shells.NAMES | tools.PACKAGE_MANAGERS | tools.COMPILERS | leftovers.NAMES | {tools.HEADER, b"os-release"}
_PROGRAM_FOLDERS = frozenset((b"bin", b"sbin", b"libexec"))
_ENDINGS = (b".p12", b".pfx", b".ppk")
_STARTS = (b".env.", b"ld-", b"ld64.so", b"ld.so")
_HEADERS = (b"include/" + tools.HEADER,)
_SET_ID = 0o6000
_LOADERS = (b"ld-linux", b"ld-musl", b"ld64.so", b"ld.so.1", b"ld-2.")
_OS_RELEASE = (b"etc/os-release", b"usr/lib/os-release")
_PACKAGES = (
    b"var/lib/dpkg",
    b"lib/apk/db",
    b"usr/lib/apk/db",
    b"var/lib/rpm",
    b"usr/lib/sysimage/rpm",
    b"var/lib/pacman",
)


@dataclass(slots=True)
class Survey:
    """What is of interest. ``caches``: root, what it is, and the layer -> bytes. ``secrets``: place and what it is.

    ``structure`` holds what only a distribution has: ``os-release``, ``packages``, ``loader``.
    """

    shells: list[Place] = field(default_factory=list)
    marked: list[tuple[Place, str]] = field(default_factory=list)
    package_managers: list[Place] = field(default_factory=list)
    compilers: list[Place] = field(default_factory=list)
    privileged: list[tuple[Place, str]] = field(default_factory=list)
    secrets: list[tuple[Place, str]] = field(default_factory=list)
    caches: dict[tuple[bytes, str, int], int] = field(default_factory=lambda: defaultdict(int))
    structure: set[str] = field(default_factory=set)
    loaders: set[bytes] = field(default_factory=set)


def survey(places: Iterable[tuple[bytes, dict[bytes, Node]]], layers: Sequence[LayerFacts]) -> Survey:
    """Look at directories, each given by its path and children."""
    found = Survey()
    for path, children in places:
        _by_name(found, path, children)
        _by_node(found, path, children, layers)
        cache = leftovers.cache_of(path)
        if cache is not None:
            for name, node in children.items():
                if is_regular(node) and name != b"lock":
                    found.caches[(*cache, layer_of(node))] += size_of(node)
        if path.endswith(_PACKAGES) and children:
            found.structure.add("packages")
    return found


def contents(path: bytes, node: Node) -> Iterator[tuple[bytes, dict[bytes, Node]]]:
    """The directories of a node that stands alone, as `survey` takes them; a file is the only child of its own."""
    if isinstance(node, Directory):
        return ((here, directory.children) for here, directory in below(path, node))
    folder, _, name = path.rpartition(b"/")
    return iter([(folder, {name: node})])


def _by_name(found: Survey, path: bytes, children: dict[bytes, Node]) -> None:
    names = children.keys() & _NAMED
    names.update(name for name in children if name.startswith(_STARTS) or name.endswith(_ENDINGS))
    if path.rpartition(b"/")[2] in _PROGRAM_FOLDERS:
        names.update(filter(_is_tool, children))
    for name in names:
        node = children[name]
        if not isinstance(node, Directory):
            _note(found, Place(join(path, name), node), name)


def _is_tool(name: bytes) -> bool:
    return tools.is_compiler(name) or tools.is_package_manager(name)


def _note(found: Survey, place: Place, name: bytes) -> None:
    if name in shells.NAMES:
        found.shells.append(place)
    elif tools.is_package_manager(name):
        found.package_managers.append(place)
    elif tools.is_compiler(name) or place.path.endswith(_HEADERS):
        found.compilers.append(place)
    elif name.startswith(_LOADERS):
        found.loaders.add(name)
    elif place.path in _OS_RELEASE:
        found.structure.add("os-release")
    elif is_regular(place.node):
        what = leftovers.secret(place.path, name)
        if what is not None:
            found.secrets.append((place, what))


def _by_node(found: Survey, path: bytes, children: dict[bytes, Node], layers: Sequence[LayerFacts]) -> None:
    for name, node in children.items():
        if type(node) is int:
            if node & _SET_ID:
                _privileged(found, Place(join(path, name), node), None)
        elif isinstance(node, Inode) and node.kind != SYMLINK:
            place, facts, number = Place(join(path, name), node), layers[node.layer], node.number
            _privileged(found, place, None if number is None else facts.capabilities.get(number))
            mark = None if number is None else facts.marks.get(number)
            if mark == leftovers.KEY_MARK:
                found.secrets.append((place, mark))
            elif mark is not None:
                found.marked.append((place, mark))


def _privileged(found: Survey, place: Place, capability: bytes | None) -> None:
    what = tools.privilege(place.node, capability)
    if what is not None and not (place.path.startswith(b"dev/") and "device" in what):
        found.privileged.append((place, what))
