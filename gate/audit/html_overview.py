"""The first part of the audit's page: where the estate stands, what changed, whom it concerns, what was allowed."""

from __future__ import annotations

from collections.abc import Sequence

from gate.audit.charts import layer_bar, share_bar, trend_chart
from gate.audit.diff import AuditDiff
from gate.audit.history import RunRow
from gate.audit.html_bases import Family
from gate.audit.html_parts import Markup, age, bdi, code, count, days_since, e, more, page_id, size, table, tag
from gate.audit.model import AuditReport, AuditResult, ExemptionState

_WORST = 12
_LISTED = 25


def incomplete(report: AuditReport) -> str:
    """What is not in the run, first of all."""
    if report.complete:
        return ""
    failures = report.coverage.failures
    rows = "".join(f"<li>{bdi(failure)}</li>" for failure in failures[:50])
    verb = "is" if len(failures) == 1 else "are"
    return (
        '<div class="note" role="note"><b>This run is incomplete.</b> '
        f"{count(len(failures), 'thing')} could not be listed or read and {verb} not in it:<ul>{rows}</ul>"
        f"{more(len(failures) - 50, 'failure')}</div>"
    )


def cards(report: AuditReport, before: RunRow | None) -> str:
    """The totals, each against the run before."""
    totals = report.totals
    shown = [
        ("Subjects", totals.subjects, "", before.subjects if before else None),
        ("Denied", totals.denied, "deny", before.denied if before else None),
        ("Undecided", totals.undecided, "undecided", before.undecided if before else None),
        ("Pass", totals.passed, "pass", before.passed if before else None),
        ("With exemptions", totals.exempted, "", None),
    ]
    if report.inputs.candidate:
        shown.append(("Newly refused by the candidate", totals.refused_at_restart, "deny", None))
    items = "".join(
        f'<li>{label}<b class="{kind}">{number:,}</b>{_change(number, was)}</li>' for label, number, kind, was in shown
    )
    parts = [("deny", totals.denied), ("undecided", totals.undecided), ("pass", totals.passed)]
    return f'<ul class="cards">{items}</ul>{share_bar(parts)}{_seen(report)}'


def _change(number: int, was: int | None) -> str:
    if was is None:
        return ""
    step = number - was
    text = "as before" if step == 0 else f"{step:+,} since the run before"
    return f'<span class="dim">{text}</span>'


def _seen(report: AuditReport) -> str:
    seen = ", ".join(
        f"{number:,} {e(kind.removesuffix('s') if number == 1 else kind)}"
        for kind, number in report.coverage.seen.items()
    )
    left = ", ".join(f"{number:,} {e(kind)}" for kind, number in report.coverage.skipped.items() if number)
    text = f"Listed: {seen or 'nothing'}. Judged: {count(report.coverage.judged, 'subject')}."
    return f'<p class="dim">{text}{f" Left out: {left}." if left else ""}</p>'


def undecided(report: AuditReport) -> str:
    """Why rules could not be decided, the most frequent reason first."""
    rows = [[reason, number] for reason, number in report.coverage.undecided.items()]
    return table("Reasons", ["Reason", "Subjects"], rows[:_LISTED], wide=[0]) + more(len(rows) - _LISTED, "reason")


def trend(report: AuditReport, history: Sequence[RunRow]) -> str:
    """Denied and undecided subjects over the runs of this estate."""
    rows = [row for row in reversed(history) if row.run != report.run]
    starts = [*(row.started for row in rows), report.started]
    days = [start[:10] for start in starts]
    names = days if len(set(days)) == len(days) else [start[:16].replace("T", " ") for start in starts]
    totals = report.totals
    points = [(name, row.denied, row.undecided) for name, row in zip(names, rows, strict=False)]
    points.append((names[-1], totals.denied, totals.undecided))
    if len(points) < 2:
        return ""
    numbers = table("Runs", ["Run", "Denied", "Undecided"], [list(point) for point in reversed(points)])
    told = f"<details><summary>The same as numbers</summary>{numbers}</details>"
    return f"<div class='scroll'>{trend_chart(points)}</div>{told}"


