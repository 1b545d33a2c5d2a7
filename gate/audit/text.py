"""Audits as text, markdown, CSV, and a Prometheus textfile. Pure; every value from outside is cleaned."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from gate.audit.diff import AuditDiff
from gate.audit.history import RuleTrend, RunRow
from gate.audit.model import AuditReport, AuditResult, RuleSummary
from gate.report import plain

_SHOWN = 20


def text(report: AuditReport) -> str:
    """What a person wants to know first: how many, whose, which rules, and what is missing."""
    totals = report.totals
    lines = [
        f"audit {report.run}: {totals.subjects} subjects, {totals.denied} denied, {totals.undecided} undecided, "
        f"{totals.passed} pass, {totals.exempted} with exemptions ({report.environment})",
    ]
    if report.inputs.candidate:
        lines.append(f"with the candidate policy {totals.refused_at_restart} more would be refused at their restart")
    if report.owners:
        candidate = bool(report.inputs.candidate)
        heading = "owner                            subjects  denied  undecided"
        lines += ["", heading + ("  at restart" if candidate else "")]
        lines += [
            f"{_cut(row.owner, 32):32} {row.subjects:>8} {row.denied:>7} {row.undecided:>10}"
            + (f" {row.refused_at_restart:>11}" if candidate else "")
            for row in report.owners[:_SHOWN]
        ]
    if report.rules:
        lines += ["", "rule                       severity  violations  undecided  exempted"]
        lines += [
            f"{row.rule:26} {row.severity:8} {row.violations:>11} {row.undecided:>10} {row.exempted:>9}"
            for row in report.rules[:_SHOWN]
        ]
    worst = [result for result in report.results if result.verdict == "deny"][:_SHOWN]
    if worst:
        lines += ["", "denied:"]
        lines += [f"  {plain.line(result.name, 100)}: {_rules(result)}" for result in worst]
        if totals.denied > len(worst):
            lines.append(f"  and {totals.denied - len(worst)} more")
    lines += _at_restart(report)
    lines += [f"drift: {plain.line(line, 160)}" for line in _drifts(report.results)]
    lines += [f"exemption {plain.line(line, 200)}" for line in _troubled(report)]
    lines += [f"loosened: {one.rule} {one.was} to {one.now} ({plain.line(one.where, 80)})" for one in report.loosened]
    reasons = list(report.coverage.undecided.items())
    lines += [f"undecided ({number}): {plain.line(reason, 200)}" for reason, number in reasons[:_SHOWN]]
    lines += [f"incomplete: {plain.line(failure, 200)}" for failure in report.coverage.failures[:_SHOWN]]
    if len(report.coverage.failures) > _SHOWN:
        lines.append(f"incomplete: and {len(report.coverage.failures) - _SHOWN} more")
    if not report.complete:
        lines.append("the run is incomplete: what could not be listed or read is not in it (exit 3)")
    return "\n".join(lines) + "\n"


def _at_restart(report: AuditReport) -> list[str]:
    """What passes today and the candidate would refuse, by owner."""
    hit = [one for one in report.results if one.verdict == "pass" and one.at_restart in {"deny", "undecided"}]
    hit.sort(key=lambda one: (one.owners[:1], one.name))
    lines = [
        f"  {_cut(', '.join(one.owners) or '-', 24):24} {plain.line(one.name, 90)}: {_candidate_rules(one)}"
        for one in hit[:_SHOWN]
    ]
    rest = [f"  and {len(hit) - _SHOWN} more"] if len(hit) > _SHOWN else []
    return ["", "refused at their next restart:", *lines, *rest] if hit else []


def _candidate_rules(result: AuditResult) -> str:
    return ", ".join(sorted({f.rule for f in result.candidate_findings if f.level == "deny" and not f.exempted}))


def _troubled(report: AuditReport) -> list[str]:
    """Exemptions that somebody should look at."""
    lines = []
    for one in report.exemptions:
        states = [state for state in one.states if state != "active"]
        if not states:
            continue
        until = f"over since {one.expires}" if one.days_left < 0 else f"until {one.expires}"
        still = f", would waive {one.covers}" if "expired" in states and one.covers else ""
        lines.append(f"{', '.join(states)}: {one.rule} ({one.owner}, {until}, waives {one.used}{still})")
    return lines[:_SHOWN]


def markdown(report: AuditReport) -> str:
    """A summary for a merge request or a wiki."""
    totals, candidate = report.totals, bool(report.inputs.candidate)
    lines = [
        f"# Audit {_cell(report.run)}",
        "",
        f"{totals.subjects} subjects: **{totals.denied} denied**, {totals.undecided} undecided, {totals.passed} pass. "
        f"Sources: {_cell(', '.join(report.inputs.sources)) or 'none'}. "
        f"Policy `{report.inputs.policy[:19]}`, environment `{report.environment}`."
        + ("" if report.complete else " **The run is incomplete.**"),
        "",
        "| owner | subjects | denied | undecided |" + (" refused at restart |" if candidate else ""),
        "|---|---:|---:|---:|" + ("---:|" if candidate else ""),
    ]
    lines += [
        f"| {_cell(row.owner)} | {row.subjects} | {row.denied} | {row.undecided} |"
        + (f" {row.refused_at_restart} |" if candidate else "")
        for row in report.owners
    ]
    lines += ["", "| rule | severity | violations | undecided | exempted |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {row.rule} | {row.severity} | {row.violations} | {row.undecided} | {row.exempted} |" for row in report.rules
    ]
    for title, listed in (
        ("Refused at their next restart", [line.strip() for line in _at_restart(report)[2:]]),
        ("Tags that moved", _drifts(report.results)),
        ("Exemptions to look at", _troubled(report)),
        ("Not read", report.coverage.failures),
    ):
        lines += ["", f"{title}:", "", *(f"- {_cell(line)}" for line in listed)] if listed else []
    return "\n".join(lines) + "\n"


def as_csv(report: AuditReport) -> str:
    """A row a finding, and one for each subject without any."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_ABOUT, *_FOUND, *_MORE])
    for result in report.results:
        head, tail = _about(result), _more(result)
        for finding in result.findings:
            middle = [finding.rule, finding.level, finding.status, finding.severity, str(finding.exempted).lower()]
            row = [*head, *middle, finding.message, finding.fix or "", *tail]
            writer.writerow([_formula_free(str(value)) for value in row])
        if not result.findings:
            writer.writerow([_formula_free(str(value)) for value in [*head, *[""] * len(_FOUND), *tail]])
    return out.getvalue()


