"""Engines whose answers are remembered: the Pods of one ReplicaSet are one document.

The same document and revision always give the same report, so a bounded memory of reports changes no verdict. What an
OPA said is kept for seconds only, and not beyond the moment it stops answering. The engine in process belongs to the
thread that made it, so it is made, asked and dropped there; the event loop waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from gate.engine.protocol import Engine, RawReport


class ReportMemory:
    """The newest ``size`` reports by the digest of their document, each for at most ``seconds`` (null: for good)."""

    def __init__(
        self, ask: Callable[[bytes], Awaitable[RawReport]], *, seconds: float | None = None, size: int = 4_000
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._size = size
        self._reports: OrderedDict[bytes, tuple[float, RawReport]] = OrderedDict()

    async def evaluate(self, document: bytes) -> RawReport:
        """The report for a document; rules that failed are asked again."""
        key = hashlib.sha256(document).digest()
        now = asyncio.get_running_loop().time()
        until, known = self._reports.get(key, (0.0, None))
        if known is not None and now < until:
            self._reports.move_to_end(key)
            return known
        report = await self._ask(document)
        if not any((finding.reason or "").startswith("rule-error") for finding in report.findings):
            self._reports[key] = (math.inf if self._seconds is None else now + self._seconds, report)
            self._reports.move_to_end(key)
            if len(self._reports) > self._size:
                self._reports.popitem(last=False)
        return report

    def clear(self) -> None:
        """Forget everything."""
        self._reports.clear()


class RememberingEngine:
    """The engine that ``make`` makes, in a thread of its own, with a memory."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._memory = ReportMemory(self._in_thread)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._engine: Engine | None = None
        self.name, self.revision = self._thread.submit(self._make, make).result()

    def evaluate(self, document: bytes) -> RawReport:
        """The report for a document, waiting for it; not on an event loop."""
        return self._thread.submit(self._ask, document).result()

    async def evaluate_async(self, document: bytes) -> RawReport:
        """The report for a document."""
        return await self._memory.evaluate(document)

    async def _in_thread(self, document: bytes) -> RawReport:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, document)

    def close(self) -> None:
        """End the engine, where it was made."""
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=True)

    def _make(self, make: Callable[[], Engine]) -> tuple[str, str]:
        self._engine = make()
        return self._engine.name, self._engine.revision

    def _ask(self, document: bytes) -> RawReport:
        if self._engine is None:
            raise RuntimeError("the engine is closed")
        return self._engine.evaluate(document)

    def _drop(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None
