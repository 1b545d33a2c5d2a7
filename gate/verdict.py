"""The verdict: the one place, for every checkpoint, where findings become pass, deny or undecided.

The table it implements is section "Verdicts and exit codes" of docs/architecture.md; every row is a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from gate.errors import UsageError
from gate.finding import Failure, Finding, Level, Result, Run, Verdict
from gate.settings.model import LEVELS, Stance

Status = Literal["violation", "undecided"]
Effect = Literal["deny", "undecided", "warn", "exempt", "known", "none"]

STRICT = Stance()


def weigh(
    level: Level, status: Status, *, state: str = "known", stance: Stance = STRICT, at_most: Level | None = None
) -> tuple[Level, Status]:
    """What a finding does in an environment: its level and status once the stance on doubt is applied.

    ``state`` is that of the facts it rests on; ``at_most`` is a cap the finding itself brings.
    """
    if at_most is not None:
        level = _weaker(level, at_most)
    if status == "violation" and state == "assumed" and stance.assumed == "undecided":
        status = "undecided"
    if status == "undecided":
        level = _weaker(level, stance.undecided)
    return level, status


def _weaker(one: Level, other: Level) -> Level:
    return LEVELS[min(LEVELS.index(one), LEVELS.index(other))]


def effect(finding: Finding) -> Effect:
    """What a finding does to its subject; ``exempt`` and ``known`` (in the baseline) ones are shown and do nothing."""
    if finding.exemption is not None:
        return "exempt"
    if finding.baseline:
        return "known"
    if finding.level == "deny":
        return "deny" if finding.status == "violation" else "undecided"
    return "warn" if finding.level == "warn" else "none"


def of_findings(findings: Iterable[Finding]) -> Verdict:
    """The verdict on one subject."""
    effects = {effect(finding) for finding in findings}
    return "deny" if "deny" in effects else "undecided" if "undecided" in effects else "pass"


def of_results(results: Sequence[Result], failures: Sequence[Failure] = ()) -> Verdict:
    """The verdict on a run: deny, then undecided, then pass. What could not be read, or nothing at all, is no pass."""
    verdicts = {result.verdict for result in results}
    if "deny" in verdicts:
        return "deny"
    return "pass" if verdicts == {"pass"} and not failures else "undecided"


def exit_code(run: Run, *, exit_zero: bool = False, fail_on: Literal["deny", "warn"] = "deny") -> int:
    """The exit code of a run; where several hold: 5, 2, 1, 3, 4, 0.

    ``exit_zero`` is for findings only: targets that cannot be read, and a folder without any, still fail.
    """
    if any(failure.internal for failure in run.failures):
        return 5
    if run.failures:
        return 2
    nothing = 4 if run.empty or not run.results else 0
    if exit_zero or not run.results:
        return nothing
    verdicts = {result.verdict for result in run.results}
    if "deny" in verdicts:
        return 1
    if fail_on == "warn" and any(effect(finding) == "warn" for result in run.results for finding in result.findings):
        return 1
    return 3 if "undecided" in verdicts else nothing


class _Old(msgspec.Struct):
    fingerprint: str
    exemption: Any = None


class _OldResult(msgspec.Struct):
    findings: list[_Old]


class _OldReport(msgspec.Struct):
    version: str
    results: list[_OldResult]


def baseline(report: bytes, where: str) -> frozenset[str]:
    """The fingerprints of an earlier JSON report; its exempted findings are not among them, for exemptions end.

    Raises `UsageError` where ``report`` is no such report; ``where`` names it.
    """
    try:
        old = msgspec.json.decode(report, type=_OldReport)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "write one with: gate check -o json=REPORT.json"
        raise UsageError(f"is not a report of gate check: {error}", where=where, hint=hint) from None
    findings = [finding for result in old.results for finding in result.findings]
    return frozenset(one.fingerprint for one in findings if one.exemption is None)
