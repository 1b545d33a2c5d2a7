"""The JSON report, version 1: what users script against. The wire types are apart from the internal ones on purpose."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gate.finding import ExemptionUse, Finding, Location, Result, Run
from gate.report.context import Context
from gate.report.effects import Summary, summarize


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that judged: ``revision`` is ``sha256:...`` over the bundle, ``engine`` is regorus or opa."""

    revision: str
    engine: str


class InputsWire(msgspec.Struct, frozen=True, kw_only=True):
    """What the run rested on; digests are ``sha256:...``, secret-looking build args are redacted."""

    settings: str | None
    lock: str | None
    known_bases: str | None
    build_args: dict[str, str]
    target: str | None
    platform: str | None
    today: str | None
    build_contexts: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class SubjectWire(msgspec.Struct, frozen=True, kw_only=True):
    """One thing judged."""

    name: str
    target: str | None
    platform: str | None
    reference: str | None
    digest: str | None
    image: str | None


class LocationWire(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person would look; lines are 1-based. ``pointer`` is a JSON pointer into a manifest."""

    path: str
    line: int | None
    end_line: int | None
    pointer: str | msgspec.UnsetType = msgspec.UNSET


class ExemptionWire(msgspec.Struct, frozen=True, kw_only=True):
    """An exemption; ``source`` is where it is written. ``state``: whether it waives, has run out, or waives nothing."""

    rule: str
    reason: str
    owner: str
    expires: str
    ticket: str | None
    source: str | None
    state: Literal["active", "expired", "unused"]


class FindingWire(msgspec.Struct, frozen=True, kw_only=True):
    """A violation, or an undecided rule. ``baseline``: it is in the report given by --baseline and denies nothing.

    ``expired``: an exemption that waived it until its last day.
    """

    rule: str
    aliases: list[str]
    severity: Literal["critical", "high", "medium", "low", "info"]
    level: Literal["deny", "warn", "ignore"]
    status: Literal["violation", "undecided"]
    state: Literal["known", "assumed", "unknown"]
    message: str
    location: LocationWire | None
    fix: str | None
    docs: str | None
    fingerprint: str
    exemption: ExemptionWire | None
    expired: ExemptionWire | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    baseline: bool | msgspec.UnsetType = msgspec.UNSET


class AssumedWire(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that passed on an assumed fact."""

    rule: str
    reason: str


class ChangeWire(msgspec.Struct, frozen=True, kw_only=True):
    """One difference from the image given by --against. ``before`` is null for what is new, ``after`` for what is gone;
    ``bytes``: by how much a size grew; ``unknown``: why the two cannot be compared in this."""

    what: Literal[
        "base", "user", "size", "layer", "shell", "setuid", "package-manager", "compiler", "leftover", "world-writable"
    ]
    before: str | None
    after: str | None
    bytes: int | None
    unknown: str | None


class ResultWire(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of one subject. ``settled_later``: rules that only the built image or the workload can settle."""

    subject: SubjectWire
    environment: str
    verdict: Literal["pass", "deny", "undecided"]
    findings: list[FindingWire]
    settled_later: list[str]
    assumed: list[AssumedWire]
    changes: list[ChangeWire] | msgspec.UnsetType = msgspec.UNSET


class FailureWire(msgspec.Struct, frozen=True, kw_only=True):
    """A target that could not be read, or (``internal``) a bug of gate's."""

    target: str
    message: str
    hint: str | None
    internal: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run found."""

    version: Literal["1"] = "1"
    gate: str
    checkpoint: Literal["build", "image", "admission", "audit"]
    policy: Policy
    environment: str
    verdict: Literal["pass", "deny", "undecided"]
    inputs: InputsWire
    results: list[ResultWire]
    summary: Summary
    unused_exemptions: list[ExemptionWire]
    failures: list[FailureWire]


def render(run: Run, context: Context) -> str:
    """The report as indented JSON."""
    del context
    return msgspec.json.format(msgspec.json.encode(wire(run)), indent=2).decode() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of the report, as published in docs/schemas/report.schema.json."""
    document = msgspec.json.schema(Report)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gate check report, version 1",
        **document,
    }


def wire(run: Run) -> Report:
    """The run as its wire type."""
    inputs = run.inputs
    return Report(
        gate=run.gate,
        checkpoint=run.checkpoint,
        policy=Policy(revision=run.revision, engine=run.engine),
        environment=run.environment,
        verdict=run.verdict,
        inputs=InputsWire(
            settings=inputs.settings,
            lock=inputs.lock,
            known_bases=inputs.known_bases,
            build_args=inputs.build_args,
            target=inputs.target,
            platform=inputs.platform,
            today=inputs.today,
            build_contexts=inputs.build_contexts or msgspec.UNSET,
        ),
        results=[_result(result) for result in run.results],
        summary=summarize(run),
        unused_exemptions=[_exemption(exemption) for exemption in run.unused_exemptions],
        failures=[
            FailureWire(target=_text(each.target), message=_text(each.message), hint=each.hint, internal=each.internal)
            for each in run.failures
        ],
    )


def _result(result: Result) -> ResultWire:
    subject = result.subject
    return ResultWire(
        subject=SubjectWire(
            name=_text(subject.name),
            target=subject.target,
            platform=subject.platform,
            reference=subject.reference,
            digest=subject.digest,
            image=subject.image,
        ),
        environment=result.environment,
        verdict=result.verdict,
        findings=[_finding(finding) for finding in result.findings],
        settled_later=result.settled_later,
        assumed=[AssumedWire(rule=each.rule, reason=_text(each.reason)) for each in result.assumed],
        changes=[ChangeWire(**msgspec.structs.asdict(each)) for each in result.changes] or msgspec.UNSET,
    )


def _finding(finding: Finding) -> FindingWire:
    place = finding.location
    return FindingWire(
        rule=finding.rule,
        aliases=finding.aliases,
        severity=finding.severity,
        level=finding.level,
        status=finding.status,
        state=finding.state,
        message=_text(finding.message),
        location=_location(place) if place else None,
        fix=_text(finding.fix) if finding.fix else None,
        docs=finding.docs,
        fingerprint=finding.fingerprint,
        exemption=_exemption(finding.exemption) if finding.exemption else None,
        expired=_exemption(finding.expired) if finding.expired else msgspec.UNSET,
        reason=_text(finding.reason) if finding.reason is not None else msgspec.UNSET,
        baseline=True if finding.baseline else msgspec.UNSET,
    )


def _location(place: Location) -> LocationWire:
    return LocationWire(
        path=_text(place.path),
        line=place.line,
        end_line=place.end_line,
        pointer=place.pointer if place.pointer is not None else msgspec.UNSET,
    )


def _exemption(exemption: ExemptionUse) -> ExemptionWire:
    return ExemptionWire(
        rule=exemption.rule,
        reason=exemption.reason,
        owner=exemption.owner,
        expires=exemption.expires,
        ticket=exemption.ticket,
        source=exemption.source,
        state=exemption.state,
    )


def _text(text: str) -> str:
    """Names of files are bytes: what is no UTF-8 in them is spelled out, because JSON has no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
