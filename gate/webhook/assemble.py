"""Puts the webhook's evidence together: connections, credentials, worker processes, and what settings say of them.

Connections, worker processes and caches live as long as the process; which registries may be asked and what bases are
known follow the policy in force, and change with it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gate.errors import RegistryError, StoreError
from gate.evidence.bases import TableLookup
from gate.evidence.image import facts as facts_of
from gate.evidence.image import layers as layers_of
from gate.evidence.image.bounds import bounds_of
from gate.evidence.image.certificates import folders
from gate.evidence.image.credential_providers import PluginKeychain, load_providers
from gate.evidence.image.credentials import DockerKeychain, SeveralKeychains, config_files
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.lineage import Bases
from gate.evidence.image.pool import Pool
from gate.evidence.image.proxies import from_environment
from gate.evidence.image.reading import Reader
from gate.evidence.image.reference import Reference
from gate.evidence.image.registry_auth import Credential, Keychain
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.source import PlatformImage, Resolved
from gate.evidence.image.transport import Transport, TransportLimits
from gate.evidence.kubernetes.cluster import ClusterApi
from gate.settings.images import hosts_of
from gate.store import FileStore, MemoryStore, Store
from gate.webhook.evidence import EvidenceProvider, FactStore, Outage, ProviderSettings, Read
from gate.webhook.metrics import Metrics
from gate.webhook.policy import Loaded, PolicyInForce
from gate.webhook.reader import Opener, RegistryReader
from gate.webhook.tracing import OFF, Tracing

_log = logging.getLogger("gate.webhook.assemble")

QUICK = TransportLimits(connect=2.0, document=3.0, patience=0.5, tries=2)
"""For the question a review waits for: what a name stands for now."""

PATIENT = TransportLimits(patience=30.0)
"""For reading, which goes on when the review does not wait for it any more."""

_OUT_OF_ORDER = frozenset({"unreachable", "timeout", "rate-limited", "protocol"})


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """What the command line says. ``docker_config``: a folder with config.json; else the user's own files.

    ``provider_config`` and ``provider_dir`` are the kubelet's ``--image-credential-provider-config`` and ``-bin-dir``.
    ``cache``: a folder for what is known of layers, of at most ``cache_size`` bytes; null keeps it in memory.
    """

    workers: int = 2
    docker_config: Path | None = None
    provider_config: Path | None = None
    provider_dir: Path | None = None
    secret_namespaces: tuple[str, ...] = ()
    outage: Outage = "last-known"
    environ: Mapping[str, str] = field(default_factory=dict)
    home: Path = Path()
    cache: Path | None = None
    cache_size: int = 128 << 20


async def make_provider(
    policy: PolicyInForce,
    options: ReaderOptions,
    store: FactStore | None,
    metrics: Metrics,
    cluster: ClusterApi | None,
    stack: AsyncExitStack,
    tracing: Tracing = OFF,
) -> EvidenceProvider:
    """The evidence provider for the policy in force, which follows every later one. ``stack`` ends what it is made of.

    Raises `SettingsError` where credential plugins or proxies are not as they should be.
    """
    parts = _parts(options, cluster, tracing)
    stack.push_async_callback(parts.pool.close)
    for transport in (parts.quick, parts.patient):
        stack.push_async_callback(transport.close)
    provider = EvidenceProvider(parts.reader(policy.loaded), store, parts.settings(policy.loaded), metrics, tracing)
    stack.push_async_callback(provider.close)
    policy.subscribe(lambda loaded: provider.use(parts.reader(loaded), parts.settings(loaded)))
    return provider


@dataclass(frozen=True, slots=True)
class _Parts:
    """What outlives a policy."""

    options: ReaderOptions
    cluster: ClusterApi | None
    pool: Pool
    quick: Transport
    patient: Transport
    own: Keychain
    layers: Store
    tracing: Tracing

    def reader(self, loaded: Loaded) -> RegistryReader:
        """How images are reached under a policy."""
        written = loaded.settings.written
        return RegistryReader(
            self.quick,
            self.patient,
            Registries(written.registries, written.root, folders(self.options.environ, self.options.home)),
            _Analysis(self.pool, self.layers, loaded),
            own=self.own,
            cluster=self.cluster,
            secret_namespaces=self.options.secret_namespaces,
            limits=bounds_of(written.limits).documents,
            tracing=self.tracing,
        )

    def settings(self, loaded: Loaded) -> ProviderSettings:
        """What may be asked, and what facts rest on, under a policy."""
        hosts = hosts_of(loaded.settings)
        return ProviderSettings(
            hosts=hosts,
            context=context_of(loaded, hosts),
            outage=self.options.outage,
            secret_namespaces=self.options.secret_namespaces,
            readers=max(2, self.options.workers * 2),
        )


def _parts(options: ReaderOptions, cluster: ClusterApi | None, tracing: Tracing) -> _Parts:
    proxies = from_environment(options.environ)
    if options.docker_config is not None:
        files = [options.docker_config / "config.json"]
    else:
        files = config_files(options.environ, options.home)
    keychains: list[Keychain] = [FreshKeychain(files, options.environ)]
    if options.provider_config is not None:
        plugins = load_providers(options.provider_config, options.provider_dir or options.provider_config.parent)
        keychains.append(PluginKeychain(plugins, _without_own(options.environ)))
    return _Parts(
        options=options,
        cluster=cluster,
        pool=Pool(options.workers),
        quick=Transport(limits=QUICK, proxies=proxies, notice=_notice),
        patient=Transport(limits=PATIENT, proxies=proxies, notice=_notice),
        own=SeveralKeychains(keychains),
        layers=_layer_store(options),
        tracing=tracing,
    )


def _without_own(environ: Mapping[str, str]) -> dict[str, str]:
    """What programs that know credentials are given: the secrets of gate's own variables are none of their business."""
    return {name: value for name, value in environ.items() if not name.startswith(("GATE_", "OTEL_"))}