def changes(diff: AuditDiff | None) -> str:
    """What is new and what is fixed since the run before."""
    if diff is None:
        return ""
    notes = []
    if diff.policy_changed:
        notes.append("The policy or its settings changed between the two.")
    if not diff.comparable:
        notes.append("One of the two is incomplete: what is gone may only not have been read.")
    came = f"{count(len(diff.appeared), 'subject')} came, {len(diff.gone):,} went."
    lead = f"<p>{len(diff.new):,} new, {len(diff.fixed):,} fixed, {came} {' '.join(notes)}</p>"
    kinds = (
        ("new", "deny", diff.new),
        ("exempted", "undecided", diff.exempted),
        ("lowered", "undecided", diff.lowered),
    )
    rows: list[list[object]] = []
    left_out = 0
    for name, kind, found in (*kinds, ("fixed", "pass", diff.fixed)):
        rows += [
            [tag(kind, name), one.name, code(one.rule), ", ".join(one.owners), one.message] for one in found[:_LISTED]
        ]
        left_out += max(0, len(found) - _LISTED)
    heads = ["Change", "Subject", "Rule", "Owner", "What"]
    return lead + table("What changed", heads, rows, wide=[4]) + more(left_out, "finding")


def blast(report: AuditReport) -> str:
    """What passes today and the candidate would refuse, by owner."""
    hit = [one for one in report.results if one.verdict == "pass" and one.at_restart in {"deny", "undecided"}]
    if not report.inputs.candidate:
        return ""
    if not hit:
        return "<p>Nothing that passes today would be refused.</p>"
    hit.sort(key=lambda one: (one.owners[:1], one.name))
    rows = [
        [
            ", ".join(one.owners) or "(no owner)",
            _link(one),
            tag(one.at_restart or ""),
            Markup(", ".join(code(rule) for rule in _rules_of(one))),
            sum(place.count for place in one.places if place.kind),
        ]
        for one in hit
    ]
    heads = ["Owner", "Subject", "Would be", "For", "Running"]
    return table("Newly refused", heads, rows[:200], wide=[1]) + more(len(rows) - 200, "subject")


def _rules_of(one: AuditResult) -> list[str]:
    return sorted({f.rule for f in one.candidate_findings if f.level == "deny" and not f.exempted})


def owners(report: AuditReport) -> str:
    """One row an owner, with a bar of its verdicts."""
    candidate = bool(report.inputs.candidate)
    rows: list[list[object]] = []
    for row in report.owners[:100]:
        bar = share_bar([("deny", row.denied), ("undecided", row.undecided), ("pass", row.passed)])
        name = _filter("owner", row.owner)
        cells: list[object] = [name, Markup(bar), row.subjects, row.denied, row.undecided, row.passed]
        rows.append([*cells, row.refused_at_restart] if candidate else cells)
    heads = ["Owner", "Verdicts", "Subjects", "Denied", "Undecided", "Pass", *(["Newly refused"] if candidate else [])]
    return table("Owners", heads, rows) + more(len(report.owners) - 100, "owner")


def rules(report: AuditReport) -> str:
    """One row a rule that found something."""
    rows: list[list[object]] = [
        [_filter("rule", row.rule), row.title, row.severity, row.violations, row.undecided, row.exempted]
        for row in report.rules
    ]
    return table("Rules", ["Rule", "What it finds", "Severity", "Violations", "Undecided", "Exempted"], rows, wide=[1])


def _filter(name: str, value: str) -> Markup:
    """A link to the table of subjects that also sets its filter, where scripts run."""
    return Markup(f'<a href="#subjects" data-filter="{name}" data-value="{e(value, 1_000)}">{bdi(value)}</a>')


def controls(report: AuditReport) -> str:
    """Standards by control; one without findings is an answer too."""
    rows: list[list[object]] = [
        [one.control, Markup(", ".join(code(rule) for rule in one.rules)), one.violations, one.undecided]
        for one in report.controls
    ]
    return table("Controls", ["Control", "Rules that speak to it", "Violations", "Undecided"], rows, wide=[1])


