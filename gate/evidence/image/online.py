"""Bases asked about while a Dockerfile is judged (``--online``): registries, behind the same lookup as the lock.

Only registries that gate.yaml names are asked: what a pull request writes into a FROM must not make a build server
send traffic, or credentials, to a host of its choice. An image that cannot be read is not known, and the reason kept.
"""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from gate.errors import GateError
from gate.evidence.bases import BaseImage, BaseLookup, LockLookup
from gate.evidence.image.limits import ImageLimits
from gate.evidence.image.locking import lock_base, name_in_lock
from gate.evidence.image.pool import Pool
from gate.evidence.image.reference import Reference
from gate.evidence.image.sources import Sources
from gate.lock import Lock, LockedBase
from gate.store import Store

__all__ = ["OnlineLookup"]


class OnlineLookup:
    """Reads bases from registries when a Dockerfile names them; each image and platform once.

    ``hosts`` are the registries that may be asked; ``unless`` is a lookup that knows enough by itself. Requests run on
    a thread of their own, so that a lookup is an ordinary call. ``problems``: what could not be read, and why.
    """

    def __init__(
        self,
        make_sources: Callable[[], Sources],
        *,
        hosts: frozenset[str],
        today: datetime.date,
        jobs: int = 2,
        store: Store | None = None,
        limits: ImageLimits | None = None,
        unless: BaseLookup | None = None,
    ) -> None:
        self.problems: list[str] = []
        self._unless = unless
        self._make_sources = make_sources
        self._hosts = hosts
        self._today = today
        self._jobs = jobs
        self._store = store
        self._limits = limits
        self._answers: dict[tuple[str, str], LockedBase | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._sources: Sources | None = None
        self._pool: Pool | None = None

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        """What the registry has, as ``known``; null where it may not be asked or cannot be read."""
        if reference.registry not in self._hosts:
            return None
        if self._unless is not None and self._unless.lookup(reference, platform) is not None:
            return None
        key = name_in_lock(reference), platform
        if key not in self._answers:
            self._answers[key] = self._ask(reference, platform)
        base = self._answers[key]
        return LockLookup(Lock(bases=[base])).lookup(reference, platform) if base is not None else None

    def close(self) -> None:
        """End the thread and its connections."""
        if self._loop is None or self._thread is None:
            return
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def _ask(self, reference: Reference, platform: str) -> LockedBase | None:
        try:
            base: LockedBase = self._run(self._read(reference, platform))
            return base
        except GateError as error:
            self.problems.append(f"{reference.normalized}: {error.message}")
            return None

    async def _read(self, reference: Reference, platform: str) -> LockedBase:
        if self._sources is None:
            self._sources = self._make_sources()
        if self._pool is None:
            self._pool = Pool(self._jobs)
        source = self._sources.registry(reference)
        try:
            return await lock_base(
                source,
                reference,
                pool=self._pool,
                today=self._today,
                platform=platform,
                store=self._store,
                limits=self._limits,
            )
        finally:
            await source.close()

    async def _end(self) -> None:
        if self._pool is not None:
            await self._pool.close()
        if self._sources is not None:
            await self._sources.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=loop.run_forever, name="gate-online", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
