"""An audit as SARIF 2.1.0: findings of files at their lines, the others at the workload or image they are about."""

from __future__ import annotations

from typing import Any

import msgspec

from gate.audit.model import AuditFinding, AuditReport, AuditResult

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SCORE = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "1.0"}


def render(report: AuditReport) -> str:
    """One run; one rule entry an id; exempted findings are suppressed, not left out."""
    rules = {row.rule: row for row in report.rules}
    order = {rule: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "gate audit",
                "version": report.gate,
                "rules": [
                    {
                        "id": row.rule,
                        "shortDescription": {"text": row.title},
                        "properties": {"security-severity": _SCORE[row.severity], "tags": row.controls},
                    }
                    for row in rules.values()
                ],
            }
        },
        "automationDetails": {"id": f"gate-audit/{report.run}"},
        "results": [
            _result(result, finding, order[finding.rule])
            for result in report.results
            for finding in result.findings
            if finding.rule in order
        ],
    }
    document = msgspec.json.encode({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})
    return msgspec.json.format(document, indent=1).decode() + "\n"


def _result(result: AuditResult, finding: AuditFinding, index: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "kind": "review" if finding.status == "undecided" else "fail",
        "message": {"text": f"{result.name}: {finding.message}"},
        "partialFingerprints": {"gate/v1": finding.fingerprint},
        "locations": [_location(result, finding)],
    }
    if finding.status == "violation":
        found["level"] = {"deny": "error", "warn": "warning", "ignore": "note"}[finding.level]
    if finding.exempted:
        found["suppressions"] = [{"kind": "external", "justification": finding.exempted_by or "exempted"}]
    return found


def _location(result: AuditResult, finding: AuditFinding) -> dict[str, Any]:
    source = result.source
    path = finding.path if result.kind in {"dockerfile", "manifest"} else (source.dockerfile if source else None)
    line = finding.line if result.kind in {"dockerfile", "manifest"} else (source.line if source else None)
    logical = {"logicalLocations": [{"fullyQualifiedName": result.name, "kind": "resource"}]}
    if not path:
        return logical
    physical: dict[str, Any] = {"artifactLocation": {"uri": path}}
    if line:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical, **logical}