_ABOUT = ("name", "kind", "verdict", "owner", "namespace", "reference", "digest")
_FOUND = ("rule", "level", "status", "severity", "exempted", "message", "fix")
_MORE = ("dockerfile", "line", "base", "base_created", "bytes", "containers", "at_restart")


def _about(result: AuditResult) -> list[object]:
    spaces = dict.fromkeys(place.namespace for place in result.places if place.namespace)
    subject = [result.reference or "", result.digest or ""]
    return [result.name, result.kind, result.verdict, "; ".join(result.owners), "; ".join(spaces), *subject]


def _more(result: AuditResult) -> list[object]:
    source, size = result.source, result.size.uncompressed
    return [
        (source.dockerfile if source else "") or "",
        (source.line if source else "") or "",
        result.base or "",
        result.base_created or "",
        size if size is not None else "",
        sum(place.count for place in result.places) if result.kind == "container" else "",
        result.at_restart or "",
    ]


def prometheus(report: AuditReport) -> str:
    """Gauges for the node exporter's textfile collector; labels hold rule ids, states and verdicts only."""
    totals = report.totals
    verdicts = (("deny", totals.denied), ("undecided", totals.undecided), ("pass", totals.passed))
    states = Counter(one.state for one in report.exemptions)
    finished = dt.datetime.fromisoformat(report.finished).timestamp() if report.finished else 0
    drifting = sum(bool(result.drift) for result in report.results)

    def by_rule(pick: Callable[[RuleSummary], int]) -> list[tuple[str, int]]:
        return [(f'rule="{row.rule}",severity="{row.severity}"', pick(row)) for row in report.rules]

    lines = [
        *_gauge("subjects", "Subjects of the last audit by verdict.", [(f'verdict="{v}"', n) for v, n in verdicts]),
        *_gauge("violations", "Violations of the last audit by rule.", by_rule(lambda row: row.violations)),
        *_gauge("undecided", "Rules of the last audit that could not be decided.", by_rule(lambda row: row.undecided)),
        *_gauge("exemptions", "Exemptions by state.", [(f'state="{s}"', n) for s, n in sorted(states.items())]),
        *_gauge("drifting", "Running subjects whose tag names another image by now.", [("", drifting)]),
        *_gauge("complete", "Whether the last audit saw everything.", [("", int(report.complete))]),
        *_gauge("finished_timestamp_seconds", "When the last audit ended.", [("", int(finished))]),
    ]
    if report.inputs.candidate:
        text = "Subjects that pass and the candidate policy would refuse."
        lines += _gauge("refused_at_restart", text, [("", totals.refused_at_restart)])
    return "\n".join(lines) + "\n"


