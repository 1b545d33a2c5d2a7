"""Images in an OCI layout (image-spec 1.1, image-layout): ``oci:PATH[:TAG]`` and ``oci-archive:PATH[:TAG]``."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec

from gate.errors import ArchiveError, ImageError, TargetNotFoundError
from gate.evidence.image import manifest as documents
from gate.evidence.image.archive import Archive, ArchiveLimits, Directory, Files
from gate.evidence.image.blobs import verified
from gate.evidence.image.documents import has_digest, read_object, supported
from gate.evidence.image.manifest import Descriptor, DocumentLimits, Index
from gate.evidence.image.source import Layer, PlatformImage, Resolved, Span
from gate.evidence.image.walk import Root, read_images

__all__ = ["LayoutSource", "names_of", "open_archive", "open_layout"]

_NAME = "org.opencontainers.image.ref.name"
_FULL_NAME = "io.containerd.image.name"
_LAYOUT_LIMIT = 4096


def open_layout(path: Path, tag: str | None = None, limits: DocumentLimits | None = None) -> LayoutSource:
    """The image in a layout directory."""
    return LayoutSource(f"oci:{path}{f':{tag}' if tag else ''}", Directory(path), tag, limits)


def open_archive(
    path: Path, tag: str | None = None, limits: DocumentLimits | None = None, bounds: ArchiveLimits | None = None
) -> LayoutSource:
    """The image in an archive of a layout, plain or compressed."""
    return LayoutSource(f"oci-archive:{path}{f':{tag}' if tag else ''}", Archive.open(path, bounds), tag, limits)


class LayoutSource:
    """One image of a layout: the one called ``tag``, else the only one."""

    def __init__(self, name: str, files: Files, tag: str | None = None, limits: DocumentLimits | None = None) -> None:
        self.name = name
        self.scope = ""
        self._files = files
        self._tag = tag
        self._limits = limits or DocumentLimits()
        self._root: Root | None = None

    async def resolve(self) -> Resolved:
        """What ``index.json`` says the tag is; no digest where several of its entries are one image together."""
        root = self._root = self._find()
        return Resolved(None, root.digest, root.media_type)

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        """Every runnable platform whose manifest is there: layouts copied for one platform keep the whole index."""
        return await self._images(self._root or self._find(), platform)

    def entries(self) -> list[Descriptor]:
        """What ``index.json`` lists."""
        return self._index()[1].manifests

    async def images_under(self, entry: Descriptor, platform: str | None = None) -> list[PlatformImage]:
        """Every runnable platform of one entry of ``index.json``."""
        root = Root(self._content(entry, self._limits.manifest), entry.digest, entry.media_type)
        return await self._images(root, platform)

    async def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest of the layout by digest, checked."""
        data = self._files.read(blob_name(descriptor.digest), self._limits.manifest)
        if not has_digest(data, descriptor.digest):
            raise self._wrong(f"the content of {descriptor.digest} is another")
        return data

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob of the layout, checked."""
        return self._content(descriptor, limit)

    async def may_read(self, layer: Layer) -> bool:
        """Whether the blob is there."""
        return layer.digest is not None and self._files.size(blob_name(layer.digest)) is not None

    def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        """The blob as stored, checked."""
        pieces = self._files.pieces(blob_name(layer.digest or ""))
        return verified(pieces, layer.digest, layer.size, self._wrong)

    def span(self, layer: Layer) -> Span | None:
        """The blob's file, or its place in a plain archive."""
        return self._files.span(blob_name(layer.digest)) if layer.digest else None

    async def close(self) -> None:
        """Close the archive."""
        self._files.close()

    # --- index.json ----------------------------------------------------------------------------------------------

    async def _images(self, root: Root, platform: str | None) -> list[PlatformImage]:
        try:
            return await read_images(root, self._fetch, platform, self._limits, self._holds)
        except ImageError as error:
            raise ImageError(error.message, where=self._files.where, hint=error.hint) from None

    def _index(self) -> tuple[bytes, Index]:
        self._check_layout()
        data = self._files.read("index.json", self._limits.manifest)
        try:
            index = documents.parse(data, None, self._limits)
        except ImageError as error:
            raise ImageError(error.message, where=f"{self._files.where}: index.json") from None
        if not isinstance(index, Index):
            raise ArchiveError("index.json is no index", where=self._files.where)
        return data, index

    def _find(self) -> Root:
        data, index = self._index()
        entries = self._select(index.manifests)
        if len(entries) == 1:
            entry = entries[0]
            return Root(self._content(entry, self._limits.manifest), entry.digest, entry.media_type)
        if len(entries) == len(index.manifests):
            return Root(data, None, documents.OCI_INDEX)
        return Root(_index_of(entries), None, documents.OCI_INDEX)

    def _check_layout(self) -> None:
        try:
            found = read_object(self._files.read("oci-layout", _LAYOUT_LIMIT), "oci-layout", _LAYOUT_LIMIT)
        except (ImageError, ArchiveError) as error:
            raise ArchiveError(f"no OCI layout: {error.message}", where=self._files.where) from None
        version = found.get("imageLayoutVersion")
        if not isinstance(version, str) or not version.startswith("1."):
            raise ArchiveError("an OCI layout of an unknown version", where=self._files.where)

    def _select(self, entries: Sequence[Descriptor]) -> list[Descriptor]:
        names = sorted({name for each in entries for name in names_of(each)})
        if self._tag is not None:
            found = [each for each in entries if self._tag in names_of(each)]
            if not found:
                hint = f"it holds: {', '.join(names)}" if names else "it names none; leave the tag away"
                raise TargetNotFoundError(f"no image called {self._tag}", where=self._files.where, hint=hint)
            return found
        if not entries:
            raise TargetNotFoundError("the layout holds no image", where=self._files.where)
        if len({tuple(names_of(each)) for each in entries}) > 1:
            hint = f"name one, as in oci:PATH:TAG: {', '.join(names)}"
            raise ArchiveError("the layout holds several images", where=self._files.where, hint=hint)
        return list(entries)

    # --- blobs ---------------------------------------------------------------------------------------------------

    def _holds(self, digest: str) -> bool:
        return self._files.size(blob_name(digest)) is not None

    async def _fetch(self, descriptor: Descriptor, limit: int, config: bool) -> bytes:
        return self._content(descriptor, limit)

    def _content(self, descriptor: Descriptor, limit: int) -> bytes:
        if descriptor.size > limit:
            raise ArchiveError(f"{descriptor.digest} is longer than {limit} bytes", where=self._files.where)
        data = self._files.read(blob_name(descriptor.digest), limit)
        if len(data) != descriptor.size or not has_digest(data, descriptor.digest):
            raise self._wrong(f"the content of {descriptor.digest} is another")
        return data

    def _wrong(self, message: str) -> ArchiveError:
        return ArchiveError(message, where=self._files.where)


def blob_name(digest: str) -> str:
    """Where a layout keeps a blob; digests that cannot be checked have no place."""
    if not supported(digest):
        raise ArchiveError(f'"{digest[:80]}" is not a digest that can be checked (sha256 or sha512)')
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def names_of(entry: Descriptor) -> list[str]:
    """What an entry of index.json is called: its tag, and its full reference where containerd wrote one."""
    annotations = entry.annotations or {}
    return [annotations[key] for key in (_NAME, _FULL_NAME) if annotations.get(key)]


def _index_of(entries: Sequence[Descriptor]) -> bytes:
    """An index of some entries of another."""
    return msgspec.json.encode({"schemaVersion": 2, "mediaType": documents.OCI_INDEX, "manifests": entries})
