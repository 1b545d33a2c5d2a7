"""An audit's outcome as the report `gate.audit/v1`. Pure: times, ids and names come from outside."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from gate.audit import summary
from gate.audit.facts import with_facts
from gate.audit.lineage import forest
from gate.audit.model import AuditInputs, AuditReport, AuditResult, Place
from gate.audit.run import Outcome, coverage
from gate.bundle.catalogue import Rule
from gate.finding import Result
from gate.settings import Settings
from gate.settings.model import Exemption


def of_tree(result: Result, source: str, owners: Sequence[str]) -> AuditResult:
    """The result of one file of a checkout."""
    from gate.audit.run import finding_row

    dockerfile = result.evidence is None or result.evidence.kind == "dockerfile"
    row = AuditResult(
        key=f"file/{source}/{result.subject.name}"[:200],
        kind="dockerfile" if dockerfile else "manifest",
        name=result.subject.name,
        verdict=result.verdict,
        environment=result.environment,
        reference=result.subject.image,
        platform=result.subject.platform,
        owners=list(owners),
        places=[Place(source=source, path=result.subject.name)],
        findings=[finding_row(finding) for finding in result.findings],
    )
    return with_facts(row, result.evidence) if result.evidence is not None else row


def assemble(
    *,
    run: str,
    gate: str,
    started: dt.datetime,
    finished: dt.datetime,
    environment: str,
    inputs: AuditInputs,
    outcome: Outcome,
    seen: Counter[str],
    skipped: Counter[str],
    failures: Sequence[str],
    catalogue: Mapping[str, Rule],
    settings: Settings,
    shipped: Settings,
    exemptions: Sequence[Exemption],
    used: Mapping[int, int],
    today: dt.date,
) -> AuditReport:
    """The report. It is complete only if nothing failed to be listed or read as a whole."""
    covered = coverage(outcome, seen, skipped, failures)
    rules = summary.by_rule(outcome.results, catalogue)
    return AuditReport(
        run=run,
        gate=gate,
        started=_time(started),
        finished=_time(finished),
        complete=not covered.failures,
        environment=environment,
        inputs=inputs,
        coverage=covered,
        totals=summary.totals(outcome.results),
        results=outcome.results,
        owners=summary.by_owner(outcome.results),
        rules=rules,
        controls=summary.by_control(rules, catalogue),
        loosened=summary.loosened(settings, shipped, catalogue),
        exemptions=summary.exemption_states(exemptions, outcome.results, used, today),
        lineage=forest(outcome.results, today),
    )


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
