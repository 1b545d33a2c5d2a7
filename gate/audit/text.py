"""Audits as text, markdown, CSV, and a Prometheus textfile. Pure; every value from outside is cleaned."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from gate.audit.diff import AuditDiff
from gate.audit.history import RuleTrend, RunRow
from gate.audit.model import AuditReport, AuditResult
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
        lines += ["", "owner                            subjects  denied  undecided  at restart"]
        lines += [
            f"{_cut(row.owner, 32):32} {row.subjects:>8} {row.denied:>7} {row.undecided:>10} "
            f"{row.refused_at_restart:>11}"
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
    lines += [f"drift: {plain.line(line, 160)}" for line in _drifts(report.results)]
    lines += [f"incomplete: {plain.line(failure, 200)}" for failure in report.coverage.failures[:_SHOWN]]
    if not report.complete:
        lines.append("the run is incomplete: what could not be listed or read is not in it (exit 3)")
    return "\n".join(lines) + "\n"


def markdown(report: AuditReport) -> str:
    """A summary for a merge request or a wiki."""
    totals = report.totals
    lines = [
        f"# Audit {report.run}",
        "",
        f"{totals.subjects} subjects: **{totals.denied} denied**, {totals.undecided} undecided, {totals.passed} pass. "
        f"Policy `{report.inputs.policy[:19]}`, environment `{report.environment}`."
        + ("" if report.complete else " **The run is incomplete.**"),
        "",
        "| owner | subjects | denied | undecided | refused at restart |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {_cell(row.owner)} | {row.subjects} | {row.denied} | {row.undecided} | {row.refused_at_restart} |"
        for row in report.owners
    ]
    lines += ["", "| rule | severity | violations | undecided | exempted |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {row.rule} | {row.severity} | {row.violations} | {row.undecided} | {row.exempted} |" for row in report.rules
    ]
    if report.coverage.failures:
        lines += ["", "Not read:", ""] + [f"- {_cell(failure)}" for failure in report.coverage.failures]
    return "\n".join(lines) + "\n"


def as_csv(report: AuditReport) -> str:
    """A row a finding, and one for each subject without any."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ["name", "kind", "verdict", "owner", "namespace", "reference", "digest", "rule", "level", "status"]
    writer.writerow([*columns, "severity", "exempted", "message", "fix", "dockerfile", "line"])
    for result in report.results:
        place = result.places[0] if result.places else None
        head = [
            result.name,
            result.kind,
            result.verdict,
            result.owners[0] if result.owners else "",
            (place.namespace if place else "") or "",
            result.reference or "",
            result.digest or "",
        ]
        source = result.source
        tail = [(source.dockerfile if source else "") or "", (source.line if source else "") or ""]
        for finding in result.findings:
            middle = [finding.rule, finding.level, finding.status, finding.severity, str(finding.exempted).lower()]
            row = [*head, *middle, finding.message, finding.fix or "", *tail]
            writer.writerow([_formula_free(str(value)) for value in row])
        if not result.findings:
            writer.writerow([_formula_free(str(value)) for value in [*head, *[""] * 7, *tail]])
    return out.getvalue()


def prometheus(report: AuditReport) -> str:
    """Gauges for the node exporter's textfile collector; labels hold rule ids and verdicts only."""
    totals = report.totals
    lines = ["# HELP gate_audit_subjects Subjects of the last audit by verdict.", "# TYPE gate_audit_subjects gauge"]
    lines += [
        f'gate_audit_subjects{{verdict="{verdict}"}} {count}'
        for verdict, count in (("deny", totals.denied), ("undecided", totals.undecided), ("pass", totals.passed))
    ]
    lines += [
        "# HELP gate_audit_violations Violations of the last audit by rule.",
        "# TYPE gate_audit_violations gauge",
    ]
    lines += [
        f'gate_audit_violations{{rule="{row.rule}",severity="{row.severity}"}} {row.violations}' for row in report.rules
    ]
    lines += [
        "# HELP gate_audit_complete Whether the last audit saw everything.",
        "# TYPE gate_audit_complete gauge",
        f"gate_audit_complete {int(report.complete)}",
        "# HELP gate_audit_refused_at_restart Running subjects that the candidate policy would refuse.",
        "# TYPE gate_audit_refused_at_restart gauge",
        f"gate_audit_refused_at_restart {totals.refused_at_restart}",
    ]
    return "\n".join(lines) + "\n"


def difference(diff: AuditDiff) -> str:
    """What changed between two runs, for people."""
    lines = [f"{diff.before} -> {diff.after}: {len(diff.new)} new, {len(diff.fixed)} fixed"]
    if diff.policy_changed:
        lines.append("the policy or its settings changed between the two")
    if not diff.comparable:
        lines.append("one of the two is incomplete: what is missing may only not have been read")
    lines += [f"  new    {plain.line(one.name, 90)}: {one.rule}: {plain.line(one.message, 120)}" for one in diff.new]
    lines += [f"  fixed  {plain.line(one.name, 90)}: {one.rule}" for one in diff.fixed]
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
