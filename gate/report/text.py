"""What a person reads: findings under the line they are about, then one combined fix, then what comes later.

One line when all is well. Bounded: the worst findings are shown, and how many are left out is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from gate.finding import Finding, Fix, Location, Result, Run
from gate.report import plain
from gate.report.context import Context
from gate.report.effects import ordered, summarize
from gate.report.phrases import VERDICTS, change, headline, leftover, settled, subject, waiver
from gate.report.style import Style, Tone
from gate.verdict import Effect, effect

MOST_SUBJECTS = 100
MOST_FINDINGS = 40
MOST_LINES = 4

_TONES: dict[Effect, Tone] = {"deny": "bad", "undecided": "doubt", "warn": "warn", "exempt": "dim", "known": "dim"}
_VERDICT_TONES: dict[str, Tone] = {"pass": "good", "deny": "bad", "undecided": "doubt"}
_WORDS: dict[Effect, str] = {
    "deny": "deny",
    "undecided": "undecided",
    "warn": "warn",
    "exempt": "exempt",
    "known": "known",
}


def render(run: Run, context: Context) -> str:
    """The report for a terminal or a log."""
    style = Style(context.color)
    loud = [result for result in run.results if context.verbose or _is_loud(result)]
    lines: list[str] = []
    for result in loud[:MOST_SUBJECTS]:
        lines += [*_subject(result, context, style), ""]
    if len(loud) > MOST_SUBJECTS:
        lines += [f"… and {len(loud) - MOST_SUBJECTS} more subjects with findings: -o json has all of them.", ""]
    lines += [style(leftover(exemption), "warn") for exemption in run.unused_exemptions[:MOST_FINDINGS]]
    lines.append(_last_line(run, style))
    return "\n".join(lines) + "\n"


def _is_loud(result: Result) -> bool:
    return (
        bool(result.changes)
        or result.verdict != "pass"
        or any(effect(finding) == "warn" for finding in result.findings)
    )


def _last_line(run: Run, style: Style) -> str:
    summary = summarize(run)
    if len(run.results) == 1 and not _is_loud(run.results[0]):
        return _well(run.results[0], style)
    tone: Tone = "bad" if run.failures else _VERDICT_TONES[run.verdict]
    unread = f", {len(run.failures)} not read" if run.failures else ""
    text = f"{headline(summary)}{unread} ({run.environment})"
    return style(text, tone)


def _well(result: Result, style: Style) -> str:
    """The one line when all is well, doubts included."""
    parts = [f"{subject(result)}: {style('pass', 'good')} ({result.environment})"]
    if result.assumed:
        parts.append(f"assumed: {', '.join(sorted({each.rule for each in result.assumed}))}")
    exempted = sorted({finding.rule for finding in result.findings if effect(finding) == "exempt"})
    if exempted:
        parts.append(f"exempted: {', '.join(exempted)}")
    later = settled(result)
    return "; ".join([*parts, later] if later else parts)


def _subject(result: Result, context: Context, style: Style) -> Iterator[str]:
    shown = [finding for finding in ordered(result.findings) if effect(finding) != "none"]
    verdict = style(VERDICTS[result.verdict], _VERDICT_TONES[result.verdict])
    yield f"{style(subject(result), 'strong')}: {verdict} ({result.environment})"
    columns = _columns(shown[:MOST_FINDINGS])
    for place, findings in _by_place(shown[:MOST_FINDINGS]):
        yield ""
        yield from _place(place, context, style)
        for finding in findings:
            yield from _finding(finding, columns, context, style)
    if len(shown) > MOST_FINDINGS:
        yield f"  … and {len(shown) - MOST_FINDINGS} more: -o json has all of them."
    yield from _fixes(result.fixes, context, style)
    if result.changes:
        yield from ["", *(f"  {change(each)}" for each in result.changes[:MOST_FINDINGS])]
    if len(result.changes) > MOST_FINDINGS:
        yield f"  … and {len(result.changes) - MOST_FINDINGS} more changes: -o json has all of them."
    yield from _doubts(result, context, style)


def _columns(findings: list[Finding]) -> tuple[int, int]:
    """The widths of effect and rule id."""
    words = [len(_WORDS[effect(finding)]) for finding in findings]
    return max(words, default=0), max((len(finding.rule) for finding in findings), default=0)


def _by_place(findings: list[Finding]) -> list[tuple[Location | None, list[Finding]]]:
    """Findings about the same lines together, in the order in which the worst of them come."""
    places: dict[tuple[object, ...], tuple[Location | None, list[Finding]]] = {}
    for finding in findings:
        place = finding.location
        key = (place.path, place.line, place.end_line, place.pointer) if place else ()
        places.setdefault(key, (place, []))[1].append(finding)
    return list(places.values())


def _place(place: Location | None, context: Context, style: Style) -> Iterator[str]:
    """``path:line`` for editors to follow, and the lines themselves with the place marked."""
    if place is None:
        return
    path = plain.line(place.path, 300)
    if not place.line:
        yield f"  {path}{' ' + plain.line(place.pointer, 200) if place.pointer else ''}"
        return
    yield f"  {path}:{place.line}"
    text = context.source(place.path)
    last = max(place.end_line or place.line, place.line)
    if text is None or not 1 <= place.line <= len(text):
        return
    last = min(last, len(text), place.line + MOST_LINES - 1)
    gutter = len(str(last))
    for number in range(place.line, last + 1):
        shown = plain.source(text[number - 1], context.width - gutter - 7)
        yield style(f"    {number:>{gutter}} | ", "dim") + shown
    if last == place.line:
        indent = len(shown) - len(shown.lstrip())
        marks = " " * indent + style("^" * max(len(shown) - indent, 1), "bad")
        yield style(f"    {'':>{gutter}} | ", "dim") + marks
    elif (place.end_line or 0) > last:
        yield style(f"    {'':>{gutter}} | … to line {place.end_line}", "dim")


def _finding(finding: Finding, columns: tuple[int, int], context: Context, style: Style) -> Iterator[str]:
    what = effect(finding)
    text = plain.line(finding.message)
    reason = (finding.reason or "").removeprefix("rule-error: ")
    if finding.status == "undecided" and reason not in finding.message:
        text += f" ({plain.line(reason)})"
    if finding.state == "assumed" and finding.status == "violation":
        text += " (assumed)"
    if finding.exemption:
        text += f"; exempted: {waiver(finding.exemption)}"
    elif finding.expired:
        text += f"; its exemption ended on {finding.expired.expires}: {waiver(finding.expired)}"
    word, rule = f"{_WORDS[what]:<{columns[0]}}", f"{finding.rule:<{columns[1]}}"
    label = f"    {style(word, _TONES[what])}  {style(rule, 'strong')}  "
    margin = 4 + len(word) + 2 + len(rule) + 2
    first, *rest = _wrapped(text, context.width - margin)
    yield label + first
    for more in rest:
        yield " " * margin + more


def _fixes(fixes: list[Fix], context: Context, style: Style) -> Iterator[str]:
    if not fixes:
        return
    yield ""
    yield f"  {style('fix', 'good')}"
    for fix in fixes:
        rules = f" [{', '.join(fix.rules)}]"
        first, *rest = _wrapped(plain.line(fix.text) + rules, context.width - 6)
        yield f"    - {first}"
        for more in rest:
            yield f"      {more}"
        for code in fix.code:
            yield style(f"          {plain.line(code, 200)}", "good")


def _doubts(result: Result, context: Context, style: Style) -> Iterator[str]:
    """What passed on an assumption, and what is settled later."""
    if result.assumed and (context.verbose or result.verdict == "pass"):
        reasons: dict[str, list[str]] = {}
        for each in result.assumed:
            reasons.setdefault(each.reason, []).append(each.rule)
        text = "; ".join(f"{', '.join(rules)} ({plain.line(reason, 200)})" for reason, rules in reasons.items())
        yield from _note("assumed", text, context, style)
    later = settled(result)
    if later:
        yield from _note("later", later, context, style)


def _note(word: str, text: str, context: Context, style: Style) -> Iterator[str]:
    first, *rest = _wrapped(text, context.width - 12)
    yield f"  {style(f'{word:<9}', 'dim')} {first}"
    for more in rest:
        yield f"            {more}"


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` characters, broken at spaces; a longer word keeps a line to itself."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > max(width, 20):
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
