"""The order in which findings are shown, and the counts over a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gate.finding import Finding, Result, Run
from gate.verdict import Effect, effect

# What is worst comes first.
ORDER: tuple[Effect, ...] = ("deny", "undecided", "warn", "exempt", "known", "none")
_SEVERITIES = ("critical", "high", "medium", "low", "info")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over a run: subjects by verdict, findings that warn or are exempted, targets skipped."""

    subjects: int
    denied: int
    undecided: int
    passed: int
    warnings: int
    exempted: int
    skipped: int


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Worst effect first, then severity, then where it is."""

    def key(finding: Finding) -> tuple[int, int, str, int, str]:
        place = finding.location
        return (
            ORDER.index(effect(finding)),
            _SEVERITIES.index(finding.severity),
            place.path if place else "",
            (place.line or 0) if place else 0,
            finding.rule,
        )

    return sorted(findings, key=key)


def effective(result: Result) -> Iterator[Finding]:
    """The findings that deny, leave undecided or warn."""
    return (finding for finding in result.findings if effect(finding) in ("deny", "undecided", "warn"))


def summarize(run: Run) -> Summary:
    """The counts of a run."""
    verdicts = [result.verdict for result in run.results]
    effects = [effect(finding) for result in run.results for finding in result.findings]
    return Summary(
        subjects=len(verdicts),
        denied=verdicts.count("deny"),
        undecided=verdicts.count("undecided"),
        passed=verdicts.count("pass"),
        warnings=effects.count("warn"),
        exempted=effects.count("exempt"),
        skipped=len(run.skipped),
    )
