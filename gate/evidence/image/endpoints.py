"""Which hosts serve an image: the registry its name says, and the mirrors that ``registries:`` puts before it.

Mirrors are asked for digests only, unless ``mirror_tags`` says otherwise: a tag may lead elsewhere on each of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gate.errors import RegistryError
from gate.evidence.image import certificates
from gate.evidence.image.certificates import NONE, Certificates
from gate.evidence.image.reference import DEFAULT_REGISTRY, Reference
from gate.settings.model import Registry

__all__ = ["Endpoint", "Registries", "may_ask", "tls"]

_DOCKER_HUB = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host that speaks the registry protocol, and the repository's name there.

    ``registry`` is the name people and credentials use (``docker.io``), ``host`` where the requests go.
    """

    registry: str
    host: str
    repository: str
    insecure: bool = False
    certificates: Certificates = NONE
    is_mirror: bool = False

    @property
    def name(self) -> str:
        """``registry/repository``: what credentials are looked up by."""
        return f"{self.registry}/{self.repository}" if self.repository else self.registry


class Registries:
    """``registries:`` of gate.yaml. ``root``: the folder its paths are relative to; ``folders``: the machine's
    ``certs.d``, for hosts whose row names no certificates."""

    def __init__(self, rows: Iterable[Registry] = (), root: Path = Path(), folders: Sequence[Path] = ()) -> None:
        self._rows = {row.host: row for row in rows}
        self._root = root
        self._folders = list(folders)
        self._certificates: dict[str, Certificates] = {}

    @property
    def hosts(self) -> frozenset[str]:
        """The registries that are named; what may be asked where only named ones may."""
        return frozenset(self._rows)

    def endpoints(self, reference: Reference, *, by_digest: bool) -> list[Endpoint]:
        """Where to ask for an image, best first; the registry itself is last."""
        if not reference.registry:
            raise RegistryError(
                "no registry can have that name",
                reason="not-found",
                where=reference.normalized,
                hint="use letters, digits, dots and hyphens in the host",
            )
        row = self._rows.get(reference.registry)
        found = []
        if row is not None and (by_digest or row.mirror_tags):
            for mirror in row.mirrors:
                host, _, prefix = mirror.strip("/").partition("/")
                path = f"{prefix}/{reference.repository}" if prefix else reference.repository
                found.append(self._endpoint(host, path, is_mirror=True))
        found.append(self._endpoint(reference.registry, reference.repository))
        return found

    def endpoint(self, registry: str, repository: str = "") -> Endpoint:
        """A registry itself, mirrors left out; without a repository for its catalog."""
        return self._endpoint(registry, repository)

    def _endpoint(self, registry: str, repository: str, *, is_mirror: bool = False) -> Endpoint:
        row = self._rows.get(registry)
        return Endpoint(
            registry=registry,
            host=_DOCKER_HUB if registry == DEFAULT_REGISTRY else registry,
            repository=repository,
            insecure=row is not None and row.insecure,
            certificates=self._certificates_of(registry, row),
            is_mirror=is_mirror,
        )

    def _certificates_of(self, registry: str, row: Registry | None) -> Certificates:
        found = self._certificates.get(registry)
        if found is None:
            if row is not None and (row.ca or row.client_cert):
                found = certificates.of_row(row, self._root)
            else:
                found = certificates.of_folder(self._folders, registry)
            self._certificates[registry] = found
        return found


def may_ask(reference: Reference, hosts: frozenset[str]) -> None:
    """Raise `RegistryError` unless the registry of an image is one of ``hosts``, those that settings name."""
    if reference.registry not in hosts:
        raise RegistryError(
            f"settings do not name the registry {reference.registry or reference.name}; nothing is asked of it",
            reason="refused",
            hint="add it to registries: in gate.yaml",
        )


def tls(endpoint: Endpoint, *, own: bool = True) -> ssl.SSLContext:
    """How an endpoint's certificate is checked: against the system's and its own CA, or not at all when insecure.

    A client's certificate is shown to the endpoint alone, not where it sends us on (``own`` is false then).
    """
    if endpoint.insecure and own:
        return certificates.unchecked()
    return certificates.context(endpoint.certificates if own else endpoint.certificates._replace(client=None))
