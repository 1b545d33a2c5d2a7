"""Images of a local Docker daemon, ``docker-daemon:REF``: inspected, then saved as a stream.

The daemon is the one the docker command would ask: DOCKER_HOST, else the current context. It streams the same archive
as ``docker save``, which is kept in a nameless temporary file until the image is closed. A daemon answers slowly while
it packs layers, so a read may take minutes; connecting may not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from gate.errors import DaemonError, TargetNotFoundError
from gate.evidence.image.archive import Archive, ArchiveLimits
from gate.evidence.image.docker_archive import DockerArchiveSource
from gate.evidence.image.documents import supported
from gate.evidence.image.manifest import Descriptor, DocumentLimits
from gate.evidence.image.reference import Reference
from gate.evidence.image.source import Layer, PlatformImage, Resolved, Span

__all__ = ["DaemonSource"]

_PIECE = 1 << 20
_SECONDS = 300


class DaemonSource:
    """One image of a daemon. ``environ``: where DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH are looked up."""

    def __init__(
        self,
        reference: Reference,
        environ: Mapping[str, str],
        limits: DocumentLimits | None = None,
        bounds: ArchiveLimits | None = None,
    ) -> None:
        self.name = f"docker-daemon:{reference.familiar}"
        self.scope = ""
        self.reference = reference
        self._environ = dict(environ)
        self._limits = limits
        self._bounds = bounds
        self._client: Any = None
        self._socket = ""
        self._inspected: dict[str, Any] | None = None
        self._saved: DockerArchiveSource | None = None

    async def resolve(self) -> Resolved:
        """Ask the daemon for the image; its digest is that of the registry it was pulled from or pushed to, if any."""
        inspected = self._inspected = await asyncio.to_thread(self._inspect)
        return Resolved(self.reference, _registry_digest(inspected, self.reference))

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        """What the daemon has of the image: one platform, or several with the containerd image store."""
        if self._inspected is None:
            self._inspected = await asyncio.to_thread(self._inspect)
        inspected = self._inspected
        if self._saved is None:
            self._saved = await asyncio.to_thread(self._save, str(inspected["Id"]))
        images = await self._saved.images(platform)
        promised = (inspected.get("RootFS") or {}).get("Layers") or []
        if platform is None and promised not in [_diff_ids(each) for each in images]:
            raise DaemonError("saves another image than it describes", where=self.name)
        return images

    async def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest that was saved with the image."""
        return await self._read().manifest(descriptor)

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob that was saved with the image."""
        return await self._read().content(descriptor, limit)

    async def may_read(self, layer: Layer) -> bool:
        """Whether the layer was saved."""
        return self._saved is not None and await self._saved.may_read(layer)

    def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        """The layer's bytes, as saved."""
        return self._read().open_layer(layer)

    def span(self, layer: Layer) -> Span | None:
        """Null: the temporary file has no name."""
        return None

    async def close(self) -> None:
        """Drop the saved image and the connection."""
        if self._saved is not None:
            await self._saved.close()
            self._saved = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def _read(self) -> DockerArchiveSource:
        if self._saved is None:
            raise DaemonError("the image was not saved yet", where=self.name)
        return self._saved

    # --- talking to the daemon; blocking, so in threads ------------------------------------------------------------

    def _api(self) -> Any:
        if self._client is None:
            import docker

            self._socket = _address(self._environ)
            try:
                client = docker.from_env(
                    timeout=_SECONDS, environment=self._environ | {"GATE": "1"}
                )  # never empty, which would mean ours
                client.ping()
            except _failures() as error:
                raise self._failed(error) from None
            self._client = client
        return self._client.api

    def _inspect(self) -> dict[str, Any]:
        api = self._api()
        try:
            found: dict[str, Any] = api.inspect_image(self.reference.normalized)
        except _failures() as error:
            raise self._failed(error) from None
        if not isinstance(found, dict) or not isinstance(found.get("Id"), str):
            raise DaemonError("describes the image in a way that is not understood", where=self.name)
        return found

    def _save(self, image: str) -> DockerArchiveSource:
        # By id, so that a tag that moves meanwhile changes nothing.
        archive = Archive.spool(self._stream(image), self.name, self._bounds)
        return DockerArchiveSource(self.name, archive, None, self._limits)

    def _stream(self, image: str) -> Iterator[bytes]:
        try:
            yield from self._api().get_image(image, chunk_size=_PIECE)
        except _failures() as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> DaemonError | TargetNotFoundError:
        """A failure of the docker library in words."""
        import docker.errors

        where = self._socket
        if isinstance(error, docker.errors.ImageNotFound | docker.errors.NotFound):
            hint = f"docker pull {self.reference.familiar}, or read it from its registry: docker://..."
            return TargetNotFoundError("the daemon has no such image", where=self.name, hint=hint)
        text = _innermost(error)
        if "Permission denied" in text:
            return DaemonError("may not be used by this user", where=where, hint="join the group that owns the socket")
        if "No such file" in text or "Connection refused" in text:
            hint = "start the daemon, set DOCKER_HOST, or read the image from its registry: docker://REF"
            return DaemonError("no Docker daemon answers", where=where, hint=hint)
        return DaemonError(f"the Docker daemon fails: {text}", where=where)


def _address(environ: Mapping[str, str]) -> str:
    """The daemon the docker command would ask."""
    named = environ.get("DOCKER_HOST")
    if named:
        return named
    from docker.context import ContextAPI

    try:
        host = getattr(ContextAPI.get_current_context(), "Host", None)
    except _failures():
        host = None
    return str(host or "unix:///var/run/docker.sock").removeprefix("http+")


def _failures() -> tuple[type[Exception], ...]:
    """What the docker library and those under it raise."""
    import docker.errors
    import urllib3.exceptions

    return (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError, ValueError)


def _innermost(error: BaseException) -> str:
    """The text of an error, without the wrappings of the libraries between."""
    return str(error).rpartition("(Caused by ")[2] or type(error).__name__


def _registry_digest(inspected: Mapping[str, Any], reference: Reference) -> str | None:
    """The digest a registry knows the image by, for the repository it is asked under."""
    if reference.digest is not None:
        return reference.digest
    for each in inspected.get("RepoDigests") or []:
        name, _, digest = str(each).partition("@")
        if name in (reference.name, reference.familiar.partition(":")[0]) and supported(digest):
            return digest
    return None


def _diff_ids(image: PlatformImage) -> list[Any]:
    rootfs = image.config.get("rootfs")
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    return found if isinstance(found, list) else []
