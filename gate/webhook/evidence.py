"""Evidence about images for admission: from memory, a shared store, or a first reading that may take longer.

A registry is asked only if settings name its host; a tag is resolved once a minute at most; cached facts answer only
for someone who could read the image; one digest is read once however many ask; reading goes on behind a bounded queue
when the review cannot wait for it. A registry that is down does not block what is already known.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from gate.errors import GateError, ReferenceError_, RegistryError, StoreError
from gate.evidence.image.endpoints import may_ask
from gate.evidence.image.reference import Reference, parse
from gate.evidence.model import Evidence
from gate.webhook.admission import Missing, Pull
from gate.webhook.metrics import Metrics
from gate.webhook.tracing import OFF, Tracing

_log = logging.getLogger("gate.webhook.evidence")

Outage = Literal["last-known", "refuse"]


@dataclass(frozen=True, slots=True)
class Read:
    """What reading an image gave. ``lasting``: it would give the same again, so that it may be kept and shared."""

    evidence: list[Evidence]
    lasting: bool = True


class ImageReader(Protocol):
    """How images are reached; both raise `RegistryError` (or another `GateError`)."""

    async def resolve(self, reference: Reference, pull: Pull) -> str:
        """The digest that the reference names now, for someone who may read it: one authorized HEAD."""
        ...

    async def read(self, reference: Reference, digest: str, pull: Pull) -> Read:
        """Evidence for every runnable platform; reads layers in worker processes."""
        ...


class FactStore(Protocol):
    """Facts that outlive this process. Both raise `StoreError`, which costs a second reading and no verdict."""

    async def get(self, key: str) -> bytes | None:
        """The bytes stored under ``key``, checked; None where there are none."""
        ...

    async def put(self, key: str, value: bytes, *, reference: str) -> None:
        """Store; ``reference`` is a name for people."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """``hosts``: registries that may be asked. Times in seconds. ``context`` names what facts depend on besides the
    image (version of the reading code, lock, approved images). ``wait``: share of a deadline given to reading, and
    ``ask`` to the question what a name stands for. ``secret_namespaces``: where pods' own pull secrets count ("*" for
    all); elsewhere everyone asks with gate's credentials, and one answer serves all."""

    hosts: frozenset[str]
    context: str
    outage: Outage = "last-known"
    secret_namespaces: tuple[str, ...] = ("*",)
    tag_ttl: float = 60.0
    access_ttl: float = 3_600.0
    negative_ttl: float = 20.0
    resolve_timeout: float = 1.5
    read_timeout: float = 300.0
    wait: float = 0.8
    ask: float = 0.5
    passing_ttl: float = 600.0
    queue: int = 200
    readers: int = 4
    memory: int = 5_000


Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most ``size`` values, each for its own time; the least recently used goes first."""

    def __init__(self, size: int, clock: Callable[[], float]) -> None:
        self._size = size
        self._clock = clock
        self._values: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The value, unless its time is over."""
        found = self._values.get(key)
        if found is None:
            return None
        if found[0] < self._clock():
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return found[1]

    def put(self, key: Key, value: Value, seconds: float) -> None:
        """Keep ``value`` for ``seconds``."""
        self._values[key] = (self._clock() + seconds, value)
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)


@dataclass(slots=True)
class _Reading:
    task: asyncio.Task[list[Evidence]]
    reference: Reference
    waiting: int = field(default=0)


