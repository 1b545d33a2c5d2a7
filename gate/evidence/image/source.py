"""What every place an image can be offers: one protocol for registries, daemons, archives and layouts.

The order is ``resolve``, ``images``, then per layer ``may_read`` before anything cached about it is used, or
``open_layer``. Documents arrive checked against their digests and bounds; layers are checked while they stream.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gate.evidence.image.manifest import Descriptor
from gate.evidence.image.reference import Reference

__all__ = ["ImageSource", "Layer", "PlatformImage", "Resolved", "Span"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name stands for now. ``digest`` is of ``document``, an index or a manifest, as its bytes were hashed.

    ``reference`` is the name as it was asked for, null for archives and layouts without one. ``digest``
    is null where no registry has one (``docker save`` of an image that was never pushed).
    """

    reference: Reference | None
    digest: str | None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image, lowest first.

    ``digest`` and ``compressed`` (bytes) are those of the blob a registry holds, null where no registry blob is known;
    ``size`` is the bytes ``open_layer`` yields. ``diff_id`` is what the config says the uncompressed tar hashes to.
    ``problem``: why its content cannot be read (foreign, encrypted, unknown media type); the layer is then unknown.
    ``created_by`` is its author's text. ``index`` is its place in the image.
    """

    index: int
    digest: str | None
    size: int
    compressed: int | None = None
    diff_id: str | None = None
    media_type: str | None = None
    created_by: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """One image for one platform (``linux/arm64``, from its index entry, else from its config).

    ``config`` is the config document as published, null members dropped; an empty one for an artifact that is no
    image (``artifact_type`` is then set). ``problem``: why the layers cannot be matched to the config; no fact from
    layers is then known. ``annotations`` are those of the manifest, then of its index entry. ``attestations`` are
    the digests of index entries that say they are about this one.
    """

    platform: str
    manifest_digest: str | None
    index_digest: str | None
    config_digest: str
    config: dict[str, Any]
    layers: tuple[Layer, ...]
    annotations: dict[str, str] = field(default_factory=dict)
    artifact_type: str | None = None
    problem: str | None = None
    attestations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Where a layer's bytes are in a local file, so that another process can read them itself. Nothing is checked."""

    path: Path
    offset: int
    size: int


class ImageSource(Protocol):
    """One image somewhere. All methods raise `gate.errors.TargetError` (its kinds) for whatever goes wrong."""

    name: str
    """As a person would write it: ``docker://ghcr.io/acme/api:1``, ``oci:build/image``."""

    scope: str
    """What being given an image here grants: ``registry/repository``, ``""`` for what is local. Facts kept of an image
    answer only within it, or whoever names a digest could ask what others may read."""

    async def resolve(self) -> Resolved:
        """Ask what the name stands for; over a network one authorized request each time, never from a cache."""
        ...

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        """Every runnable platform, or those that ``platform`` (``os/arch[/variant]``) names; never an empty list."""
        ...

    async def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest beside the image by digest, such as an attestation's, checked; its size need not be known."""
        ...

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob beside the image, such as an attestation, checked."""
        ...

    async def may_read(self, layer: Layer) -> bool:
        """Whether this source, with its credentials, would give the layer now: ask before using cached facts of it."""
        ...

    def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        """The blob as stored (compressed or not), in pieces of at most 1 MiB.

        Size and digest are checked against the layer; a wrong one raises after the last piece, so facts hold only
        when the generator ended by itself. Close it (``aclose``) when not read to its end.
        """
        ...

    def span(self, layer: Layer) -> Span | None:
        """Where the layer is in a local file, if it is."""
        ...

    async def close(self) -> None:
        """Close connections and temporary files."""
        ...
