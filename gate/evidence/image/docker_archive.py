"""Images as ``docker save`` writes them: ``docker-archive:PATH[:REF]``, and what a Docker daemon streams.

``manifest.json`` names a config and layers by file. Newer engines write an OCI layout into the same archive; both then
have to describe the same image, and the layout, which has digests, is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from gate.errors import ArchiveError, ImageError, ReferenceError_, TargetNotFoundError
from gate.evidence.image import manifest as documents
from gate.evidence.image import platforms, reference
from gate.evidence.image.archive import Archive, ArchiveLimits, Files
from gate.evidence.image.blobs import verified
from gate.evidence.image.documents import digest_of, read_array, shaped
from gate.evidence.image.layout import LayoutSource, names_of
from gate.evidence.image.manifest import Descriptor, DocumentLimits, Platform
from gate.evidence.image.source import Layer, PlatformImage, Resolved, Span
from gate.evidence.image.walk import created_by

__all__ = ["DockerArchiveSource", "open_docker_archive"]

_MOST_LAYERS = 1_000


class _Entry(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One image of ``manifest.json``."""

    config: str
    layers: list[str] | None = None
    repo_tags: list[str] | None = None


def open_docker_archive(
    path: Path, ref: str | None = None, limits: DocumentLimits | None = None, bounds: ArchiveLimits | None = None
) -> DockerArchiveSource:
    """The image in a file ``docker save`` wrote, plain or compressed: the one tagged ``ref``, else the only one."""
    name = f"docker-archive:{path}{f':{ref}' if ref else ''}"
    return DockerArchiveSource(name, Archive.open(path, bounds), ref, limits)


