"""From what a target names to the source that reads it; one set of connections for all of a run.

>>> sources = Sources(environ=os.environ, home=Path.home())  # doctest: +SKIP
>>> source = sources.open("registry", reference="ghcr.io/acme/api:1")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gate.errors import ArchiveError, InternalError
from gate.evidence.image import reference as references
from gate.evidence.image.archive import Archive, ArchiveLimits
from gate.evidence.image.docker_archive import DockerArchiveSource
from gate.evidence.image.layout import LayoutSource, open_layout
from gate.evidence.image.manifest import DocumentLimits
from gate.evidence.image.source import ImageSource

if TYPE_CHECKING:
    from gate.evidence.image.registry import RegistryClient
    from gate.evidence.image.transport import TransportLimits
    from gate.settings.model import Registry
    from gate.store import Store

__all__ = ["Kind", "Sources"]

Kind = Literal["registry", "daemon", "archive", "docker-archive", "oci-archive", "oci-layout"]


class Sources:
    """Opens images of every kind with one configuration. Belongs to one event loop; close it.

    ``registries`` and ``root`` are gate.yaml's; ``environ`` and ``home`` say where credentials, proxies and the daemon
    are; ``store`` keeps manifests and configs between runs; ``notice`` is told what people should know of a registry.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        home: Path,
        registries: Iterable[Registry] = (),
        root: Path = Path(),
        store: Store | None = None,
        limits: DocumentLimits | None = None,
        bounds: ArchiveLimits | None = None,
        transport: TransportLimits | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self._environ = dict(environ)
        self._home = home
        self._rows = list(registries)
        self._root = root
        self._store = store
        self._limits = limits or DocumentLimits()
        self._bounds = bounds
        self._transport_limits = transport
        self._notice = notice
        self._client: RegistryClient | None = None

    def open(self, kind: Kind, *, reference: str | None = None, path: Path | None = None) -> ImageSource:
        """The image a target names; ``reference``: of a registry or daemon, or the name inside an archive or layout.

        Raises `TargetError` where that can be told at once; the rest when it is read.
        """
        if kind == "registry":
            return self.registry(references.parse(reference or ""))
        if kind == "daemon":
            from gate.evidence.image.daemon import DaemonSource

            return DaemonSource(references.parse(reference or ""), self._environ, self._limits, self._bounds)
        if path is None:
            raise InternalError(f"a target of kind {kind} without a path")
        if kind == "oci-layout":
            return open_layout(path, reference, self._limits)
        return self._archive(kind, path, reference)

    def registry(self, reference: references.Reference) -> ImageSource:
        """An image of a registry, read through the connections all share."""
        from gate.evidence.image.registry_source import RegistrySource

        return RegistrySource(self.client, reference)

    @property
    def client(self) -> RegistryClient:
        """The one client of registries; made when first asked for."""
        if self._client is None:
            from gate.evidence.image.certificates import folders
            from gate.evidence.image.credentials import DockerKeychain, config_files
            from gate.evidence.image.document_cache import RecentDocuments, StoredDocuments
            from gate.evidence.image.endpoints import Registries
            from gate.evidence.image.proxies import from_environment
            from gate.evidence.image.registry import RegistryClient
            from gate.evidence.image.transport import Transport

            self._client = RegistryClient(
                Transport(limits=self._transport_limits, proxies=from_environment(self._environ), notice=self._notice),
                Registries(self._rows, self._root, folders(self._environ, self._home)),
                DockerKeychain(config_files(self._environ, self._home), self._environ),
                limits=self._limits,
                cache=StoredDocuments(self._store) if self._store is not None else RecentDocuments(),
            )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _archive(self, kind: Kind, path: Path, name: str | None) -> ImageSource:
        archive = Archive.open(path, self._bounds)
        if kind == "archive":  # whose, its content tells
            kind = "docker-archive" if archive.size("manifest.json") is not None else "oci-archive"
            if kind == "oci-archive" and archive.size("oci-layout") is None:
                archive.close()
                raise ArchiveError(
                    "holds no image", where=str(path), hint="gate reads what docker save or an OCI export writes"
                )
        shown = f"{kind}:{path}{f':{name}' if name else ''}"
        if kind == "docker-archive":
            return DockerArchiveSource(shown, archive, name, self._limits)
        return LayoutSource(shown, archive, name, self._limits)