def _gauge(name: str, text: str, values: Sequence[tuple[str, int]]) -> list[str]:
    samples = [f"gate_audit_{name}{f'{{{labels}}}' if labels else ''} {value}" for labels, value in values]
    return [f"# HELP gate_audit_{name} {text}", f"# TYPE gate_audit_{name} gauge", *samples] if samples else []


def difference(diff: AuditDiff) -> str:
    """What changed between two runs, for people."""
    lines = [f"{diff.before} -> {diff.after}: {len(diff.new)} new, {len(diff.fixed)} fixed"]
    if diff.exempted or diff.lowered:
        lines[0] += f"; denied no longer, but still found: {len(diff.exempted)} exempted, {len(diff.lowered)} lowered"
    if diff.policy_changed:
        lines.append("the policy or its settings changed between the two")
    if not diff.comparable:
        lines.append("one of the two is incomplete: what is missing may only not have been read")
    lines += [f"  new    {plain.line(one.name, 90)}: {one.rule}: {plain.line(one.message, 120)}" for one in diff.new]
    lines += [f"  fixed  {plain.line(one.name, 90)}: {one.rule}" for one in diff.fixed]
    lines += [f"  exempted {plain.line(one.name, 90)}: {one.rule}" for one in diff.exempted]
    lines += [f"  lowered  {plain.line(one.name, 90)}: {one.rule}" for one in diff.lowered]
    lines += [f"  verdict {plain.line(one.name, 90)}: {one.was} -> {one.now}" for one in diff.verdicts]
    lines += [f"  came   {plain.line(name, 120)}" for name in diff.appeared]
    lines += [f"  went   {plain.line(name, 120)}" for name in diff.gone]
    return "\n".join(lines) + "\n"


def runs(rows: Iterable[RunRow]) -> str:
    """A line a run, the newest first."""
    lines = ["run                       started               subjects  denied  undecided  complete  sources"]
    lines += [
        f"{_cut(row.run, 25):25} {row.started:20} {row.subjects:>9} {row.denied:>7} {row.undecided:>10}  "
        f"{'yes' if row.complete else 'no':8}  {plain.line(row.scope or '', 60)}"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def trend(columns: Sequence[RunRow], rows: Iterable[RuleTrend]) -> str:
    """Violations by rule, a column a run, the oldest first; runs without any have zeros."""
    by_rule: dict[str, dict[str, int]] = {}
    for row in rows:
        by_rule.setdefault(row.rule, {})[row.run] = row.violations
    if not by_rule:
        return "no violations in any run\n"
    days = " ".join(f"{column.started[5:10]:>5}" for column in columns)
    lines = [f"sources: {plain.line(columns[-1].scope or '', 200)}"] if columns else []
    lines += [f"{'':28} {days}", f"{'denied subjects':28} " + " ".join(f"{column.denied:>5}" for column in columns)]
    lines += [
        f"{rule:28} " + " ".join(f"{counts.get(column.run, 0):>5}" for column in columns)
        for rule, counts in sorted(by_rule.items())
    ]
    return "\n".join(lines) + "\n"


def _rules(result: AuditResult) -> str:
    return ", ".join(sorted({f.rule for f in result.findings if f.level == "deny" and not f.exempted}))


def _drifts(results: Iterable[AuditResult]) -> list[str]:
    found = {drift: None for result in results for drift in result.drift}
    return [f"{drift.reference} runs as {drift.running[:19]}, its tag is now {drift.now[:19]}" for drift in found][
        :_SHOWN
    ]


def _cut(value: str, width: int) -> str:
    clean = plain.line(value, 200)
    return clean if len(clean) <= width else clean[: width - 1] + "…"


def _cell(value: str) -> str:
    return plain.line(value, 200).replace("|", "\\|").replace("<", "&lt;")


def _formula_free(value: str) -> str:
    """Spreadsheets run what begins like a formula; a quote keeps it text."""
    return f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