class DockerArchiveSource:
    """One image of an archive. Nothing in it says what a registry would call it, or how it would compress it."""

    def __init__(self, name: str, files: Files, ref: str | None = None, limits: DocumentLimits | None = None) -> None:
        self.name = name
        self.scope = ""
        self._files = files
        self._ref = ref
        self._limits = limits or DocumentLimits()
        self._names: list[str] = []
        self._layout: LayoutSource | None = None

    async def resolve(self) -> Resolved:
        """Whether the image is there; archives hold no digest of a registry."""
        self._entry()
        return Resolved(None, None)

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        """The one platform of an old archive, or all that a new one holds."""
        entry = await asyncio.to_thread(self._entry)
        data = self._files.read(entry.config, self._limits.config)
        try:
            config, published = documents.parse_config(data, self._limits)
        except ImageError as error:
            raise ImageError(error.message, where=self._files.where) from None
        config_digest = digest_of(data)
        if self._files.size("index.json") is not None and self._files.size("oci-layout") is not None:
            return await self._from_layout(config_digest, platform)
        self._names = entry.layers or []
        found = Platform(os=config.os, architecture=config.architecture, variant=config.variant)
        if platform and not platforms.wants(platforms.parse(platform), found):
            raise ImageError(
                f"no image for {platform}", where=self._files.where, hint=f"it is for {platforms.text(found)}"
            )
        diff_ids = (config.rootfs.diff_ids or []) if config.rootfs else []
        problem = None
        if len(diff_ids) != len(self._names):
            problem = f"the archive lists {len(self._names)} layers, the config {len(diff_ids)} diff_ids"
        layers = self._layers([None] * len(self._names) if problem else diff_ids, created_by(config, len(self._names)))
        return [
            PlatformImage(
                platform=platforms.text(found),
                manifest_digest=None,
                index_digest=None,
                config_digest=config_digest,
                config=published,
                layers=layers,
                problem=problem,
            )
        ]

    async def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest of the layout inside; older archives hold none."""
        if self._layout is None:
            raise self._wrong("holds no manifests")
        return await self._layout.manifest(descriptor)

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob of the layout inside."""
        if self._layout is None:
            raise self._wrong("holds no blobs")
        return await self._layout.content(descriptor, limit)

    async def may_read(self, layer: Layer) -> bool:
        """Whether the layer is there."""
        if self._layout is not None:
            return await self._layout.may_read(layer)
        return self._files.size(self._file(layer)) is not None

    def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        """The layer's file; in old archives only its diff_id can tell whether it is the right one."""
        if self._layout is not None:
            return self._layout.open_layer(layer)
        return verified(self._files.pieces(self._file(layer)), layer.digest, layer.size, self._wrong)

    def span(self, layer: Layer) -> Span | None:
        """The layer's place in a plain archive."""
        return self._layout.span(layer) if self._layout is not None else self._files.span(self._file(layer))

    async def close(self) -> None:
        """Close the archive."""
        self._files.close()

    # --- manifest.json -------------------------------------------------------------------------------------------

    def _entry(self) -> _Entry:
        try:
            listed = read_array(
                self._files.read("manifest.json", self._limits.manifest), "manifest.json", self._limits.manifest
            )
            entries = [shaped(each, _Entry, "manifest.json") for each in listed]
        except ImageError as error:
            raise ArchiveError(error.message, where=self._files.where) from None
        entry = self._select(entries)
        if len(entry.layers or []) > _MOST_LAYERS:
            raise ArchiveError(f"lists more than {_MOST_LAYERS} layers", where=self._files.where)
        return entry

    def _select(self, entries: Sequence[_Entry]) -> _Entry:
        tags = sorted({tag for each in entries for tag in each.repo_tags or []})
        hint = f"it holds: {', '.join(tags)}" if tags else "it names none"
        if self._ref is None:
            if len(entries) == 1:
                return entries[0]
            what = "holds several images" if entries else "holds no image"
            raise ArchiveError(what, where=self._files.where, hint=f"name one, as in docker-archive:PATH:REF; {hint}")
        wanted = _normalized(self._ref)
        found = [each for each in entries if wanted in map(_normalized, each.repo_tags or [])]
        if len(found) != 1:
            what = f"no image called {self._ref}" if not found else f"several images called {self._ref}"
            raise TargetNotFoundError(what, where=self._files.where, hint=hint)
        return found[0]

    def _layers(self, diff_ids: Sequence[str | None], authors: Sequence[str | None]) -> tuple[Layer, ...]:
        layers = []
        for index, (name, diff_id, author) in enumerate(zip(self._names, diff_ids, authors, strict=True)):
            size = self._files.size(name)
            if size is None:
                raise ArchiveError(f"holds no {name[:200]}", where=self._files.where)
            layers.append(Layer(index=index, digest=None, size=size, diff_id=diff_id, created_by=author))
        return tuple(layers)

    # --- the layout inside ---------------------------------------------------------------------------------------

    async def _from_layout(self, config_digest: str, platform: str | None) -> list[PlatformImage]:
        """The images of the OCI layout in the same archive, whose configs must include that of ``manifest.json``."""
        layout = self._layout = LayoutSource(self.name, self._files, None, self._limits)
        wanted = _normalized(self._ref) if self._ref else None
        entries = [each for each in layout.entries() if wanted is None or wanted in map(_normalized, names_of(each))]
        found: list[PlatformImage] = []
        for entry in {each.digest: each for each in entries}.values():
            images = await layout.images_under(entry)
            if config_digest not in [each.config_digest for each in images]:
                raise ArchiveError("manifest.json and index.json describe different images", where=self._files.where)
            found = images if platform is None else await layout.images_under(entry, platform)
        if not found:
            raise ArchiveError("manifest.json names an image that index.json does not", where=self._files.where)
        return [_as_saved(each) for each in found]

    # --- layers --------------------------------------------------------------------------------------------------

    def _file(self, layer: Layer) -> str:
        return self._names[layer.index]

    def _wrong(self, message: str) -> ArchiveError:
        return ArchiveError(message, where=self._files.where)


def _as_saved(image: PlatformImage) -> PlatformImage:
    """An engine that keeps layers unpacked packs them anew: those digests and sizes are no registry's."""
    if all((each.media_type or "").endswith(("gzip", "zstd")) for each in image.layers):
        return image
    layers = tuple(replace(each, compressed=None) for each in image.layers)
    return replace(image, manifest_digest=None, index_digest=None, layers=layers)


def _normalized(ref: str) -> str:
    """A reference in full, ``latest`` included; other texts as they are, which match only themselves."""
    try:
        found = reference.parse(ref)
    except ReferenceError_:
        return ref
    return f"{found.name}:{found.wanted}"
