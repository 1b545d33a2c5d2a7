"""What an engine is: a document in, a report of the policy's revision out.

The document is ``{"evidence": ..., "today": "2026-11-21", "parameters": {rule: {...}}, "rules": {rule: {"needs":
[...], "settled_on": [...], "kinds": [...]}}}`` as JSON bytes. The report is ``data.gate.main.report``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

import msgspec

from gate.errors import EngineError, EngineProtocolError

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


# --- what all engines share -------------------------------------------------------------------------------------


class _Rules(msgspec.Struct):
    rules: dict[str, Any]


def rule_ids(document: bytes) -> list[str]:
    """The rules a document asks for."""
    return list(msgspec.json.decode(document, type=_Rules).rules)


def restrict(document: bytes, ids: Iterable[str]) -> bytes:
    """The same document, asking for ``ids`` only."""
    parsed = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    rules = msgspec.json.decode(parsed["rules"], type=dict[str, msgspec.Raw])
    parsed["rules"] = msgspec.Raw(msgspec.json.encode({each: rules[each] for each in ids}))
    return msgspec.json.encode(parsed)


def decode(answer: str | bytes) -> RawReport:
    """The report in an engine's JSON, in an order of our own; raises `EngineProtocolError`.

    Rego's sets have no order that engines share.
    """
    try:
        return ordered(msgspec.json.decode(answer, type=RawReport))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EngineProtocolError(f"the policy's report is malformed: {error}") from None


def convert(answer: Any) -> RawReport:
    """As `decode`, from plain data."""
    try:
        return ordered(msgspec.convert(answer, RawReport))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise EngineProtocolError(f"the policy's report is malformed: {error}") from None


def ordered(report: RawReport) -> RawReport:
    """The same report with its findings by rule, place and message."""
    return RawReport(
        findings=sorted(report.findings, key=_key),
        settled_later=sorted(report.settled_later),
        assumed=sorted(report.assumed, key=lambda each: (each.rule, each.reason)),
    )


def _key(finding: RawFinding) -> tuple[Any, ...]:
    origin = finding.origin or {}
    line = origin.get("line")
    place = (line if isinstance(line, int) else 0, msgspec.json.encode(origin, order="deterministic"))
    return (finding.rule, finding.status, place, finding.message, finding.fix or "", finding.level or "")


def merge(reports: Sequence[RawReport]) -> RawReport:
    """Several reports over different rules as one."""
    if len(reports) == 1:
        return reports[0]
    return ordered(
        RawReport(
            findings=[finding for report in reports for finding in report.findings],
            settled_later=[rule for report in reports for rule in report.settled_later],
            assumed=[each for report in reports for each in report.assumed],
        )
    )


def each_on_its_own(ask: Callable[[bytes, list[str]], RawReport], document: bytes, ids: list[str]) -> RawReport:
    """Ask for all rules at once; if that fails, one by one, so that a broken rule spoils no other.

    A failing rule is undecided with the reason ``rule-error: ...``. `EngineError`s that no rule causes (an engine
    that is down, say) are not `EngineError` itself but one of its kinds, and pass through.
    """
    try:
        return ask(document, ids)
    except EngineError as error:
        if not blames_a_rule(error):
            raise
        if len(ids) == 1:
            return RawReport(findings=[rule_error(ids[0], error)])
    reports = [each_on_its_own(ask, restrict(document, [each]), [each]) for each in ids]
    return merge(reports)


def blames_a_rule(error: EngineError) -> bool:
    """Whether asking without one of the rules may help."""
    return type(error) is EngineError


def rule_error(rule: str, error: EngineError) -> RawFinding:
    """The finding that stands for a rule that failed."""
    return RawFinding(
        rule=rule,
        status="undecided",
        state="unknown",
        message=f"the rule failed: {error}",
        reason=f"rule-error: {error}",
    )
