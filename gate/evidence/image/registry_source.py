"""One image in a registry: ``docker://REF`` or a bare reference."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from gate.errors import ImageError, RegistryError
from gate.evidence.image.manifest import Descriptor
from gate.evidence.image.reference import Reference
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.source import Layer, PlatformImage, Resolved, Span
from gate.evidence.image.walk import Root, read_images

__all__ = ["RegistrySource"]


class RegistrySource:
    """Reads one image through a client that others may share. ``resolve`` is a request each time."""

    def __init__(self, client: RegistryClient, reference: Reference) -> None:
        self.name = f"docker://{reference.normalized}"
        self.scope = reference.name
        self.reference = reference
        self._client = client
        self._resolved: Resolved | None = None

    async def resolve(self) -> Resolved:
        """One authorized HEAD; `RegistryError` where the registry refuses, lies or does not answer."""
        head = await self._client.head(self.reference)
        self._resolved = Resolved(self.reference, head.digest, head.media_type)
        return self._resolved

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        """Every runnable platform; the documents are those of the digest resolved last."""
        resolved = self._resolved or await self.resolve()
        limits = self._client.limits
        root = Descriptor(digest=resolved.digest or "", size=0, media_type=resolved.media_type)
        data = await self._client.document(self.reference, root, limits.manifest, blob=False)
        try:
            return await read_images(Root(data, resolved.digest, resolved.media_type), self._sized, platform, limits)
        except ImageError as error:
            raise ImageError(error.message, where=self.reference.normalized, hint=error.hint) from None

    async def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest of this repository by digest, such as an attestation's, checked."""
        return await self._client.document(self.reference, descriptor, self._client.limits.manifest, blob=False)

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob of this repository, such as an attestation, checked."""
        return await self._sized(descriptor, limit, True)

    async def may_read(self, layer: Layer) -> bool:
        """One HEAD of the blob with this source's credentials."""
        return layer.digest is not None and await self._client.has_blob(self.reference, layer.digest)

    def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        """The blob as stored, checked; a broken connection is taken up where it broke."""
        return self._client.blob(self.reference, layer.digest or "", layer.size)

    def span(self, layer: Layer) -> Span | None:
        """Null: nothing of a registry is in a local file."""
        return None

    async def close(self) -> None:
        """Nothing: the transport belongs to whoever made it."""

    async def _sized(self, descriptor: Descriptor, limit: int, blob: bool) -> bytes:
        if descriptor.size > limit:
            raise RegistryError(
                f"{descriptor.digest} is longer than {limit} bytes", reason="too-large", where=self.reference.name
            )
        data = await self._client.document(self.reference, descriptor, limit, blob=blob)
        if len(data) != descriptor.size:
            raise RegistryError(
                f"{descriptor.digest} has {len(data)} bytes, not {descriptor.size}",
                reason="digest",
                where=self.reference.name,
            )
        return data
