"""How the webhook reaches images: registries, with gate's own credentials and the pull secrets that pods name.

Pull secrets are read only in namespaces that settings list, and only what a Pod names there; a credential never leaves
for a host that its own entry does not name.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gate.errors import ClusterError
from gate.evidence.image.credentials import SeveralKeychains, ring_of_secrets
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.reference import Reference
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_auth import Credential, Keychain
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.transport import Transport
from gate.evidence.kubernetes.cluster import ClusterApi, path_of
from gate.evidence.model import Evidence
from gate.webhook.admission import Pull

_log = logging.getLogger("gate.webhook.reader")

Analyse = Callable[[RegistrySource, Reference], Awaitable[list[Evidence]]]
"""Evidence of every runnable platform of an image; layers are read in worker processes."""


class PullSecrets:
    """The keychain of one Pod: the secrets it names, then its service account's. Read when first asked for."""

    def __init__(self, cluster: ClusterApi, pull: Pull) -> None:
        self._cluster = cluster
        self._pull = pull
        self._ring: Keychain | None = None

    async def credentials(self, name: str) -> Sequence[Credential]:
        """Those that may open ``registry/repository``; a secret that is missing opens nothing."""
        if self._ring is None:
            self._ring = await asyncio.to_thread(self._read)
        return await self._ring.credentials(name)

    def _read(self) -> Keychain:
        account = self._get("serviceaccounts", self._pull.service_account or "default")
        named = [str(each.get("name")) for each in (account or {}).get("imagePullSecrets") or []]
        wanted = dict.fromkeys([*self._pull.secrets, *named])
        secrets = [secret for each in wanted if (secret := self._get("secrets", each)) is not None]
        ring, problems = ring_of_secrets(secrets)
        for problem in problems:
            _log.warning("a pull secret opens nothing", extra={"namespace": self._pull.namespace, "problem": problem})
        return ring

    def _get(self, plural: str, name: str) -> dict[str, Any] | None:
        try:
            found = self._cluster.request("GET", path_of("v1", plural, self._pull.namespace, name))
        except ClusterError as error:
            _log.warning("a pull secret cannot be read", extra={"namespace": self._pull.namespace, "error": str(error)})
            return None
        return found if isinstance(found, dict) else None


class RegistryReader:
    """An `ImageReader` over registries. One transport, one client per set of credentials and question."""

    def __init__(
        self,
        transport: Transport,
        registries: Registries,
        analyse: Analyse,
        *,
        own: Keychain,
        cluster: ClusterApi | None = None,
        secret_namespaces: Sequence[str] = (),
    ) -> None:
        self._transport = transport
        self._registries = registries
        self._analyse = analyse
        self._own = own
        self._cluster = cluster
        self._namespaces = frozenset(secret_namespaces)

    async def resolve(self, reference: Reference, pull: Pull) -> str:
        """One authorized HEAD."""
        return (await self._client(pull).head(reference)).digest

    async def read(self, reference: Reference, digest: str, pull: Pull) -> list[Evidence]:
        """Evidence of the image ``digest`` of the reference's repository."""
        pinned = reference.pinned(digest)
        source = RegistrySource(self._client(pull), pinned)
        try:
            return await self._analyse(source, pinned)
        finally:
            await source.close()

    def _client(self, pull: Pull) -> RegistryClient:
        keychain: Keychain = self._own
        if self._cluster is not None and ("*" in self._namespaces or pull.namespace in self._namespaces):
            keychain = SeveralKeychains([PullSecrets(self._cluster, pull), self._own])
        return RegistryClient(self._transport, self._registries, keychain)
