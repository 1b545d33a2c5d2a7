"""The policy in force: settings, rules and engine, loaded together, replaced together, never half.

A bundle or gate.yaml that does not load keeps the last good one, and says so. Where an OPA answers, a new policy is in
force only once OPA holds its revision; until then a review is answered by whichever revision OPA has.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gate import lock as lock_of
from gate import settings as settings_of
from gate.bundle.archive import tarball
from gate.bundle.load import Bundle
from gate.bundle.load import load as load_bundle
from gate.engine.opa import OpaEngine
from gate.errors import EngineProtocolError, GateError, PolicyError, SettingsError, UsageError
from gate.evidence.kubernetes.containers import unknown_facts
from gate.evidence.kubernetes.workloads import custom_resources
from gate.evidence.model import Evidence, Subject, Workload
from gate.exemptions import Exemptions
from gate.judge import Judge
from gate.lock import Lock
from gate.settings import Settings
from gate.settings.files import UnreadableError, read_regular
from gate.settings.images import vendors_of
from gate.webhook.admission import AdmissionPolicy, Rollout
from gate.webhook.metrics import Metrics
from gate.webhook.opa_bundle import BundleServer
from gate.webhook.remember import RememberingEngine, ReportMemory
from gate.webhook.tracing import OFF, Tracing, traced

_log = logging.getLogger("gate.webhook.policy")
_LARGEST_LOCK = 32 << 20

OPA_REMEMBERED = 5.0
"""Seconds for which what OPA said of a document is said again without asking."""


@dataclass(frozen=True, slots=True)
class PolicySources:
    """Where a policy comes from, and how it is enforced. ``opa_url`` null means in process.

    ``guarded_label``: the label of namespaces whose changes the webhook configuration asks gate about.
    """

    config: Path | None
    folder: Path
    policies: tuple[Path, ...] = ()
    opa_url: str | None = None
    opa_seconds: float = 2.0
    rollout: Rollout = "enforce"
    templates: Rollout = "warn"
    self_test: str | None = None
    guarded_label: str | None = None


@dataclass(slots=True)
class Loaded:
    """One policy, whole. ``digest`` is of everything it was made of."""

    bundle: Bundle
    settings: Settings
    admission: AdmissionPolicy
    lock: Lock | None
    lock_digest: str | None
    digest: str
    day: dt.date
    judge: Judge
    engine: OpaEngine | RememberingEngine
    memory: ReportMemory | None = None

    @property
    def opa(self) -> OpaEngine | None:
        """The OPA that answers, where one does."""
        return self.engine if isinstance(self.engine, OpaEngine) else None

    async def close(self) -> None:
        """End the engine, or the connections to it."""
        if isinstance(self.engine, OpaEngine):
            await self.engine.close_async()
        else:
            await asyncio.to_thread(self.engine.close)


class PolicyInForce:
    """Loads, reloads, and judges with what is in force."""

    def __init__(
        self,
        sources: PolicySources,
        metrics: Metrics,
        today: Callable[[], dt.date],
        bundles: BundleServer | None,
        tracing: Tracing = OFF,
    ) -> None:
        self._sources = sources
        self._metrics = metrics
        self._today = today
        self._tracing = tracing
        self._bundles = bundles
        self._current: Loaded | None = None
        self._next: Loaded | None = None
        self._retired: list[Loaded] = []
        self._opa_said = ""
        self._subscribers: list[Callable[[Loaded], Awaitable[None]]] = []
        self.problem: str | None = None
        self.ready = False

    @property
    def loaded(self) -> Loaded:
        """What is in force; `PolicyError` before the first load."""
        if self._current is None:
            raise PolicyError("no policy is loaded")
        return self._current

    def subscribe(self, changed: Callable[[Loaded], Awaitable[None]]) -> None:
        """Call ``changed`` with every policy that comes into force from now on."""
        self._subscribers.append(changed)

    async def start(self) -> None:
        """Load for the first time; raises `GateError` where that fails. With OPA, `poll` makes it ready."""
        loaded = await asyncio.to_thread(self._load)
        await self._publish(loaded)
        self._current = loaded
        if self._sources.config is None:  # where the settings were found is known from here on
            loaded.digest = await asyncio.to_thread(self._fingerprint)
        self.ready = loaded.opa is None
        self._metrics.set_policy(loaded.bundle.revision)

    async def poll(self) -> None:
        """Look for changes; a policy that does not load is reported, and the last good one stays."""
        retired, self._retired = self._retired, []
        for old in retired:  # no review that began under it is still unanswered
            await old.close()
        try:
            await self._look()
            self.problem = None
            self._metrics.reload_failed.set(0)
        except GateError as error:
            if self.problem != str(error):
                self._metrics.reload_failures.inc()
                _log.error("the new policy does not load; the last good one stays", extra={"error": str(error)})
            self.problem = str(error)
            self._metrics.reload_failed.set(1)
        await self._promote()

    async def _look(self) -> None:
        """Load what changed; a policy that waits for OPA gives way to a newer one."""
        newest = self._next or self.loaded
        if await asyncio.to_thread(self._fingerprint) == newest.digest and newest.day == self._today():
            return
        newer = await asyncio.to_thread(self._load)
        await self._publish(newer)
        self._next, waiting = newer, self._next
        if waiting is not None:
            self._retired.append(waiting)

    async def _promote(self) -> None:
        """Put the next policy in force once its engine answers with its revision."""
        waiting = self._next or self.loaded
        if waiting.opa is not None:
            try:
                await waiting.opa.check_async()
            except GateError as error:
                between = isinstance(error, EngineProtocolError) and self._next is not None
                self.ready = self.ready and between
                if waiting.memory is not None:
                    waiting.memory.clear()
                if self._opa_said != str(error):
                    _log.warning("OPA does not hold the policy yet", extra={"error": str(error)})
                self._opa_said = str(error)
                return
        self._opa_said = ""
        self.ready = True
        if self._next is not None:
            old, self._current, self._next = self._current, self._next, None
            self._metrics.set_policy(self.loaded.bundle.revision)
            for changed in self._subscribers:
                await changed(self.loaded)
            _log.info("a new policy is in force", extra={"revision": self.loaded.bundle.revision})
            if old is not None:
                self._retired.append(old)

    def candidates(self) -> Sequence[Loaded]:
        """The policy in force, and the one that OPA may hold already; a review is answered by one of them, whole."""
        return [self.loaded] if self._next is None else [self.loaded, self._next]

    @property
    def settled(self) -> bool:
        """Whether the newest policy is in force and its engine answers."""
        return self.ready and self._next is None

    def missing(self) -> list[str]:
        """What keeps the policy from being ready. A reload that failed only matters to a process that is new."""
        if self._current is None:
            return ["no policy is loaded"]
        return [] if self.ready else ["OPA does not answer with our policy's revision"]

    async def close(self) -> None:
        """End the engines."""
        for loaded in (self._current, self._next, *self._retired):
            if loaded is not None:
                await loaded.close()

    async def _publish(self, loaded: Loaded) -> None:
        if self._bundles is not None:
            await self._bundles.publish(await asyncio.to_thread(tarball, loaded.bundle), loaded.bundle.revision)

    def _load(self) -> Loaded:
        sources = self._sources
        digest = self._fingerprint()
        bundle = load_bundle(sources.policies)
        if bundle.custom_modules and sources.opa_url is None:
            raise UsageError(
                "custom policies run in the webhook only with OPA",
                hint="use --engine opa, or judge with the shipped rules",
            )
        if bundle.custom_modules:
            _check_custom(bundle)
        settings = settings_of.load(
            start=sources.folder, catalogue=bundle.catalogue, defaults=bundle.defaults, path=sources.config
        )
        _check_guard(settings, sources.guarded_label)
        lock, lock_digest = _lock(settings)
        today = self._today()
        opa = OpaEngine(sources.opa_url, bundle.revision, seconds=sources.opa_seconds) if sources.opa_url else None
        engine = opa or _regorus(bundle)
        noted = {"gate.engine": engine.name, "gate.policy.revision": bundle.revision}
        ask = traced(self._tracing, "gate.engine", noted, engine.evaluate_async)
        memory = ReportMemory(ask, seconds=OPA_REMEMBERED) if opa else None
        judge = Judge(
            catalogue=bundle.catalogue,
            engine=engine,
            settings=settings,
            exemptions=Exemptions(settings.written.exemptions, today),
            evaluate_async=memory.evaluate if memory else ask,
        )
        if isinstance(engine, RememberingEngine):
            try:
                _try_out(judge, settings)
            except GateError:
                engine.close()
                raise
        admission = AdmissionPolicy(
            environment_of=settings.of_namespace,
            labelled=frozenset(one.name for one in settings.written.environments if one.labels),
            label=settings.written.environment_label,
            revision=bundle.revision,
            rollout=sources.rollout,
            templates=sources.templates,
            pending=lambda environment: settings.stance(environment).evidence_pending,
            custom=custom_resources(settings.written),
            self_test=sources.self_test,
            vendor=vendors_of(settings),
        )
        return Loaded(bundle, settings, admission, lock, lock_digest, digest, today, judge, engine, memory)

    def _fingerprint(self) -> str:
        """A digest of every file the policy is made of, so that a change of any is seen."""
        hasher = hashlib.sha256()
        for path in self._files():
            try:
                hasher.update(f"{path}\0".encode() + path.read_bytes())
            except OSError as error:
                raise PolicyError(f"cannot be read: {error.strerror}", where=str(path)) from error
        return hasher.hexdigest()

    def _files(self) -> Sequence[Path]:
        sources = self._sources
        found = [path for folder in sources.policies for path in sorted(folder.rglob("*.rego"))]
        config = sources.config or (self._current.settings.written.path if self._current else None)
        if config is not None:
            found.append(config)
            beside = config.parent / "gate.lock"
            found += [beside] if beside.exists() else []
        return found


def _check_guard(settings: Settings, guarded: str | None) -> None:
    """Refuse environments by a label that anybody may set: `SettingsError`."""
    label = settings.written.environment_label
    if label is None or label.key == guarded:
        return
    asked = f"only {guarded}" if guarded else "none"
    raise SettingsError(
        f"environments are chosen by the label {label.key}, and changes of it are not guarded",
        where=str(settings.written.path),
        hint=f"the webhook configuration guards {asked}; charts/gate guards what settings.environment_label names, and "
        "says so with --guarded-label",
    )


def _check_custom(bundle: Bundle) -> None:
    """Compile custom policies, and refuse calls that reach the network or the clock, before OPA is given them.

    Raises `PolicyError` with file and line.
    """
    from gate.engine.paths import Typed
    from gate.engine.regorus import RegorusEngine

    typed = Typed(bundle.native, bundle.schema) if bundle.native else None
    RegorusEngine(
        bundle.modules, bundle.revision, custom=bundle.custom_modules, builtins=bundle.builtins, typed=typed
    ).close()


def _try_out(judge: Judge, settings: Settings) -> None:
    """Judge a container of which nothing is known, so that rules which do not compile are not found by a review."""
    workload = Workload(kind="Pod", namespace="", name=None, labels={}, container="c", role="container")
    blank = Evidence(
        kind="container", subject=Subject(name="c"), facts=unknown_facts("nothing is known"), workload=workload
    )
    for environment in dict.fromkeys([settings.of_namespace(""), *settings.names]):
        judge.judge(blank, environment)


def _regorus(bundle: Bundle) -> RememberingEngine:
    from gate.engine.regorus import RegorusEngine

    return RememberingEngine(lambda: RegorusEngine(bundle.modules, bundle.revision, triggers=bundle.triggers))


def _lock(settings: Settings) -> tuple[Lock | None, str | None]:
    """The lock beside the settings, and a digest of it."""
    path = settings.written.root / "gate.lock"
    try:
        data = read_regular(path, _LARGEST_LOCK)
        return lock_of.load(data, str(path)), hashlib.sha256(data).hexdigest()
    except UnreadableError as error:
        if error.missing:
            return None, None
        raise PolicyError(f"gate.lock cannot be read: {error}", where=str(path)) from None
