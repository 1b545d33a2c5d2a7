"""From an audit back to results, so that exemptions can be suggested for an estate as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from gate.audit.model import AuditReport, AuditResult, Place
from gate.evidence.kubernetes.containers import unknown_facts
from gate.evidence.model import Evidence, Subject, Workload
from gate.finding import Finding, Location, Result


def by_owner(report: AuditReport) -> dict[str | None, list[Result]]:
    """`as_results` by who answers for them: the first owner of a subject, None where it has none."""
    found: dict[str | None, list[Result]] = defaultdict(list)
    for one in report.results:
        owner = one.owners[0] if one.owners else None
        found[owner] += as_results(msgspec.structs.replace(report, results=[one]))
    return {owner: found[owner] for owner in sorted(found, key=lambda name: (name is None, name or "")) if found[owner]}


def as_results(report: AuditReport) -> Iterator[Result]:
    """A result for every place of every subject that is not passed: what an exemption must cover."""
    for one in report.results:
        if one.verdict == "pass":
            continue
        for place in one.places or [Place(source="")]:
            yield _result(one, place)


def evidence_of(one: AuditResult, place: Place) -> Evidence:
    """What exemptions look at of a subject in one place; its facts are not read again."""
    facts = unknown_facts("not read again")
    if one.kind == "dockerfile":
        name = place.path or one.name
        return Evidence(kind="dockerfile", subject=Subject(name=name, image=one.reference), facts=facts)
    subject = Subject(name=one.name, reference=one.reference, digest=one.digest, platform=one.platform)
    if one.kind == "image":
        return Evidence(kind="image", subject=subject, facts=facts)
    role = place.role if place.role in {"container", "init", "sidecar", "ephemeral", "volume"} else "container"
    workload = Workload(
        kind=place.kind or "",
        namespace=place.namespace,
        name=place.name,
        container=place.container or "",
        role=role,  # type: ignore[arg-type]
    )
    return Evidence(kind="container", subject=subject, facts=facts, workload=workload)


def _result(one: AuditResult, place: Place) -> Result:
    evidence = evidence_of(one, place)
    return Result(
        subject=evidence.subject,
        environment=one.environment,
        verdict=one.verdict,
        evidence=evidence if one.kind == "container" else None,
        findings=[
            Finding(
                rule=finding.rule,
                aliases=[],
                severity=finding.severity,
                level=finding.level,
                status=finding.status,
                state="known",
                message=finding.message,
                location=Location(path=finding.path, line=finding.line) if finding.path else None,
                fix=None,
                docs=None,
                fingerprint=finding.fingerprint,
            )
            for finding in one.findings
            if not finding.exempted
        ],
    )
