"""An engine that remembers its answers: the Pods of one ReplicaSet are the same document again and again.

The same document and revision always give the same report, so a bounded memory of reports changes no verdict.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from gate.engine.protocol import Engine, RawReport


class RememberingEngine:
    """Wraps an engine; keeps the newest ``size`` reports by the digest of their document."""

    def __init__(self, engine: Engine, size: int = 4_000) -> None:
        self._engine = engine
        self._size = size
        self._reports: OrderedDict[bytes, RawReport] = OrderedDict()
        self.name = engine.name
        self.revision = engine.revision

    def evaluate(self, document: bytes) -> RawReport:
        """The report for a document; rules that failed are asked again."""
        key = hashlib.sha256(document).digest()
        known = self._reports.get(key)
        if known is not None:
            self._reports.move_to_end(key)
            return known
        report = self._engine.evaluate(document)
        if not any((finding.reason or "").startswith("rule-error") for finding in report.findings):
            self._reports[key] = report
            if len(self._reports) > self._size:
                self._reports.popitem(last=False)
        return report

    def close(self) -> None:
        """End the engine."""
        self._engine.close()
