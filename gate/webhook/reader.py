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
from gate.evidence.image.document_cache import RecentDocuments
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.manifest import DocumentLimits
from gate.evidence.image.reference import Reference
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_auth import Credential, Keychain
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.transport import Transport
from gate.evidence.kubernetes.cluster import ClusterApi, path_of
from gate.webhook.admission import Pull
from gate.webhook.evidence import Read, Recent
from gate.webhook.tracing import OFF, Tracing

_log = logging.getLogger("gate.webhook.reader")

Opener = Callable[[], RegistryClient]
"""The client an image is read with; its claimed bases are asked for with the same credentials."""

Analyse = Callable[[RegistrySource, Opener], Awaitable[Read]]
"""Evidence of every runnable platform of an image; layers are read in worker processes."""

SECRETS_FOR = 30.0
"""Seconds a client with a pod's pull secrets is kept: as long, a secret that was replaced goes on being used."""

_CLIENTS = 64
_DOCUMENTS = 4 << 20


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
    """An `ImageReader` over registries; one client per set of credentials.

    ``quick`` carries what a review waits for, ``patient`` the reading of layers.
    """

    def __init__(
        self,
        quick: Transport,
        patient: Transport,
        registries: Registries,
        analyse: Analyse,
        *,
        own: Keychain,
        cluster: ClusterApi | None = None,
        secret_namespaces: Sequence[str] = (),
        limits: DocumentLimits | None = None,
        tracing: Tracing = OFF,
    ) -> None:
        self._limits = limits
        self._registries = registries
        self._analyse = analyse
        self._tracing = tracing
        self._own = own
        self._cluster = cluster
        self._namespaces = frozenset(secret_namespaces)
        clock = asyncio.get_running_loop().time
        self._of_pods: Recent[tuple[Pull, bool], RegistryClient] = Recent(_CLIENTS, clock)
        self._transports = {True: quick, False: patient}
        self._ours = {kind: self._client(own, kind) for kind in (True, False)}

    async def resolve(self, reference: Reference, pull: Pull) -> str:
        """One authorized HEAD."""
        with self._tracing.span("gate.registry.resolve", {"server.address": reference.registry}) as span:
            digest = (await self._for(pull, quick=True).head(reference)).digest
            span.note({"gate.digest": digest})
            return digest

    async def read(self, reference: Reference, digest: str, pull: Pull) -> Read:
        """Evidence of the image ``digest`` of the reference's repository."""
        client = self._for(pull, quick=False)
        values = {"server.address": reference.registry, "gate.digest": digest}
        with self._tracing.span("gate.registry.read", values):
            return await self._analyse(RegistrySource(client, reference.pinned(digest)), lambda: client)

    def _for(self, pull: Pull, *, quick: bool) -> RegistryClient:
        if self._cluster is None or not ("*" in self._namespaces or pull.namespace in self._namespaces):
            return self._ours[quick]
        key = (Pull(pull.namespace, pull.secrets, pull.service_account), quick)
        known = self._of_pods.get(key)
        if known is None:
            known = self._client(SeveralKeychains([PullSecrets(self._cluster, pull), self._own]), quick)
            self._of_pods.put(key, known, SECRETS_FOR)
        return known

    def _client(self, keychain: Keychain, quick: bool) -> RegistryClient:
        cache = RecentDocuments(_DOCUMENTS)
        return RegistryClient(self._transports[quick], self._registries, keychain, limits=self._limits, cache=cache)
