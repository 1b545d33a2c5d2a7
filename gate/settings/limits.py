"""``limits:`` of gate.yaml: how much of an image is read at most.

What is written overrides the bounds that the readers of images have; `gate.evidence.image.bounds` puts the two
together. The table is also the JSON Schema's, so every key has its default in words, which a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gate.settings import units
from gate.settings.nodes import Node
from gate.settings.reading import Reading
from gate.settings.shapes import Field, Number, Record, Text, size

__all__ = ["TABLE", "Limits", "limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What gate.yaml says, by section and key: bytes, seconds and counts. What is left out keeps its default."""

    documents: Mapping[str, int] = {}
    archive: Mapping[str, int] = {}
    image: Mapping[str, int] = {}
    layer: Mapping[str, int] = {}


class Bound(NamedTuple):
    """One key: the least and the most it may be (sizes as text), its default, and what it bounds."""

    least: int | str
    most: int | str
    default: int | str
    doc: str

    def shape(self) -> Number | Size:
        """How it is written."""
        if isinstance(self.least, int) and isinstance(self.most, int):
            return Number(self.least, self.most)
        return Size(str(self.least), str(self.most))

    def field(self) -> Field:
        """The key as the grammar has it."""
        return Field(self.shape(), doc=f"{self.doc}; {self.default} when left out.")


class Size:
    """A size between two others; bytes."""

    def __init__(self, least: str, most: str) -> None:
        self._least, self._most = least, most
        self._text: Text = size()

    def read(self, reading: Reading, node: Node, name: str) -> int:
        value: int = self._text.read(reading, node, name)
        if not units.parse_size(self._least) <= value <= units.parse_size(self._most):
            raise reading.error(node, f"{name} must be between {self._least} and {self._most}")
        return value

    def schema(self) -> dict[str, Any]:
        return self._text.schema()


TABLE: dict[str, dict[str, Bound]] = {
    "documents": {
        "manifest": Bound("1KiB", "64MiB", "4MiB", "Bytes of an index or manifest"),
        "config": Bound("1KiB", "64MiB", "4MiB", "Bytes of a config"),
        "token": Bound("1KiB", "16MiB", "1MiB", "Bytes of a token server's answer"),
        "depth": Bound(1, 16, 4, "Indexes inside indexes"),
        "manifests": Bound(1, 1_000, 64, "Manifests an image may lead to"),
    },
    "archive": {
        "bytes": Bound("1MiB", "1TiB", "32GiB", "Bytes of an archive once decompressed"),
        "ratio": Bound(2, 100_000, 100, "Times larger than its file an archive may become, from 1GiB on"),
        "entries": Bound(10, 1_000_000, 100_000, "Members of an archive"),
    },
    "image": {
        "layers": Bound(1, 1_000, 128, "Layers"),
        "entries": Bound(1_000, 100_000_000, 1_000_000, "Entries of all layers"),
        "names": Bound("64KiB", "8GiB", "96MiB", "Bytes of the names of all layers"),
        "folders": Bound(100, 30_000_000, 300_000, "Directories of the file tree"),
    },
    "layer": {
        "compressed": Bound("1KiB", "1TiB", "2GiB", "Bytes of a layer as stored"),
        "uncompressed": Bound("1KiB", "8TiB", "10GiB", "Bytes of a layer's tar stream"),
        "ratio": Bound(2, 100_000, 200, "Times larger than stored a layer may become, from ratio_from on"),
        "ratio_from": Bound("1MiB", "1TiB", "256MiB", "Bytes from which on the ratio counts"),
        "zstd_window": Bound("1KiB", "2GiB", "128MiB", "Bytes of a zstd window"),
        "seconds": Bound(1, 86_400, 300, "Seconds to read a layer, or to put the layers together"),
        "entries": Bound(100, 100_000_000, 1_000_000, "Entries of a layer"),
        "path": Bound("255B", "64KiB", "4KiB", "Bytes of a path"),
        "extended": Bound("1KiB", "64MiB", "1MiB", "Bytes of one extended (PAX or GNU) header"),
        "names": Bound("64KiB", "8GiB", "64MiB", "Bytes of all names and links of a layer"),
    },
}
_DOCS = {
    "documents": "Indexes, manifests, configs and tokens; what is larger is refused.",
    "archive": "Archives of images; what is larger is refused.",
    "image": "All layers of an image together; beyond that its facts are unknown.",
    "layer": "One layer; beyond that the facts of its image are unknown.",
}


def limits() -> Record:
    """The shape of ``limits:``."""
    sections = {
        section: Field(Record({key: bound.field() for key, bound in bounds.items()}), doc=_DOCS[section])
        for section, bounds in TABLE.items()
    }
    return Record(sections, Limits)
