"""From the document a name resolves to, to every image a runtime could run from it.

Indexes are followed to a bounded depth. Every runnable entry counts, as runtimes choose by platform and take an entry
without one as well: only ``unknown/unknown`` is left out, never an entry because of its annotations, which its author
writes. A manifest that stands alone is run whatever platform its config names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gate.errors import ImageError
from gate.evidence.image import manifest as documents
from gate.evidence.image import platforms
from gate.evidence.image.manifest import Config, Descriptor, DocumentLimits, Index, Manifest, Platform
from gate.evidence.image.source import Layer, PlatformImage

__all__ = ["Fetch", "Root", "created_by", "read_images"]

Fetch = Callable[[Descriptor, int, bool], Awaitable[bytes]]
"""Gives the content a descriptor names, at most so many bytes, size and digest checked; true for a config."""

_SUBJECT = "vnd.docker.reference.digest"


@dataclass(frozen=True, slots=True)
class Root:
    """The document a name resolved to. ``digest`` is null where no registry digest exists."""

    data: bytes
    digest: str | None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A manifest that a runtime could choose, and what led to it."""

    manifest: Manifest
    digest: str | None
    index_digest: str | None
    platform: Platform | None
    annotations: dict[str, str]


@dataclass(slots=True)
class _Walk:
    fetch: Fetch
    limits: DocumentLimits
    wanted: Platform | None
    top: str | None
    holds: Callable[[str], bool] | None
    seen: set[str] = field(default_factory=set)
    found: list[_Found] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    attestations: dict[str, list[str]] = field(default_factory=dict)


async def read_images(
    root: Root,
    fetch: Fetch,
    platform: str | None = None,
    limits: DocumentLimits | None = None,
    holds: Callable[[str], bool] | None = None,
) -> list[PlatformImage]:
    """Every runnable platform under ``root``, in the index's order, or those that ``platform`` names.

    ``holds``: whether a local source has a manifest; what it has not, nobody can run from it. Raises `ImageError`
    for broken documents and where nothing (of the platform) is runnable.
    """
    limits = limits or DocumentLimits()
    wanted = platforms.parse(platform) if platform else None
    document = documents.parse(root.data, root.media_type, limits)
    if isinstance(document, Manifest):
        return [await _image(_Found(document, root.digest, None, None, {}), fetch, limits, ())]
    walk = _Walk(fetch, limits, wanted, root.digest, holds)
    await _follow(walk, document, 1)
    images = await asyncio.gather(
        *(_image(each, fetch, limits, walk.attestations.get(each.digest or "", ())) for each in walk.found)
    )
    return _narrowed(list(zip(walk.found, images, strict=True)), walk)


async def _follow(walk: _Walk, index: Index, depth: int) -> None:
    if depth > walk.limits.depth:
        raise ImageError(f"indexes are nested deeper than {walk.limits.depth}")
    entries = [each for each in index.manifests if _is_followed(walk, each)]
    if len(walk.seen) > walk.limits.manifests:
        raise ImageError(f"the image has more than {walk.limits.manifests} manifests")
    contents = await asyncio.gather(*(walk.fetch(each, walk.limits.manifest, False) for each in entries))
    for entry, content in zip(entries, contents, strict=True):
        document = documents.parse(content, entry.media_type, walk.limits)
        if isinstance(document, Index):
            await _follow(walk, document, depth + 1)
        else:
            walk.found.append(_Found(document, entry.digest, walk.top, entry.platform, entry.annotations or {}))


def _is_followed(walk: _Walk, entry: Descriptor) -> bool:
    """Whether a runtime could run what the entry leads to; notes what it is otherwise."""
    if platforms.is_nothing(entry.platform):
        subject = (entry.annotations or {}).get(_SUBJECT)
        if subject:
            walk.attestations.setdefault(subject, []).append(entry.digest)
        return False
    if entry.media_type and entry.media_type not in documents.ACCEPTED and not documents.is_schema_1(entry.media_type):
        return False  # the specification: unknown media types are no error
    if entry.digest in walk.seen:
        return False
    is_index = entry.media_type in documents.INDEXES
    if walk.wanted and entry.platform and not is_index and not platforms.wants(walk.wanted, entry.platform):
        walk.others.append(platforms.text(entry.platform))
        return False
    if walk.holds and not walk.holds(entry.digest):
        walk.absent.append(platforms.text(entry.platform) if entry.platform else entry.digest)
        return False
    walk.seen.add(entry.digest)
    return True


