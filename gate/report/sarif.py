"""SARIF 2.1.0, as code scanning services read it (docs.oasis-open.org/sarif/sarif/v2.1.0).

One reporting descriptor per rule id with help, severity and ``security-severity``; fingerprints that survive moved
lines; exemptions as suppressions. A rule that could not be decided is of kind ``review``: SARIF 3.27.10 then wants
level ``none``. Targets that could not be read are notifications of the invocation.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from gate.finding import Finding, Result, Run
from gate.report import plain
from gate.report.context import DOCUMENTATION, Context
from gate.report.effects import ordered
from gate.verdict import Effect, effect

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/gate-images/gate"
FINGERPRINT = "gateFingerprint/v1"

# What code scanning services sort by: 0.1 to 10, as CVSS scores are read.
SECURITY_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.5"}
_LEVEL: dict[Effect, str] = {
    "deny": "error",
    "undecided": "none",
    "warn": "warning",
    "exempt": "note",
    "known": "note",
    "none": "none",
}
_SHOWN: tuple[Effect, ...] = ("deny", "undecided", "warn", "exempt", "known")


def render(run: Run, context: Context) -> str:
    """The SARIF log of a run."""
    findings = [
        (result, finding) for result in run.results for finding in ordered(result.findings) if effect(finding) in _SHOWN
    ]
    ids = sorted({finding.rule for _, finding in findings})
    compares = any(finding.baseline for _, finding in findings)
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(run, ids, findings, context)},
                "automationDetails": {"id": f"gate/{run.checkpoint}/{run.environment}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(run)],
                "results": [_result(*pair, ids, compares) for pair in findings],
                "properties": {"verdict": run.verdict, "policy": run.revision, "engine": run.engine},
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _driver(run: Run, ids: list[str], findings: list[tuple[Result, Finding]], context: Context) -> dict[str, Any]:
    worst = {finding.rule: finding for _, finding in reversed(findings)}
    return {
        "name": "gate",
        "version": run.gate,
        "semanticVersion": run.gate,
        "informationUri": HOME,
        "rules": [_rule(rule, worst[rule], context) for rule in ids],
    }


def _rule(rule: str, finding: Finding, context: Context) -> dict[str, Any]:
    info = context.rules.get(rule)
    title = info.title if info else plain.line(finding.message)
    description = info.description if info else title
    fix = (info.fix if info else finding.fix) or "See the message."
    severity = info.severity if info else finding.severity
    descriptor: dict[str, Any] = {
        "id": rule,
        "name": "".join(part.capitalize() for part in rule.replace("/", "-").replace("_", "-").split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": description},
        "help": {"text": f"{description}\n\nFix: {fix}", "markdown": f"{description}\n\n**Fix:** {fix}"},
        "defaultConfiguration": {"level": _LEVEL["warn" if finding.level == "warn" else "deny"]},
        "properties": {
            "tags": ["security", "container", *finding.aliases],
            "precision": "very-high" if finding.state == "known" else "high",
            "problem.severity": "warning" if finding.level == "warn" else "error",
            "security-severity": SECURITY_SEVERITY[severity],
        },
    }
    if finding.docs:
        descriptor["helpUri"] = DOCUMENTATION + quote(finding.docs)
    return descriptor


def _result(result: Result, finding: Finding, ids: list[str], compares: bool) -> dict[str, Any]:
    what = effect(finding)
    text = finding.message if not finding.fix else f"{finding.message}. Fix: {finding.fix}"
    document: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": _LEVEL[what] if finding.status == "violation" else "none",
        "kind": "fail" if finding.status == "violation" else "review",
        "message": {"text": plain.line(text)},
        "locations": [_location(result, finding)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": {"state": finding.state, "environment": result.environment, "verdict": result.verdict},
    }
    if finding.exemption:
        waiver = finding.exemption
        ticket = f", {waiver.ticket}" if waiver.ticket else ""
        document["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": plain.line(f"{waiver.reason} ({waiver.owner}{ticket}, until {waiver.expires})"),
            }
        ]
    if compares:
        document["baselineState"] = "unchanged" if finding.baseline else "new"
    return document


def _location(result: Result, finding: Finding) -> dict[str, Any]:
    """The place in a file; an image has none, so its name stands for the file and the subject is named beside it."""
    place = finding.location
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path if place else result.subject.name)}}
    if place and place.line:
        physical["region"] = {"startLine": place.line, "endLine": max(place.end_line or place.line, place.line)}
    name = place.pointer if place and place.pointer else result.subject.target or result.subject.name
    qualified = result.subject.name + (f"#{result.subject.target}" if result.subject.target else "")
    logical = {"name": plain.line(name), "fullyQualifiedName": plain.line(qualified), "kind": "module"}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _uri(path: str) -> str:
    """A relative reference for a relative path, a file URI for an absolute one."""
    quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    if quoted.startswith("/"):
        return f"file://{quoted}"
    return quoted.removeprefix("./") or "."


def _invocation(run: Run) -> dict[str, Any]:
    notifications = [
        {
            "level": "error",
            "message": {"text": plain.line(f"{each.target}: {each.message}")},
            "descriptor": {"id": "internal-error" if each.internal else "target-not-read"},
        }
        for each in run.failures
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not run.failures}
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    return invocation
