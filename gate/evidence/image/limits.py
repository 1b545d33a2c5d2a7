"""How much of a layer or an image is read at most. What is larger is not judged by what was read: it is unknown."""

from __future__ import annotations

import msgspec

from gate.evidence.image.tar import TarLimits

__all__ = ["ImageLimits", "LayerError", "LayerLimits"]


class LayerError(Exception):
    """A layer cannot be read to its end; the text is the reason for `unknown`."""


class LayerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one layer.

    Bytes stored and unpacked; how many times larger it may become, counted from ``ratio_from`` bytes on (zeros reach
    1,030 in gzip and 30,000 in zstd; real layers stay under 50); bytes of a zstd window; seconds of reading.
    """

    compressed: int = 2 << 30
    uncompressed: int = 10 << 30
    ratio: int = 200
    ratio_from: int = 256 << 20
    zstd_window: int = 128 << 20
    seconds: float = 300.0
    tar: TarLimits = TarLimits()


class ImageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one image: layers; entries, and bytes of their names, in all of them; directories of the tree."""

    layers: int = 128
    entries: int = 1_000_000
    names: int = 96 << 20
    folders: int = 300_000
    layer: LayerLimits = LayerLimits()