def _narrowed(images: list[tuple[_Found, PlatformImage]], walk: _Walk) -> list[PlatformImage]:
    """Without the entries whose platform only their config told, and is another."""
    kept = []
    for found, image in images:
        told = found.platform is not None or walk.wanted is None
        if told or platforms.wants(walk.wanted or Platform(), _platform_of(image)):
            kept.append(image)
        else:
            walk.others.append(image.platform)
    if kept:
        return kept
    if walk.absent:
        raise ImageError(f"the manifests it lists are not there: {', '.join(walk.absent)}")
    if walk.wanted is None:
        raise ImageError("the index lists nothing that can run")
    there = ", ".join(sorted(set(walk.others))) or "none"
    raise ImageError(f"no image for {platforms.text(walk.wanted)}", hint=f"the image's platforms: {there}")


def _platform_of(image: PlatformImage) -> Platform:
    def member(name: str) -> str | None:
        value = image.config.get(name)
        return value if isinstance(value, str) else None

    return Platform(os=member("os"), architecture=member("architecture"), variant=member("variant"))


async def _image(found: _Found, fetch: Fetch, limits: DocumentLimits, attached: Sequence[str]) -> PlatformImage:
    """One image: its config read, its layers beside their diff_ids."""
    descriptor = found.manifest.config
    is_image = descriptor.media_type in documents.CONFIGS
    config = Config()
    published: dict[str, Any] = {}
    artifact = None if is_image else (found.manifest.artifact_type or descriptor.media_type or "unknown")
    if is_image or descriptor.size <= limits.config:
        data = await fetch(descriptor, limits.config, True)
        try:
            config, published = documents.parse_config(data, limits)
        except ImageError:
            if is_image:
                raise
    diff_ids = (config.rootfs.diff_ids or []) if config.rootfs else []
    if diff_ids:
        artifact = None  # runtimes do not look at the config's media type
    layers, problem = _layers(found.manifest.layers, diff_ids, config)
    told = found.platform or Platform(
        os=config.os, architecture=config.architecture, variant=config.variant, os_version=config.os_version
    )
    return PlatformImage(
        platform=platforms.text(told),
        manifest_digest=found.digest,
        index_digest=found.index_digest,
        config_digest=descriptor.digest,
        config=published if artifact is None else {},
        layers=layers,
        annotations={**found.annotations, **found.manifest.annotations},
        artifact_type=artifact,
        problem=problem if artifact is None else "an artifact, not an image",
        attestations=tuple(attached),
    )


def _layers(descriptors: list[Descriptor], diff_ids: list[str], config: Config) -> tuple[tuple[Layer, ...], str | None]:
    problem = None
    if len(descriptors) != len(diff_ids):
        problem = f"the manifest lists {len(descriptors)} layers, the config {len(diff_ids)} diff_ids"
    matched: Sequence[str | None] = [None] * len(descriptors) if problem else diff_ids
    authors = created_by(config, len(descriptors))
    return tuple(
        Layer(
            index=index,
            digest=each.digest,
            size=each.size,
            compressed=each.size,
            diff_id=diff_id,
            media_type=each.media_type,
            created_by=author,
            problem=documents.layer_problem(each),
        )
        for index, (each, diff_id, author) in enumerate(zip(descriptors, matched, authors, strict=True))
    ), problem


def created_by(config: Config, layers: int) -> Sequence[str | None]:
    """The author's text for each layer, from the history entries that are not empty; nulls where counts differ."""
    entries = [each for each in config.history or [] if not each.empty_layer]
    if len(entries) != layers:
        return [None] * layers
    return [each.created_by for each in entries]
