"""The audit as one self-contained HTML file: no network, no tracking, readable without a script and on paper.

Everything from outside is escaped; a content security policy allows only this file's own style and script. With the
script, each image's facts are a page of their own; without it, the pages follow the overview.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gate.audit import html_overview as overview
from gate.audit.diff import AuditDiff
from gate.audit.history import RunRow
from gate.audit.html_bases import base_tree
from gate.audit.html_pages import pages, subjects
from gate.audit.html_parts import bdi, code, e, section
from gate.audit.model import AuditReport

MAX_SUBJECTS = 5_000
_ORDER = {"deny": 0, "undecided": 1, "pass": 2}


def render(report: AuditReport, history: Sequence[RunRow] = (), diff: AuditDiff | None = None) -> str:
    """The whole page. ``history``: runs of the same estate, the newest first; ``diff``: since the run before."""
    results = sorted(report.results, key=lambda r: (_ORDER[r.verdict], r.name))
    shown = results[:MAX_SUBJECTS]
    parts = _sections(report, history, diff)
    parts.append(("subjects", "Subjects", subjects(shown, len(results)), ""))
    links = "".join(f'<li><a href="#{name}">{e(title)}</a></li>' for name, title, body, _ in parts if body)
    return "\n".join(
        [
            *_head(report),
            "<body>",
            '<a class="skip" href="#subjects">Skip to the subjects</a>',
            '<div id="overview">',
            _header(report),
            f'<nav aria-label="Sections"><ul>{links}</ul></nav>',
            "<main>",
            overview.incomplete(report),
            *(section(name, title, body, lead) for name, title, body, lead in parts if body),
            "</main>",
            "</div>",
            f'<div id="pages" role="region" aria-label="Pages of images and files">{pages(report, shown)}</div>',
            f"<script>{_asset('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _sections(
    report: AuditReport, history: Sequence[RunRow], diff: AuditDiff | None
) -> list[tuple[str, str, str, str]]:
    """(id, title, body, lead) in reading order; those without a body are left out."""
    before = next((row for row in history if row.run != report.run), None)
    since = f"Since run {bdi(diff.before)}." if diff else ""
    broken = "It passes today, and would be refused when it is next created."
    small = "Lighter layers are those of its base. The whole width is the largest image."
    exempted = "Waives: findings it waives now. Covers: findings it is about, were it valid and alone."
    claims = "Links between images are proven by their layers; what Dockerfiles name is what will be built."
    return [
        ("summary", "Summary", overview.cards(report, before), ""),
        ("trend", "Trend", overview.trend(report, history), ""),
        ("changes", "What changed", overview.changes(diff), since),
        (
            "candidate",
            "What the candidate would break",
            overview.blast(report),
            broken,
        ),
        ("owners", "Owners", overview.owners(report), "The one with most denials first."),
        ("rules", "Rules", overview.rules(report), "The most frequent first."),
        ("bases", "Base images in use", base_tree(report), claims),
        ("largest", "Largest images", overview.largest(report), small),
        ("drift", "Tags that moved", overview.drift(report), "A restart would run another image than the one judged."),
        ("undecided", "Why rules could not be decided", overview.undecided(report), ""),
        ("exemptions", "Exemptions", overview.exemptions(report), exempted),
        ("loosened", "What was loosened", overview.loosened(report), "Settings that ask less than the defaults."),
        ("controls", "Controls", overview.controls(report), "None found is shown as 0."),
    ]


def _head(report: AuditReport) -> list[str]:
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>gate audit {e(report.run)}</title>",
        f"<style>{style}</style>",
        "</head>",
    ]


def _header(report: AuditReport) -> str:
    sources = ", ".join(bdi(source, 120) for source in report.inputs.sources)
    when = report.started.replace("T", " ").replace("Z", " UTC")
    candidate = f", candidate {code(report.inputs.candidate)}" if report.inputs.candidate else ""
    return (
        f"<header><h1>Audit of {sources or 'nothing'}</h1>"
        f'<p class="dim">Run {code(report.run)} of {e(when)}; environment {bdi(report.environment)}, policy '
        f"{code(report.inputs.policy[:19])}{candidate}, gate {e(report.gate)}</p></header>"
    )


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
