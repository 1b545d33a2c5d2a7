"""JUnit XML for CI servers: a test suite per subject, a test case per finding, one that passes where there is none."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from gate.finding import Failure, Finding, Result, Run
from gate.report import plain
from gate.report.context import Context
from gate.report.effects import ordered
from gate.report.phrases import settled, subject, waiver
from gate.verdict import effect

# Everything XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(run: Run, context: Context) -> str:
    """The XML document."""
    del context
    suites = [_suite(result) for result in run.results]
    suites += [_unread(failure) for failure in run.failures]
    tests, failed, errors, skipped = (sum(counts[index] for counts, _ in suites) for index in range(4))
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="gate" tests="{tests}" failures="{failed}" errors="{errors}" skipped="{skipped}">',
            *(text for _, text in suites),
            "</testsuites>\n",
        ]
    )


def _suite(result: Result) -> tuple[tuple[int, int, int, int], str]:
    name = subject(result)
    shown = [finding for finding in ordered(result.findings) if effect(finding) != "none"]
    cases = [_case(name, finding) for finding in shown] or [
        f"    <testcase classname={_attribute(name)} name={_attribute('policy')}/>"
    ]
    effects = [effect(finding) for finding in shown]
    counts = (
        len(cases),
        effects.count("deny"),
        effects.count("undecided"),
        effects.count("exempt") + effects.count("known"),
    )
    later = settled(result)
    lines = [
        f'  <testsuite name={_attribute(name)} tests="{counts[0]}" failures="{counts[1]}"'
        f' errors="{counts[2]}" skipped="{counts[3]}">',
        "    <properties>",
        f'      <property name="environment" value={_attribute(result.environment)}/>',
        f'      <property name="verdict" value={_attribute(result.verdict)}/>',
        "    </properties>",
        *cases,
        *([f"    <system-out>{_text(later)}</system-out>"] if later else []),
        "  </testsuite>",
    ]
    return counts, "\n".join(lines)


def _case(name: str, finding: Finding) -> str:
    place = finding.location
    where = f' file={_attribute(place.path)} line="{place.line or 1}"' if place else ""
    fix = f"\nFix: {finding.fix}" if finding.fix else ""
    body = _text(f"{finding.message}{fix}")
    message = _attribute(finding.message)
    inside = {
        "deny": f"<failure type={_attribute(finding.severity)} message={message}>{body}</failure>",
        "undecided": f'<error type="undecided" message={message}>{body}</error>',
        "warn": f"<system-out>warning: {body}</system-out>",
        "exempt": f"<skipped message={_attribute(waiver(finding.exemption) if finding.exemption else '')}/>",
        "known": '<skipped message="in the baseline"/>',
        "none": "",
    }[effect(finding)]
    return f"    <testcase classname={_attribute(name)} name={_attribute(finding.rule)}{where}>{inside}</testcase>"


def _unread(failure: Failure) -> tuple[tuple[int, int, int, int], str]:
    name, message = _attribute(failure.target), _attribute(failure.message)
    kind = "internal" if failure.internal else "unreadable"
    lines = [
        f'  <testsuite name={name} tests="1" failures="0" errors="1" skipped="0">',
        f'    <testcase classname={name} name="target"><error type="{kind}" message={message}/></testcase>',
        "  </testsuite>",
    ]
    return (1, 0, 1, 0), "\n".join(lines)


def _attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", plain.line(text)))


def _text(text: str) -> str:
    return escape("\n".join(_ILLEGAL.sub("\ufffd", plain.line(part)) for part in text.split("\n")))
