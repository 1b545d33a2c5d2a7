"""Which hosts serve an image: the registry its name says, and the mirrors that ``registries:`` puts before it.

Mirrors are asked for digests only, unless ``mirror_tags`` says otherwise: a tag may lead elsewhere on each of them.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gate.errors import RegistryError, SettingsError
from gate.evidence.image.reference import DEFAULT_REGISTRY, Reference
from gate.settings.model import Registry

__all__ = ["Endpoint", "Registries", "tls"]

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
    ca: Path | None = None
    is_mirror: bool = False

    @property
    def name(self) -> str:
        """``registry/repository``: what credentials are looked up by."""
        return f"{self.registry}/{self.repository}" if self.repository else self.registry


class Registries:
    """``registries:`` of gate.yaml. ``root``: the folder its paths are relative to."""

    def __init__(self, rows: Iterable[Registry] = (), root: Path = Path()) -> None:
        self._rows = {row.host: row for row in rows}
        self._root = root

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
            ca=self._root / row.ca if row is not None and row.ca else None,
            is_mirror=is_mirror,
        )


def tls(endpoint: Endpoint) -> ssl.SSLContext:
    """How an endpoint's certificate is checked: against the system's and its own CA, or not at all when insecure."""
    if endpoint.insecure:
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        return unchecked
    if endpoint.ca is None:
        return _checked(None, 0)
    try:
        return _checked(endpoint.ca, endpoint.ca.stat().st_mtime_ns)
    except (OSError, ssl.SSLError) as error:
        where = f"registries: {endpoint.registry}"
        raise SettingsError(f"{endpoint.ca} is not a readable CA file: {error}", where=where) from None


@functools.lru_cache(maxsize=64)
def _checked(ca: Path | None, changed: int) -> ssl.SSLContext:
    """Reading the system's authorities takes long enough to do it once; a ``changed`` file is read anew."""
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(cafile=ca)
    return context
