"""Bytes of an image: in the registry, unpacked, and those that later layers hide again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gate.evidence.image.layers import LayerFacts
from gate.evidence.image.nodes import Inode, Node, is_regular, layer_of, size_of
from gate.evidence.image.source import Layer
from gate.evidence.image.survey import contents
from gate.evidence.model import LayerSize, SizeFact

__all__ = ["fact", "wasted"]


def wasted(removed: Iterable[tuple[bytes, Node]]) -> Counter[int]:
    """Bytes by layer of files that a later entry deleted or replaced; a file goes with its last name."""
    found: Counter[int] = Counter()
    names: Counter[Inode] = Counter()
    for path, node in removed:
        for _, children in contents(path, node):
            for child in children.values():
                if isinstance(child, Inode):
                    names[child] += 1
                elif is_regular(child):
                    found[layer_of(child)] += size_of(child)
    for inode, count in names.items():
        if is_regular(inode) and count >= inode.names:
            found[inode.layer] += inode.size
    return found


def fact(
    layers: Sequence[Layer], read: Sequence[LayerFacts], wasted: Mapping[int, int], reason: str | None
) -> SizeFact:
    """The size. ``read`` are the facts of the layers that were read, in order; ``reason``: why the tree is unknown."""
    whole = len(read) == len(layers) and all(each.whole for each in read)
    compressed = [layer.compressed for layer in layers]
    listed = [
        LayerSize(
            digest=layer.digest,
            diff_id=layer.diff_id,
            compressed=layer.compressed,
            uncompressed=read[index].uncompressed if index < len(read) and read[index].whole else None,
            wasted=wasted.get(index, 0) if reason is None else None,
            created_by=layer.created_by,
        )
        for index, layer in enumerate(layers)
    ]
    certain = sum(each.uncompressed for each in read)
    return SizeFact(
        state="known" if whole else "unknown",
        reason=None if whole else reason,
        compressed=None if None in compressed else sum(size for size in compressed if size is not None),
        uncompressed=certain if whole else None,
        at_least=certain,
        wasted=sum(wasted.values()) if reason is None else None,
        layers=listed,
    )
