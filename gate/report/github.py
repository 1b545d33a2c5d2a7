"""Annotations for GitHub Actions: workflow commands on standard output, then one line that sums up.

Format and escapes: docs.github.com/actions/reference/workflow-commands-for-github-actions. Everything a file can say
goes through the escapes, so that no line of the report is a command of the file's author.
"""

from __future__ import annotations

from gate.finding import Finding, Result, Run
from gate.report import plain
from gate.report.context import Context
from gate.report.effects import ordered, summarize
from gate.report.phrases import headline
from gate.verdict import Effect, effect

_COMMAND: dict[Effect, str] = {"deny": "error", "undecided": "error", "warn": "warning", "exempt": "notice"}


def render(run: Run, context: Context) -> str:
    """One workflow command per finding and per unreadable target."""
    del context
    lines = [
        _annotation(result, finding)
        for result in run.results
        for finding in ordered(result.findings)
        if effect(finding) in _COMMAND
    ]
    lines += [f"::error title=gate::{_data(f'{each.target}: {each.message}')}" for each in run.failures]
    return "\n".join([*lines, f"gate: {headline(summarize(run))}"]) + "\n"


def _annotation(result: Result, finding: Finding) -> str:
    place = finding.location
    properties = {}
    if place:
        properties["file"] = place.path.removeprefix("./")
        if place.line:
            properties["line"] = str(place.line)
            properties["endLine"] = str(place.end_line or place.line)
    what = effect(finding)
    note = {"undecided": " (could not decide)", "exempt": " (exempted)"}.get(what, "")
    properties["title"] = f"gate {finding.rule}{note}"
    text = finding.message
    if place is None or not place.line:
        text = f"{result.subject.name}: {text}"
    if finding.exemption:
        text += f"\nExempted until {finding.exemption.expires}: {finding.exemption.reason}"
    elif finding.fix:
        text += f"\nFix: {finding.fix}"
    spelled = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMAND[what]} {spelled}::{_data(text)}"


def _data(text: str) -> str:
    return "%0A".join(plain.line(part).replace("%", "%25") for part in text.split("\n"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