def exemptions(report: AuditReport) -> str:
    """Exemptions, those that need somebody first."""
    order = ["expired", "unused", "overlapping", "expiring", "active"]
    found = sorted(report.exemptions, key=lambda one: (order.index(one.state), one.expires))
    rows: list[list[object]] = [
        [
            Markup(" ".join(tag(_look(state), state) for state in one.states or [one.state])),
            code(one.rule),
            one.owner,
            f"{one.reason}{f' ({one.ticket})' if one.ticket else ''}",
            _until(one),
            _since(one, report),
            one.used,
            one.covers,
        ]
        for one in found
    ]
    heads = ["State", "Rule", "Owner", "Reason", "Until", "First seen", "Waives", "Covers"]
    return table("Exemptions", heads, rows, wide=[3])


def _look(state: str) -> str:
    return {"expired": "deny", "expiring": "undecided", "overlapping": "undecided", "active": "pass"}.get(
        state, "plain"
    )


def _until(one: ExemptionState) -> str:
    if one.days_left < 0:
        return f"{one.expires}, over for {age(-one.days_left)}"
    return f"{one.expires}, {age(one.days_left)} left"


def _since(one: ExemptionState, report: AuditReport) -> str:
    days = days_since(one.first_seen, report.inputs.today or report.started)
    if days is None:
        return "this run"
    return f"{one.first_seen}, {age(days)} ago" if days else "today"


def loosened(report: AuditReport) -> str:
    """Where the settings ask less than the defaults."""
    rows: list[list[object]] = [[code(one.rule), one.where, tag(one.was), tag(one.now)] for one in report.loosened]
    return table("Loosened", ["Rule", "Where", "The default", "Here"], rows, wide=[1])


def drift(report: AuditReport) -> str:
    """Tags that name another image by now than the one that runs."""
    rows: list[list[object]] = [
        [_link(one), each.reference, code(each.running[:19]), code(each.now[:19])]
        for one in report.results
        for each in one.drift
    ]
    heads = ["Running", "Named as", "Runs", "The tag is now"]
    return table("Drift", heads, rows[:_LISTED], wide=[0]) + more(len(rows) - _LISTED, "workload")


def largest(report: AuditReport) -> str:
    """The largest images, drawn layer by layer; lighter layers are those of the base."""
    by_image: dict[str, AuditResult] = {}
    for result in report.results:
        if result.size.uncompressed and result.size.layers and result.kind in {"image", "container"}:
            key = f"{result.digest or result.key} {result.platform or ''}"
            if key not in by_image or result.kind == "image":
                by_image[key] = result
    worst = sorted(by_image.values(), key=lambda one: (-(one.size.uncompressed or 0), one.name))[:_WORST]
    if not worst:
        return ""
    family = Family(report)
    scale = max(sum(number for _, number, _ in one.size.layers) for one in worst)
    rows = "".join(f"<li>{_drawn(one, family, scale)}</li>" for one in worst)
    return f'<ul class="sizes">{rows}</ul>'


def _drawn(one: AuditResult, family: Family, scale: int) -> str:
    node = family.nodes.get(one.digest or one.key)
    below = node.layers if node else 0
    base = sum(number for _, number, _ in one.size.layers[:below])
    running = node.running if node else 0
    facts = [f"<b>{size(one.size.uncompressed)}</b>", count(len(one.size.layers), "layer")]
    if below:
        facts.append(f"{size(base)} of them its base's")
    if one.size.wasted:
        facts.append(f"{size(one.size.wasted)} wasted")
    if running:
        facts.append(count(running, "running container"))
    name = f'<a href="#{page_id(one)}">{bdi(one.name)}</a>'
    return f'{name} <span class="dim">{", ".join(facts)}</span>{layer_bar(one.size.layers, below, scale)}'


def _link(one: AuditResult) -> Markup:
    return Markup(f'<a href="#{page_id(one)}">{bdi(one.name)}</a>')
