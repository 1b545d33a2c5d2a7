"""An engine in a thread of its own that remembers its answers: the Pods of one ReplicaSet are one document.

The same document and revision always give the same report, so a bounded memory of reports changes no verdict. The
engine in process belongs to the thread that made it, so it is made, asked and dropped there; the event loop waits.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gate.engine.protocol import Engine, RawReport


class RememberingEngine:
    """Wraps the engine that ``make`` makes; keeps the newest ``size`` reports by the digest of their document."""

    def __init__(self, make: Callable[[], Engine], size: int = 4_000) -> None:
        self._size = size
        self._reports: OrderedDict[bytes, RawReport] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._engine: Engine | None = None
        self.name, self.revision = self._thread.submit(self._make, make).result()

    def evaluate(self, document: bytes) -> RawReport:
        """The report for a document, waiting for it; not on an event loop."""
        return self._thread.submit(self._ask, document).result()

    async def evaluate_async(self, document: bytes) -> RawReport:
        """The report for a document; rules that failed are asked again."""
        key = hashlib.sha256(document).digest()
        known = self._reports.get(key)
        if known is not None:
            self._reports.move_to_end(key)
            return known
        report = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, document)
        if not any((finding.reason or "").startswith("rule-error") for finding in report.findings):
            self._reports[key] = report
            if len(self._reports) > self._size:
                self._reports.popitem(last=False)
        return report

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
