"""The bounds of reading images: the defaults, and what ``limits:`` of gate.yaml says instead."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gate.evidence.image.archive import ArchiveLimits
from gate.evidence.image.limits import ImageLimits, LayerLimits
from gate.evidence.image.manifest import DocumentLimits
from gate.evidence.image.tar import TarLimits
from gate.settings.limits import Limits

__all__ = ["Bounds", "bounds_of"]


class Bounds(NamedTuple):
    """Bounds of documents, of archives, and of images with their layers."""

    documents: DocumentLimits
    archive: ArchiveLimits
    image: ImageLimits


def bounds_of(limits: Limits) -> Bounds:
    """All bounds of a run."""
    tar = {key: value for key, value in limits.layer.items() if key in TarLimits.__struct_fields__}
    plain = {key: value for key, value in limits.layer.items() if key not in tar}
    layer = msgspec.structs.replace(LayerLimits(), **plain, tar=msgspec.structs.replace(TarLimits(), **tar))
    return Bounds(
        documents=msgspec.structs.replace(DocumentLimits(), **limits.documents),
        archive=msgspec.structs.replace(ArchiveLimits(), **limits.archive),
        image=msgspec.structs.replace(ImageLimits(), **limits.image, layer=layer),
    )
