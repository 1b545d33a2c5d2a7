"""The tree of images in use: what is built on what, as deep as layers prove it.

An image is built on another where all of the other's diff_ids come first in its own. The images of a run prove that
about each other; ancestors that gate.lock or a label named, and that layers proved, come between them. What a
Dockerfile says is kept apart: it tells what will be built, not what was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gate.audit.model import AncestorOf, AuditResult, LineageNode
from gate.evidence.image.lineage import EMPTY_LAYERS

SCRATCH = "scratch"


@dataclass(slots=True)
class _Node:
    """A node while the tree grows. ``chains``: the chain ids of its layers, one list a platform."""

    key: str
    name: str
    digest: str | None = None
    created: str | None = None
    supported_until: str | None = None
    audited: bool = False
    chains: list[list[str]] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)
    dockerfiles: set[str] = field(default_factory=set)
    running: int = 0
    below: int = 0
    parent: str | None = None
    layers: int = 0
    bare: bool = False


def forest(results: Iterable[AuditResult], today: dt.date) -> list[LineageNode]:
    """Every image of a run with layers, and every ancestor of one; what most containers run on first."""
    grown = _Forest()
    files = []
    for result in results:
        if result.kind == "dockerfile":
            files.append(result)
        elif result.digest is not None and result.size.layers:
            grown.add(result)
    for result in files:
        grown.add_file(result)
    grown.link()
    ordered = sorted(
        grown.nodes.values(), key=lambda node: (-node.running - node.below, -len(node.dockerfiles), node.name, node.key)
    )
    return [_finished(node, today) for node in ordered]


class _Forest:
    def __init__(self) -> None:
        self.nodes: dict[str, _Node] = {}
        self._by_chain: dict[str, set[str]] = {}
        self._by_name: dict[str, str] = {}

    def add(self, result: AuditResult) -> None:
        """An image that is a subject, or runs in one, and the ancestors that are proven of it."""
        key = result.digest or result.key
        node = self.nodes.setdefault(key, _Node(key, _name(result), result.digest))
        node.name = _name(result) if result.kind == "image" else node.name
        node.audited, node.created = True, node.created or result.created
        node.results.add(result.key)
        if result.kind == "container":
            node.running += sum(place.count for place in result.places)
        for tag in result.tags:
            self._by_name[f"{_repository(result.reference)}:{tag}"] = key
        chain = _chain([layer for layer, _, _ in result.size.layers])
        if chain not in node.chains:
            node.chains.append(chain)
        self._place(key, chain, len(chain))
        for ancestor in result.lineage:
            self._ancestor(node, ancestor, chain, result)

    def _place(self, key: str, chain: Sequence[str], count: int) -> None:
        if 0 < count <= len(chain) and chain[count - 1]:
            self._by_chain.setdefault(chain[count - 1], set()).add(key)

    def _ancestor(self, node: _Node, ancestor: AncestorOf, chain: list[str], result: AuditResult) -> None:
        if ancestor.via == "structure":
            node.bare = True
            self.nodes.setdefault(SCRATCH, _Node(SCRATCH, SCRATCH))
        if ancestor.via != "layers" or ancestor.layers is None:
            return
        key = ancestor.digest or ancestor.reference
        other = self.nodes.setdefault(key, _Node(key, ancestor.reference, ancestor.digest))
        if ancestor.reference == result.base:
            other.created = other.created or result.base_created
            other.supported_until = other.supported_until or result.supported_until
        if chain[: ancestor.layers] not in other.chains:
            other.chains.append(chain[: ancestor.layers])
        self._place(key, chain, ancestor.layers)
        node.named.add(key)

    def add_file(self, result: AuditResult) -> None:
        """A Dockerfile, under the image that its FROM names."""
        for ancestor in result.lineage[:1]:
            key = next(
                (
                    key
                    for key in (ancestor.digest, self._by_name.get(ancestor.reference), ancestor.reference)
                    if key in self.nodes
                ),
                ancestor.digest or ancestor.reference,
            )
            node = self.nodes.setdefault(key, _Node(key, ancestor.reference, ancestor.digest))
            node.created = node.created or result.base_created
            node.supported_until = node.supported_until or result.supported_until
            node.dockerfiles.add(result.key)

    def link(self) -> None:
        """Give each node its parent, then count what runs below each."""
        for key in sorted(self.nodes):
            node = self.nodes[key]
            found = max((self._longest(node, chain) for chain in node.chains), default=(0, ""))
            if found[0]:
                node.layers, node.parent = found
            elif node.bare:
                node.parent = SCRATCH
        for node in self.nodes.values():
            for above in self._above(node):
                above.below += node.running

    def _longest(self, node: _Node, chain: Sequence[str]) -> tuple[int, str]:
        for count in range(len(chain), 0, -1):
            others = self._by_chain.get(chain[count - 1], set()) - {node.key}
            if count == len(chain):
                others &= node.named
            for key in sorted(others, key=lambda key: (key not in node.named, self.nodes[key].audited, key)):
                if all(above is not node for above in self._above(self.nodes[key])):
                    return count, key
        return 0, ""

    def _above(self, node: _Node) -> list[_Node]:
        found: list[_Node] = []
        while node.parent is not None:
            node = self.nodes[node.parent]
            found.append(node)
        return found


def _chain(layers: Sequence[str]) -> list[str]:
    """For every layer an id of it and all below it; empty where all of those are empty layers, which prove nothing."""
    found, state, bare = [], hashlib.sha256(), True
    for layer in layers:
        state.update(layer.encode() + b"\0")
        bare = bare and layer in EMPTY_LAYERS
        found.append("" if bare else state.hexdigest())
    return found


def _repository(reference: str | None) -> str:
    name = (reference or "").partition("@")[0]
    return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name


def _name(result: AuditResult) -> str:
    """``repository:tag`` of a registry's image; the reference without its digest of one that runs."""
    if result.kind == "image" and result.tags:
        tag = min(result.tags, key=lambda tag: (tag == "latest", tag))
        return f"{_repository(result.reference)}:{tag}"
    if result.kind == "image":
        return result.name.partition("@")[0]
    return (result.reference or result.name).partition("@")[0]


def _finished(node: _Node, today: dt.date) -> LineageNode:
    return LineageNode(
        key=node.key,
        name=node.name,
        digest=node.digest,
        parent=node.parent,
        proof=None if node.parent is None else "layers" if node.layers else "structure",
        layers=node.layers,
        created=node.created,
        age_days=_age(node.created, today),
        supported_until=node.supported_until,
        audited=node.audited,
        results=sorted(node.results),
        dockerfiles=sorted(node.dockerfiles),
        running=node.running,
        below=node.below,
    )


def _age(created: str | None, today: dt.date) -> int | None:
    try:
        return max(0, (today - dt.date.fromisoformat(created)).days) if created else None
    except ValueError:
        return None
