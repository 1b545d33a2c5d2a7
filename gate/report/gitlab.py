"""GitLab's Code Quality report: a list of issues (docs.gitlab.com/ci/testing/code_quality, report format).

Exempted findings and those in the baseline are left out: the format has no word for them.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from gate.finding import Finding, Result, Run
from gate.report import plain
from gate.report.context import Context
from gate.report.effects import effective, ordered

_DENIED = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor", "info": "minor"}


def render(run: Run, context: Context) -> str:
    """The report as indented JSON."""
    del context
    seen: dict[str, int] = {}
    issues = [_issue(result, finding, seen) for result in run.results for finding in ordered(effective(result))]
    issues += [
        {
            "description": plain.line(f"gate could not read it: {each.message}"),
            "check_name": "target-not-read",
            "fingerprint": hashlib.sha256(f"unread {each.target}".encode("utf-8", "surrogateescape")).hexdigest(),
            "severity": "blocker",
            "location": {"path": plain.line(each.target), "lines": {"begin": 1}},
        }
        for each in run.failures
    ]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode() + "\n"


def _issue(result: Result, finding: Finding, seen: dict[str, int]) -> dict[str, Any]:
    place = finding.location
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    return {
        "description": plain.line(f"{finding.rule}: {finding.message}.{fix}"),
        "check_name": finding.rule,
        "fingerprint": _fingerprint(result, finding, seen),
        "severity": _DENIED[finding.severity] if finding.level == "deny" else "minor",
        "location": {
            "path": plain.line(place.path.removeprefix("./") if place else result.subject.name),
            "lines": {"begin": (place.line if place else None) or 1},
        },
    }


def _fingerprint(result: Result, finding: Finding, seen: dict[str, int]) -> str:
    """Unique in the report, which GitLab asks for: one Dockerfile may be judged for several stages or platforms."""
    subject = result.subject
    key = "\0".join([finding.fingerprint, subject.name, subject.target or "", subject.platform or ""])
    seen[key] = seen.get(key, 0) + 1
    return hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogateescape")).hexdigest()
