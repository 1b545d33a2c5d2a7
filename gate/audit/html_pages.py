"""The second part of the audit's page: the table of all subjects with its filters, and a page for each image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gate.audit.charts import layer_bar
from gate.audit.html_bases import Family
from gate.audit.html_parts import (
    Markup,
    age,
    bdi,
    code,
    count,
    days_since,
    e,
    id_of,
    page_id,
    size,
    table,
    tag,
)
from gate.audit.model import AuditFinding, AuditReport, AuditResult

_PLACES = 60


def subjects(results: Sequence[AuditResult], total: int) -> str:
    """Filters and one row a subject."""
    rules = sorted({finding.rule for result in results for finding in result.findings})
    owners = sorted({owner for result in results for owner in result.owners})
    spaces = sorted({place.namespace for result in results for place in result.places if place.namespace})
    form = (
        '<form id="filters" class="filters" role="search" aria-label="Filter the subjects">'
        '<label>Text <input name="text" type="search" autocomplete="off"></label>'
        + _select("verdict", "Verdict", ["deny", "undecided", "pass"])
        + _select("rule", "Rule", rules)
        + _select("owner", "Owner", owners)
        + _select("namespace", "Namespace", spaces)
        + _select("kind", "Kind", sorted({result.kind for result in results}))
        + '<button type="reset">Show all</button></form>'
    )
    cut = f'<p class="note">The first {len(results):,} of {total:,} subjects; the JSON report has all.</p>'
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Verdict", "Subject", "Owner", "Namespace", "Found"))
    return (
        f'{form}<p id="shown" role="status" class="dim">{count(len(results), "subject")}</p>'
        f"{cut if total > len(results) else ''}"
        '<div class="scroll" role="region" aria-label="All subjects" tabindex="0"><table class="subjects"><thead><tr>'
        f"{heads}</tr></thead><tbody>{''.join(_row(result) for result in results)}</tbody></table></div>"
    )


def _select(name: str, label: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{e(value, 1_000)}">{e(value, 80)}</option>' for value in values)
    return f'<label>{label} <select name="{name}"><option value="">all</option>{options}</select></label>'


def _row(result: AuditResult) -> str:
    rules = sorted({finding.rule for finding in result.findings})
    spaces = sorted({place.namespace for place in result.places if place.namespace})
    text = f"{result.name} {result.reference or ''} {result.base or ''}".lower()
    denied = sorted({f.rule for f in result.findings if f.level == "deny" and not f.exempted})
    others = len(rules) - len(denied)
    found = ", ".join(code(rule) for rule in denied)
    found += f' <span class="dim">{"and " if denied else ""}{count(others, "other")}</span>' if others else ""
    return (
        f'<tr data-row data-verdict="{result.verdict}" data-kind="{result.kind}" '
        f'data-rules="{e(" ".join(rules), 4_000)}" '
        f'data-owners="{_lines(result.owners)}" data-namespaces="{_lines(spaces)}" data-text="{e(text, 1_000)}">'
        f'<td>{tag(result.verdict)}</td><th scope="row"><a href="#{page_id(result)}">{bdi(result.name)}</a></th>'
        f"<td>{', '.join(bdi(owner, 80) for owner in result.owners[:4])}</td>"
        f"<td>{', '.join(bdi(space, 80) for space in spaces[:4])}</td><td>{found}</td></tr>"
    )


def _lines(values: Iterable[str]) -> str:
    """Values for an attribute, apart by a character that none of them can hold once escaped."""
    return "&#10;".join(e(value, 1_000) for value in values)


def pages(report: AuditReport, results: Sequence[AuditResult]) -> str:
    """A page for every image with all that runs from it, and for every file."""
    family = Family(report)
    groups: dict[str, list[AuditResult]] = defaultdict(list)
    for result in results:
        groups[page_id(result)].append(result)
    return "\n".join(_page(name, group, family, report) for name, group in groups.items())


def _page(name: str, group: Sequence[AuditResult], family: Family, report: AuditReport) -> str:
    first = min(group, key=lambda one: (one.kind != "image", one.name))
    title = first.name
    if first.kind == "container" and first.reference and first.digest:
        title = first.reference.partition("@")[0]
    verdicts = " ".join(
        tag(verdict) for verdict in ("deny", "undecided", "pass") if any(r.verdict == verdict for r in group)
    )
    return (
        f'<article class="page" aria-labelledby="{name}"><h2 id="{name}" tabindex="-1">{bdi(title)}</h2>'
        f'<p class="back"><a href="#subjects">Back to the subjects</a></p><p>{verdicts}</p>'
        f"{_facts(first, group, family, report)}{_layers(first, family)}{_places(group)}{_findings(group)}</article>"
    )


def _facts(first: AuditResult, group: Sequence[AuditResult], family: Family, report: AuditReport) -> str:
    source = next((one.source for one in group if one.source), None)
    repository = " ".join(part for part in (source.repository, source.revision) if part) if source else ""
    change = f"{source.dockerfile}:{source.line or 1}" if source and source.dockerfile else ""
    platforms = sorted({one.platform for one in group if one.platform})
    tags = sorted({each for one in group for each in one.tags})
    owners = sorted({owner for one in group for owner in one.owners})
    today = report.inputs.today or report.started
    days = days_since(first.created, today)
    pairs: list[tuple[str, object]] = [
        ("Digest", code(first.digest) if first.digest else ""),
        ("Platforms" if len(platforms) > 1 else "Platform", ", ".join(platforms)),
        ("Owners", ", ".join(owners)),
        ("User", "root (none set)" if first.user == "" else first.user or ""),
        ("Shells", ", ".join(first.shells[:12])),
        ("Built on", _chain(first, family)),
        ("Stages", Markup(" → ".join(bdi(stage, 80) for stage in first.stages)) if len(first.stages) > 1 else ""),
        ("Made", f"{first.created}, {age(days)} ago" if first.created and days is not None else ""),
        ("Base made", _base_age(first, today)),
        ("Size", _sizes(first)),
        ("Tags", ", ".join(tags[:30])),
        ("Source says", repository),
        (
            "Change",
            Markup(f"{code(change)} <span class='dim'>joined by {e(source.joined_by)}</span>")
            if change and source
            else "",
        ),
        ("Drift", "; ".join(f"{d.reference} is {d.now[:19]} now" for one in group for d in one.drift)),
    ]
    rows = "".join(
        f"<dt>{name}</dt><dd>{value if isinstance(value, Markup) else bdi(value, 1_000)}</dd>"
        for name, value in pairs
        if value
    )
    return f"<dl>{rows}</dl>"


def _chain(first: AuditResult, family: Family) -> Markup | str:
    """All that an image is built on, the lowest first, as far as it is proven."""
    above = family.chain(first.digest or first.key)[:-1]
    if not above:
        return first.base or ""
    names = [
        f'<a href="#{id_of(node.key)}">{code(node.name)}</a>' if node.audited else code(node.name) for node in above
    ]
    return Markup(" → ".join(names))


def _base_age(first: AuditResult, today: str) -> str:
    days = days_since(first.base_created, today)
    made = f"{first.base_created}, {age(days)} ago" if days is not None else ""
    ends = f"supported until {first.supported_until}" if first.supported_until else ""
    return ", ".join(part for part in (made, ends) if part)


def _sizes(first: AuditResult) -> str:
    parts = [
        (first.size.uncompressed, "on disk"),
        (first.size.compressed, "in the registry"),
        (first.size.wasted or None, "wasted"),
    ]
    return ", ".join(f"{size(number)} {what}" for number, what in parts if number is not None)


def _layers(first: AuditResult, family: Family) -> str:
    layers = first.size.layers
    if not layers or first.kind not in {"image", "container"}:
        return ""
    node = family.nodes.get(first.digest or first.key)
    below = node.layers if node else 0
    bar = layer_bar(layers, below, sum(number for _, number, _ in layers), titles=False)
    rows: list[list[object]] = [
        [position + 1, size(number), "base" if position < below else "own", code(digest[7:19]), Markup(code(by, 200))]
        for position, (digest, number, by) in enumerate(layers)
    ]
    numbers = table("Layers", ["Layer", "Size", "Whose", "Digest", "Made by"], rows[:130], wide=[4])
    title = f"{count(len(layers), 'layer')}, the lowest first"
    return f"<h3>Layers</h3>{bar}<details><summary>{title}</summary>{numbers}</details>"


def _places(group: Sequence[AuditResult]) -> str:
    running = [one for one in group if one.kind == "container"]
    if not running:
        return ""
    candidate = any(one.at_restart for one in running)
    rows: list[list[object]] = [
        [
            one.name,
            ", ".join(one.owners),
            sum(place.count for place in one.places),
            tag(one.verdict),
            *([tag(one.at_restart or "pass")] if candidate else []),
        ]
        for one in running[:_PLACES]
    ]
    heads = ["Workload", "Owner", "Containers", "Today", *(["With the candidate"] if candidate else [])]
    return f"<h3>Where it runs</h3>{table('Where it runs', heads, rows, wide=[0])}"


def _findings(group: Sequence[AuditResult]) -> str:
    """Each finding once: an image and what runs from it share most of theirs."""
    found: dict[tuple[object, ...], list[tuple[AuditFinding, AuditResult]]] = defaultdict(list)
    for one in group:
        for finding in one.findings:
            line = (finding.path, finding.line) if one.kind in {"dockerfile", "manifest"} else None
            key = (finding.rule, finding.status, finding.level, finding.message, finding.exempted, line)
            found[key].append((finding, one))
    if not found:
        return "<h3>Findings</h3><p class='dim'>None.</p>"
    order = sorted(found.values(), key=lambda same: _rank(same[0][0]))
    items = "".join(_finding(same, len(group)) for same in order)
    return f"<h3>Findings</h3><ul class='findings'>{items}</ul>"


def _rank(one: AuditFinding) -> tuple[bool, bool, bool, str]:
    return one.exempted, one.level != "deny", one.status == "undecided", one.rule


def _finding(same: Sequence[tuple[AuditFinding, AuditResult]], subjects: int) -> str:
    """``same``: one finding, of each subject that has it; those are named where others do not have it."""
    one, result = same[0]
    fixes = dict.fromkeys(each.fix for each, _ in same if each.fix and each.status == "violation")
    names = list(dict.fromkeys(whose.name for _, whose in same))
    lines = [f"Fix: {bdi(fix, 600)}" for fix in fixes]
    if len(names) < subjects:
        rest = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
        lines.append(f"in {', '.join(bdi(name, 120) for name in names[:5])}{rest}")
    where = f"{one.path}:{one.line}" if one.line else one.path
    if where and result.kind in {"dockerfile", "manifest"}:
        lines.insert(0, code(where))
    waived = f" <b>exempted</b> <span class='dim'>{bdi(one.exempted_by or '')}</span>" if one.exempted else ""
    kind = "undecided" if one.status == "undecided" else one.level
    below = "".join(f"<br><span class='dim'>{line}</span>" for line in lines)
    return f"<li>{tag(kind)} {code(one.rule)}{waived}: {bdi(one.message, 600)}{below}</li>"
