"""What an engine is: a document in, a report of the policy's revision out.

The document is ``{"evidence": ..., "parameters": {rule: {...}}, "rules": {rule: {"needs": [...], "settled_on": [...],
"kinds": [...]}}}`` as JSON bytes. The report is ``data.gate.main.report``.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

Status = Literal["violation", "undecided"]


class RawFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding as Rego reports it. ``origin`` is an evidence origin (tagged by ``kind``) or null.

    ``state`` is the worst state among the facts the rule needs; ``certain`` findings hold whatever is unknown.
    ``reason`` says why a rule is undecided (the fact's reason, or ``rule-error: ...``).
    """

    rule: str
    status: Status
    message: str
    state: Literal["known", "assumed", "unknown"] = "known"
    origin: dict[str, Any] | None = None
    certain: bool = False
    reason: str | None = None
    fix: str | None = None
    level: Literal["deny", "warn"] | None = None


class Assumption(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that found nothing, resting on an assumed fact."""

    rule: str
    reason: str


class RawReport(msgspec.Struct, frozen=True, kw_only=True):
    """All rules' answers about one document. ``settled_later``: rules only a later checkpoint can settle."""

    findings: list[RawFinding] = []
    settled_later: list[str] = []
    assumed: list[Assumption] = []


class Engine(Protocol):
    """One way to evaluate Rego. Implementations raise `gate.errors.EngineError` and never return a partial report."""

    name: str
    revision: str

    def evaluate(self, document: bytes) -> RawReport:
        """Judge one document; safe to call again and again, not from several threads at once."""
        ...

    def close(self) -> None:
        """End what the engine started."""
        ...
