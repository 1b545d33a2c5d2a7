"""An audit's outcome as the report `gate.audit/v1`. Pure: times, ids and names come from outside."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gate.audit import summary
from gate.audit.facts import with_facts
from gate.audit.lineage import forest
from gate.audit.model import AuditInputs, AuditReport, AuditResult, Place
from gate.audit.run import Outcome, coverage, finding_row
from gate.audit.waived import exemption_states, inline_states
from gate.bundle.catalogue import Rule
from gate.evidence.model import Evidence
from gate.finding import ExemptionUse, Result
from gate.settings import Settings
from gate.settings.model import Exemption


def of_tree(result: Result, dockerfile: bool, source: str, path: str, facts: Evidence | None) -> AuditResult:
    """A row of one file of a checkout: a Dockerfile as one build makes it, or a container of a manifest."""
    subject = result.subject
    build = f"{path} ({subject.target})" if subject.target else path
    name = build if dockerfile else f"{path}: {subject.name}"
    row = AuditResult(
        key=_key(f"file/{source}/{name}"),
        kind="dockerfile" if dockerfile else "manifest",
        name=name,
        verdict=result.verdict,
        environment=result.environment,
        reference=subject.image if dockerfile else subject.reference,
        digest=subject.digest,
        platform=subject.platform,
        places=[Place(source=source, path=path)],
        findings=[finding_row(finding) for finding in result.findings],
    )
    return with_facts(row, facts) if facts is not None else row


def _key(text: str) -> str:
    """A key that a database takes; long ones end in a hash, so that no two of them are the same."""
    return text if len(text) <= 180 else f"{text[:160]}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


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
    inline: Mapping[ExemptionUse, int],
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
        exemptions=[*exemption_states(exemptions, outcome.results, used, today), *inline_states(inline, today)],
        lineage=forest(outcome.results, today),
    )


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sources_of(asked: Mapping[str, Any], cluster: str) -> list[str]:
    """What a run looks at, as people would say it; runs of the same sources are compared with each other.

    ``asked``: trees, cluster, namespaces, registries, repositories and tags, as the command has them.
    """
    found = list(asked["trees"])
    if asked["cluster"]:
        spaces = ", ".join(sorted(asked["namespaces"]))
        found.append(f"cluster {cluster}{f' ({spaces})' if spaces else ''}")
    only = ", ".join(sorted(asked["repositories"]))
    tags = ", ".join(sorted(asked["tags"]))
    limits = " ".join(part for part in (f"({only})" if only else "", f"tags {tags}" if tags else "") if part)
    found += [f"registry {host}{f' {limits}' if limits else ''}" for host in asked["registries"]]
    return found
