"""The audit as one self-contained HTML file: no network, no tracking, readable without a script and on paper.

Everything from outside is escaped; a content security policy allows only this file's own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from gate.audit.charts import layers_chart, trend_chart
from gate.audit.history import RunRow
from gate.audit.model import AuditFinding, AuditReport, AuditResult
from gate.report import plain

MAX_SUBJECTS = 5_000
_WORST = 15
_ORDER = {"deny": 0, "undecided": 1, "pass": 2}


def render(report: AuditReport, history: Sequence[RunRow] = ()) -> str:
    """The whole page. ``history``: earlier runs, the newest first, for the trend."""
    results = sorted(report.results, key=lambda r: (_ORDER[r.verdict], r.name))
    shown = results[:MAX_SUBJECTS]
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>gate audit {_e(report.run)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#subjects">Skip to the subjects</a>',
        "<header>",
        f"<h1>Audit {_e(report.run)}</h1>",
        f'<p class="dim">{_e(report.started)} to {_e(report.finished)}; environment {_e(report.environment)}, policy '
        f"<code>{_e(report.inputs.policy[:19])}</code>, gate {_e(report.gate)}; "
        f"{_e(', '.join(report.inputs.sources))}</p>",
        "</header>",
        "<main>",
        _incomplete(report),
        _cards(report),
        _trend(report, history),
        _owners(report),
        _rules(report),
        _bases(results),
        _sizes(results),
        _controls(report),
        _exemptions(report),
        _subjects(shown, len(results)),
        "</main>",
        f"<script>{script}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _incomplete(report: AuditReport) -> str:
    if report.complete:
        return ""
    failures = "".join(f"<li>{_e(failure)}</li>" for failure in report.coverage.failures[:50])
    return f'<div class="note" role="note"><b>This run is incomplete.</b> Not in it:<ul>{failures}</ul></div>'


def _cards(report: AuditReport) -> str:
    totals = report.totals
    cards = [
        ("Subjects", totals.subjects, ""),
        ("Denied", totals.denied, "deny"),
        ("Undecided", totals.undecided, "undecided"),
        ("Pass", totals.passed, "pass"),
        ("With exemptions", totals.exempted, ""),
    ]
    if report.inputs.candidate:
        cards.append(("Refused at restart", totals.refused_at_restart, "deny"))
    items = "".join(f'<li>{label}<b class="{kind}">{count:,}</b></li>' for label, count, kind in cards)
    return f'<h2 id="summary">Summary</h2><ul class="cards">{items}</ul>'


def _trend(report: AuditReport, history: Sequence[RunRow]) -> str:
    points = [(row.started[:10], row.denied, row.undecided) for row in reversed(history) if row.run != report.run]
    points.append((report.started[:10], report.totals.denied, report.totals.undecided))
    if len(points) < 2:
        return ""
    return f"<h2>Trend</h2>{trend_chart(points)}"


def _owners(report: AuditReport) -> str:
    rows = [
        [_e(row.owner), row.subjects, row.denied, row.undecided, row.passed, row.refused_at_restart]
        for row in report.owners
    ]
    heads = ["Owner", "Subjects", "Denied", "Undecided", "Pass", "Refused at restart"]
    return _table("Owners", "The one with most denials first.", heads, rows)


def _rules(report: AuditReport) -> str:
    rows = [
        [f"<code>{_e(row.rule)}</code>", _e(row.title), row.severity, row.violations, row.undecided, row.exempted]
        for row in report.rules
    ]
    heads = ["Rule", "What it finds", "Severity", "Violations", "Undecided", "Exempted"]
    return _table("Rules", "The most frequent first.", heads, rows)


def _controls(report: AuditReport) -> str:
    rows = [[_e(c.control), _e(", ".join(c.rules)), c.violations, c.undecided] for c in report.controls]
    heads = ["Control", "Rules", "Violations", "Undecided"]
    return _table("Controls", "Standards that rules speak to; none found is shown as 0.", heads, rows)


def _exemptions(report: AuditReport) -> str:
    rows = [
        [_e(x.state), f"<code>{_e(x.rule)}</code>", _e(x.owner), _e(x.reason), _e(x.expires), x.days_left, x.used]
        for x in report.exemptions
    ]
    rows += [
        ["loosened", f"<code>{_e(one.rule)}</code>", _e(one.where), f"{_e(one.was)} to {_e(one.now)}", "", "", ""]
        for one in report.loosened
    ]
    heads = ["State", "Rule", "Owner", "Reason", "Expires", "Days left", "Uses"]
    return _table("Exemptions, and what was loosened", "", heads, rows) if rows else ""


def _bases(results: Iterable[AuditResult]) -> str:
    """Base images in use, each with its lineage as a tree and its age."""
    counts: Counter[str] = Counter()
    chains: dict[str, list[str]] = defaultdict(list)
    created: dict[str, str] = {}
    for result in results:
        base = result.base or "(unknown)"
        counts[base] += 1
        if len(result.ancestors) > len(chains[base]):
            chains[base] = result.ancestors
        if result.base_created:
            created[base] = result.base_created[:10]
    if not counts:
        return ""
    rows = [
        [_e(base), _tree(chains[base]), _e(created.get(base, "")), count] for base, count in counts.most_common(100)
    ]
    return _table("Base images", "Nearest ancestor first.", ["Base", "Lineage", "Created", "Subjects"], rows)


def _tree(chain: Sequence[str]) -> str:
    text = ""
    for name in reversed(chain):
        text = f'<ul class="tree"><li><code>{_e(name)}</code>{text}</li></ul>'
    return text


def _sizes(results: Iterable[AuditResult]) -> str:
    by_image = {
        result.digest or result.key: result for result in results if result.size.uncompressed and result.size.layers
    }
    worst = sorted(by_image.values(), key=lambda r: -(r.size.uncompressed or 0))[:_WORST]
    if not worst:
        return ""
    bars = [(result.reference or result.name, result.size.layers) for result in worst]
    return f"<h2>Largest images</h2>{layers_chart(bars)}"


def _subjects(results: Sequence[AuditResult], total: int) -> str:
    rules = sorted({finding.rule for result in results for finding in result.findings})
    owners = sorted({owner for result in results for owner in result.owners})
    spaces = sorted({place.namespace for result in results for place in result.places if place.namespace})
    form = (
        '<form id="filters" class="filters" role="search" aria-label="Filter subjects">'
        '<label>Text <input name="text" type="search" autocomplete="off"></label>'
        + _select("verdict", "Verdict", ["deny", "undecided", "pass"])
        + _select("rule", "Rule", rules)
        + _select("owner", "Owner", owners)
        + _select("namespace", "Namespace", spaces)
        + '<button type="reset">Show all</button></form>'
    )
    cut = f'<p class="note">The first {len(results):,} of {total:,} subjects; the JSON report has all.</p>'
    return (
        f'<h2 id="subjects">Subjects</h2>{form}<p id="shown" role="status" class="dim">{len(results)} subjects</p>'
        + (cut if total > len(results) else "")
        + "\n".join(_subject(result, position) for position, result in enumerate(results))
    )


def _select(name: str, label: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{_a(value)}">{_e(value)}</option>' for value in values)
    return f'<label>{label} <select name="{name}"><option value="">all</option>{options}</select></label>'


def _subject(result: AuditResult, position: int) -> str:
    rules = " ".join(sorted({finding.rule for finding in result.findings}))
    space = next((place.namespace for place in result.places if place.namespace), "")
    text = f"{result.name} {result.reference or ''} {result.base or ''}".lower()
    head = (
        f'<details id="s{position}" data-row data-verdict="{result.verdict}" data-rules="{_a(rules)}" '
        f'data-owners="{_a(chr(10).join(result.owners))}" data-namespace="{_a(space)}" data-text="{_a(text)}">'
        f'<summary><span class="tag {result.verdict}">{result.verdict}</span> {_e(result.name)} '
        f'<span class="dim">{_e(rules)}</span></summary>'
    )
    return head + _facts(result) + _findings(result.findings) + "</details>"


def _facts(result: AuditResult) -> str:
    places = ", ".join(
        " ".join(
            part
            for part in (p.source, p.namespace, p.kind, p.name, p.tag, f"×{p.count}" if p.count > 1 else "")
            if part
        )
        for p in result.places[:20]
    )
    source = result.source
    pairs = [
        ("Image", result.reference),
        ("Digest", result.digest),
        ("Platform", result.platform),
        ("Where", places),
        ("Owners", ", ".join(result.owners)),
        ("User", "root (none set)" if result.user == "" else result.user),
        ("Shells", ", ".join(result.shells[:10])),
        ("Base", result.base),
        ("Size", f"{result.size.uncompressed / 1e6:,.1f} MB" if result.size.uncompressed is not None else None),
        ("Wasted", f"{result.size.wasted / 1e6:,.1f} MB" if result.size.wasted else None),
        ("Tags", ", ".join(result.tags[:20])),
        ("Source", " ".join(x for x in (source.repository, source.revision) if x) if source else None),
        ("Change", f"{source.dockerfile}:{source.line or 1}" if source and source.dockerfile else None),
        ("Drift", "; ".join(f"{d.reference} is now {d.now[:19]}" for d in result.drift)),
        ("At restart", result.at_restart),
    ]
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{_e(value)}</dd>" for name, value in pairs if value) + "</dl>"


def _findings(findings: Sequence[AuditFinding]) -> str:
    if not findings:
        return "<p class='dim'>Nothing found.</p>"
    items = []
    for one in findings:
        where = f" <span class='dim'>{_e(one.path)}{f':{one.line}' if one.line else ''}</span>" if one.path else ""
        fix = f"<br><span class='dim'>Fix: {_e(one.fix)}</span>" if one.fix and one.status == "violation" else ""
        exempted = " <b>exempted</b>" if one.exempted else ""
        kind = "undecided" if one.status == "undecided" else "deny" if one.level == "deny" else ""
        items.append(
            f'<li><span class="tag {kind}">{_e(one.level if one.status == "violation" else "undecided")}</span> '
            f"<code>{_e(one.rule)}</code>{exempted}: {_e(one.message)}{where}{fix}</li>"
        )
    return f"<ul class='findings'>{''.join(items)}</ul>"


def _table(title: str, caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return ""

    def cell(value: object) -> str:
        return f'<td class="num">{value:,}</td>' if isinstance(value, int) else f"<td>{value}</td>"

    first = rows[0]
    head = "".join(
        f'<th scope="col"{" class=num" if isinstance(first[position], int) else ""}>{name}</th>'
        for position, name in enumerate(heads)
    )
    body = "".join(f"<tr>{''.join(cell(value) for value in row)}</tr>" for row in rows)
    text = f"<caption>{_e(caption)}</caption>" if caption else ""
    return (
        f"<h2>{_e(title)}</h2><div class='scroll' role='region' aria-label='{_a(title)}' tabindex='0'>"
        f"<table>{text}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _e(value: object) -> str:
    return html.escape(plain.line(str(value), 1_000))


def _a(value: str) -> str:
    """An attribute's value: line breaks kept, everything else as text."""
    return html.escape("\n".join(plain.line(part, 1_000) for part in value.split("\n")), quote=True)