def _notice(text: str) -> None:
    _log.warning("a registry will soon refuse requests", extra={"notice": text})


def _layer_store(options: ReaderOptions) -> Store:
    if options.cache is not None:
        try:
            return FileStore(options.cache / "webhook", options.cache_size)
        except StoreError as error:
            _log.warning("facts of layers are kept in memory only", extra={"error": str(error)})
    return MemoryStore()


class FreshKeychain:
    """Docker's configuration files, read again when one of them changes: a mounted Secret is replaced as a whole."""

    def __init__(self, files: Sequence[Path], environ: Mapping[str, str]) -> None:
        self._files = list(files)
        self._environ = _without_own(environ)
        self._seen: object = None
        self._chain = DockerKeychain([], self._environ)

    async def credentials(self, name: str) -> Sequence[Credential]:
        """Those that may open ``registry/repository`` now."""
        seen = [_stamp(path) for path in self._files]
        if seen != self._seen:
            self._seen = seen
            self._chain = DockerKeychain(self._files, self._environ)
        known = len(self._chain.problems)
        found = await self._chain.credentials(name)
        for problem in self._chain.problems[known:]:
            _log.warning("credentials cannot be read", extra={"problem": problem})
        return found


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


# --- what settings say -----------------------------------------------------------------------------------------


def context_of(loaded: Loaded, hosts: frozenset[str]) -> str:
    """A short digest of what facts rest on besides the image: the code that reads and its bounds, the lock, what may
    be asked.

    Levels and exemptions are not among it, so that changing them does not make every image be read again.
    """
    rows = msgspec.json.encode(loaded.settings.written.known_bases).decode()
    bounds = msgspec.json.encode(bounds_of(loaded.settings.written.limits)).decode()
    parts = [facts_of.VERSION, layers_of.VERSION, bounds, loaded.lock_digest or "", rows, *sorted(hosts)]
    return "v1-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


class _Analysis:
    """Evidence of one image: its layers in worker processes, its lineage from the lock and allowed registries."""

    def __init__(self, pool: Pool, layers: Store, loaded: Loaded) -> None:
        self._pool = pool
        self._layers = layers
        self._lock = loaded.lock
        self._table = TableLookup(loaded.settings.written.known_bases)
        self._hosts = hosts_of(loaded.settings)
        self._limits = bounds_of(loaded.settings.written.limits).image

    async def __call__(self, source: RegistrySource, opener: Opener) -> Read:
        failures: list[str] = []
        bases = Bases(
            lock=self._lock,
            table=self._table,
            open=lambda reference: _Watched(opener, reference, failures),
            hosts=self._hosts,
        )
        reader = Reader(self._pool, bases, self._layers, limits=self._limits)
        found = await reader.read(source, source.reference.normalized)
        unread = any("unknown" in (one.facts.shell.state, one.facts.filesystem.state) for one in found)
        return Read(found, lasting=not failures and not unread)


class _Watched(RegistrySource):
    """A claimed base. A registry out of order proves nothing either way, so what follows from that is not kept."""

    def __init__(self, opener: Opener, reference: Reference, failures: list[str]) -> None:
        super().__init__(opener(), reference)
        self._failures = failures

    async def resolve(self) -> Resolved:
        """As `RegistrySource.resolve`."""
        try:
            return await super().resolve()
        except RegistryError as error:
            self._note(error)
            raise

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        """As `RegistrySource.images`."""
        try:
            return await super().images(platform)
        except RegistryError as error:
            self._note(error)
            raise

    def _note(self, error: RegistryError) -> None:
        if error.reason in _OUT_OF_ORDER:
            self._failures.append(str(error))