class EvidenceProvider:
    """The `EvidenceSource` of the webhook; one per process and event loop."""

    def __init__(
        self,
        reader: ImageReader,
        store: FactStore | None,
        settings: ProviderSettings,
        metrics: Metrics,
        tracing: Tracing = OFF,
    ) -> None:
        self._reader = reader
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._tracing = tracing
        clock = asyncio.get_running_loop().time
        self._facts: Recent[str, list[Evidence]] = Recent(settings.memory, clock)
        self._tags: Recent[tuple[str, Pull], str] = Recent(settings.memory, clock)
        self._last: Recent[str, str] = Recent(settings.memory, clock)
        self._access: Recent[tuple[str, Pull], bool] = Recent(settings.memory, clock)
        self._failed: Recent[tuple[str, Pull], GateError] = Recent(1_000, clock)
        self._readings: dict[str, _Reading] = {}
        self._resolving: dict[tuple[str, Pull], asyncio.Task[str]] = {}
        self._slots = asyncio.Semaphore(settings.readers)

    async def __call__(self, image: str, pull: Pull) -> Sequence[Evidence] | Missing:
        """Evidence of ``image``, or why there is none now."""
        with self._tracing.span("gate.evidence", {}) as span:
            found = await self._find(image, pull)
            if isinstance(found, Missing):
                span.note({"gate.evidence": "pending" if found.pending else "missing"})
            elif self._tracing.on:
                digests = sorted({each.subject.digest for each in found if each.subject.digest})
                span.note({"gate.evidence": "known", "gate.digests": digests})
            return found

    async def _find(self, image: str, pull: Pull) -> Sequence[Evidence] | Missing:
        loop = asyncio.get_running_loop()
        started = loop.time()
        who = self._asker(pull)
        try:
            reference = parse(image)
            may_ask(reference, self._settings.hosts)
            digest = await self._digest(reference, who, pull.deadline)
            known = await self._known(digest)
            return known if known is not None else await self._read(reference, digest, who, pull.deadline)
        except ReferenceError_ as error:
            return Missing(f"the reference cannot be read: {error}")
        except GateError as error:
            if isinstance(error, RegistryError):
                self._metrics.registry_errors.labels(reason=error.reason).inc()
            return Missing(str(error))
        finally:
            self._metrics.evidence_seconds.observe(loop.time() - started)

    async def warm(self, images: Sequence[tuple[str, Pull]]) -> None:
        """Read images ahead of time; used by tests and at the start."""
        await asyncio.gather(*(self(image, pull) for image, pull in images))

    async def use(self, reader: ImageReader, settings: ProviderSettings) -> None:
        """Ask with another reader and other settings from now on; what is known by digest stays known."""
        changed = settings.hosts != self._settings.hosts
        self._reader, self._settings = reader, settings
        self._failed.clear()
        if changed:
            self._tags.clear()

    def _asker(self, pull: Pull) -> Pull:
        """Who asks, without when: the key that access is remembered by."""
        own = self._settings.secret_namespaces
        if "*" not in own and pull.namespace not in own:
            return Pull("")
        return Pull(pull.namespace, pull.secrets, pull.service_account)

    async def close(self) -> None:
        """Stop reading."""
        tasks = [*(reading.task for reading in self._readings.values()), *self._resolving.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- what a name stands for -------------------------------------------------------------------------------

    async def _digest(self, reference: Reference, who: Pull, deadline: float | None) -> str:
        """The digest, after one authorized request by this caller within the time that access is remembered."""
        name = reference.normalized
        if reference.digest is not None and self._access.get((name, who)):
            return reference.digest
        known = self._tags.get((name, who))
        if known is not None:
            return known
        failed = self._failed.get((name, who))
        if failed is not None:
            raise failed
        try:
            digest = await self._resolve_within(reference, who, deadline)
        except RegistryError as error:
            return await self._last_known(reference, who, error)
        self._tags.put((name, who), digest, self._settings.tag_ttl)
        self._access.put((name, who), True, self._settings.access_ttl)
        await self._remember(name, digest)
        return digest

    async def _resolve_within(self, reference: Reference, who: Pull, deadline: float | None) -> str:
        """Wait for the answer for this review's share of its time; the question itself goes on for others."""
        if deadline is None:
            return await self._resolve_once(reference, who)
        seconds = max(0.0, deadline - asyncio.get_running_loop().time()) * self._settings.ask
        try:
            async with asyncio.timeout(seconds):
                return await self._resolve_once(reference, who)
        except TimeoutError as error:
            raise _ImpatientError(reference, seconds) from error

    async def _resolve_once(self, reference: Reference, who: Pull) -> str:
        key = (reference.normalized, who)
        task = self._resolving.get(key)
        if task is None:
            task = asyncio.ensure_future(self._resolve(reference, who))
            self._resolving[key] = task
            task.add_done_callback(lambda _: self._resolving.pop(key, None))
        return await asyncio.shield(task)

    async def _resolve(self, reference: Reference, who: Pull) -> str:
        try:
            async with asyncio.timeout(self._settings.resolve_timeout):
                digest = await self._reader.resolve(reference, who)
        except TimeoutError as error:
            raise _NoAnswerError(reference, self._settings.resolve_timeout) from error
        if reference.digest is not None and digest != reference.digest:
            raise RegistryError("the registry names another digest than the one asked for", reason="digest")
        return digest

    async def _last_known(self, reference: Reference, who: Pull, error: RegistryError) -> str:
        """What was last known, where the registry is out of order; a refusal of it is never passed over."""
        name = reference.normalized
        out_of_order = error.reason in {"unreachable", "timeout", "rate-limited"}
        if out_of_order and self._settings.outage == "last-known":
            digest = reference.digest or self._last.get(name) or await self._recall(name)
            if digest is not None and await self._known(digest) is not None:
                self._metrics.cache.labels(source="outage").inc()
                return digest
        if not isinstance(error, _ImpatientError):
            self._failed.put((name, who), error, self._settings.negative_ttl if not out_of_order else 2.0)
        raise error

    async def _remember(self, name: str, digest: str) -> None:
        if self._last.get(name) == digest:
            return
        self._last.put(name, digest, 30 * 86_400.0)
        await self._save(f"tag/{name}", digest.encode(), name)

    async def _recall(self, name: str) -> str | None:
        stored = await self._load(f"tag/{name}")
        return stored.decode("ascii", "replace") if stored else None

    # --- facts ------------------------------------------------------------------------------------------------

    def _key(self, digest: str) -> str:
        return f"facts/{self._settings.context}/{digest}"

    async def _known(self, digest: str) -> list[Evidence] | None:
        key = self._key(digest)
        found = self._facts.get(key)
        if found is not None:
            self._metrics.cache.labels(source="memory").inc()
            return found
        stored = await self._load(key)
        if stored is None:
            return None
        try:
            found = msgspec.json.decode(stored, type=list[Evidence])
        except msgspec.DecodeError:
            return None
        self._metrics.cache.labels(source="store").inc()
        self._facts.put(key, found, 30 * 86_400.0)
        return found

    async def _read(
        self, reference: Reference, digest: str, who: Pull, deadline: float | None
    ) -> list[Evidence] | Missing:
        key = self._key(digest)
        reading = self._readings.get(key)
        if reading is None:
            failed = self._failed.get((digest, who))
            if failed is not None:
                raise failed
            if len(self._readings) >= self._settings.queue:
                return Missing(f"{len(self._readings)} images are waiting to be read", pending=True)
            task = asyncio.ensure_future(self._read_whole(reference, digest, who, key))
            reading = self._readings[key] = _Reading(task, reference)
            task.add_done_callback(lambda done: self._finished(key, digest, who, done))
            self._metrics.queue.set(len(self._readings))
        loop = asyncio.get_running_loop()
        left = None if deadline is None else max(0.0, (deadline - loop.time()) * self._settings.wait)
        done, _ = await asyncio.wait({reading.task}, timeout=left)
        if not done:
            return Missing("its layers are being read", pending=True)
        return reading.task.result()

    async def _read_whole(self, reference: Reference, digest: str, who: Pull, key: str) -> list[Evidence]:
        async with self._slots:
            try:
                async with asyncio.timeout(self._settings.read_timeout):
                    found = await self._reader.read(reference, digest, who)
            except TimeoutError as error:
                raise RegistryError(
                    f"reading its layers took over {self._settings.read_timeout:g} s", reason="timeout"
                ) from error
        self._metrics.cache.labels(source="read").inc()
        self._facts.put(key, found.evidence, 30 * 86_400.0 if found.lasting else self._settings.passing_ttl)
        if found.lasting:
            await self._save(key, msgspec.json.encode(found.evidence), reference.normalized)
        return found.evidence

    def _finished(self, key: str, digest: str, who: Pull, task: asyncio.Task[list[Evidence]]) -> None:
        self._readings.pop(key, None)
        self._metrics.queue.set(len(self._readings))
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, GateError):
            self._failed.put((digest, who), error, self._settings.negative_ttl)
        elif error is not None:
            _log.error("reading an image failed", exc_info=error, extra={"digest": digest})

    # --- the store: never decides a verdict ---------------------------------------------------------------------

    async def _load(self, key: str) -> bytes | None:
        if self._store is None:
            return None
        try:
            return await self._store.get(key)
        except StoreError as error:
            _log.warning("the store does not answer", extra={"error": str(error)})
            return None

    async def _save(self, key: str, value: bytes, reference: str) -> None:
        if self._store is None:
            return
        try:
            await self._store.put(key, value, reference=reference)
        except StoreError as error:
            _log.warning("the store takes nothing", extra={"error": str(error)})


class _NoAnswerError(RegistryError):
    """Nothing came within ``seconds``."""

    def __init__(self, reference: Reference, seconds: float) -> None:
        message = f"the registry did not answer within {seconds:.1f} s"
        super().__init__(message, reason="timeout", where=reference.registry)


class _ImpatientError(_NoAnswerError):
    """One review could not wait any longer, which says nothing of the registry."""
