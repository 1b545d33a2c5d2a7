"""A summary in Markdown, for job summaries and comments on merge requests."""

from __future__ import annotations

import re

from gate.finding import Finding, Result, Run
from gate.report import plain
from gate.report.context import DOCUMENTATION, Context
from gate.report.effects import ordered, summarize
from gate.report.phrases import VERDICTS, headline, leftover, settled, subject, waiver
from gate.verdict import effect

MOST_SUBJECTS = 50
MOST_FINDINGS = 50

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!@&])")
_WORDS = {"deny": "deny", "undecided": "undecided", "warn": "warn", "exempt": "exempted", "known": "in the baseline"}


def render(run: Run, context: Context) -> str:
    """Heading, one table per subject that is not all well, one line for the others."""
    del context
    summary = summarize(run)
    lines = [f"### gate: {VERDICTS[run.verdict]} ({_escape(run.environment)})", "", _escape(headline(summary)), ""]
    loud = [result for result in run.results if any(effect(finding) in _WORDS for finding in result.findings)]
    for result in loud[:MOST_SUBJECTS]:
        lines += [*_subject(result), ""]
    if len(loud) > MOST_SUBJECTS:
        lines += [f"… and {len(loud) - MOST_SUBJECTS} more; the JSON report has all of them.", ""]
    lines += [f"- **not read** {_escape(each.target)}: {_escape(each.message)}" for each in run.failures]
    if run.failures:
        lines.append("")
    lines += [f"- {_escape(leftover(exemption))}" for exemption in run.unused_exemptions[:MOST_FINDINGS]]
    if run.unused_exemptions:
        lines.append("")
    lines.append(f"<sub>gate {run.gate}, policy {run.revision[:19]}, {run.engine}</sub>")
    return "\n".join(lines) + "\n"


def _subject(result: Result) -> list[str]:
    findings = [finding for finding in ordered(result.findings) if effect(finding) in _WORDS]
    lines = [
        f"#### {_escape(subject(result))}: {VERDICTS[result.verdict]}",
        "",
        "| | rule | line | what |",
        "|---|---|---|---|",
        *(_row(finding) for finding in findings[:MOST_FINDINGS]),
    ]
    if len(findings) > MOST_FINDINGS:
        lines.append(f"| | … | | {len(findings) - MOST_FINDINGS} more |")
    if result.fixes:
        lines += ["", "Fix:", ""]
        for fix in result.fixes:
            lines.append(f"- {_escape(', '.join(fix.rules))}: {_escape(fix.text)}")
            if fix.code:
                lines += ["", "  ```dockerfile", *(f"  {_code(text)}" for text in fix.code), "  ```"]
    later = settled(result)
    return [*lines, "", f"Later: {_escape(later)}"] if later else lines


def _row(finding: Finding) -> str:
    rule = f"[{_escape(finding.rule)}]({DOCUMENTATION}{finding.docs})" if finding.docs else _escape(finding.rule)
    line = str(finding.location.line) if finding.location and finding.location.line else ""
    what = _escape(finding.message)
    if finding.exemption:
        what += f"; exempted: {_escape(waiver(finding.exemption))}"
    elif finding.state == "assumed":
        what += " (assumed)"
    return f"| {_WORDS[effect(finding)]} | {rule} | {line} | {what} |"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", plain.line(text, 500))


def _code(text: str) -> str:
    return plain.line(text, 200).replace("```", "` ` `")
