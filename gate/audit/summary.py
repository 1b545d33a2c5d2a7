"""Views of an audit: totals, owners, rules, controls, what was loosened. All pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gate.audit.model import (
    AuditResult,
    ControlSummary,
    Loosened,
    OwnerSummary,
    RuleSummary,
    Totals,
)
from gate.bundle.catalogue import Rule
from gate.settings import Settings
from gate.settings.model import LEVELS

NOBODY = "(no owner)"


def totals(results: Iterable[AuditResult]) -> Totals:
    """Counts over all subjects."""
    verdicts: Counter[str] = Counter()
    exempted = refused = 0
    for result in results:
        verdicts[result.verdict] += 1
        exempted += any(finding.exempted for finding in result.findings)
        refused += _newly_refused(result)
    return Totals(
        subjects=verdicts.total(),
        denied=verdicts["deny"],
        undecided=verdicts["undecided"],
        passed=verdicts["pass"],
        exempted=exempted,
        refused_at_restart=refused,
    )


def by_owner(results: Iterable[AuditResult]) -> list[OwnerSummary]:
    """One row an owner, the one with most denials first; a subject of two owners counts for both."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        for owner in result.owners or [NOBODY]:
            found[owner]["subjects"] += 1
            found[owner][result.verdict] += 1
            found[owner]["refused"] += _newly_refused(result)
    rows = [
        OwnerSummary(
            owner=owner,
            subjects=count["subjects"],
            denied=count["deny"],
            undecided=count["undecided"],
            passed=count["pass"],
            refused_at_restart=count["refused"],
        )
        for owner, count in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.denied, -row.undecided, row.owner))


def by_rule(results: Iterable[AuditResult], catalogue: Mapping[str, Rule]) -> list[RuleSummary]:
    """One row for every rule that found something, the most frequent first."""
    violations, undecided, exempted = Counter[str](), Counter[str](), Counter[str]()
    severities = {}
    for result in results:
        for finding in result.findings:
            severities[finding.rule] = finding.severity
            where = exempted if finding.exempted else violations if finding.status == "violation" else undecided
            where[finding.rule] += 1
    rows = [
        RuleSummary(
            rule=rule,
            title=catalogue[rule].title if rule in catalogue else rule,
            severity=severity,
            violations=violations[rule],
            undecided=undecided[rule],
            exempted=exempted[rule],
            controls=list(catalogue[rule].controls) if rule in catalogue else [],
        )
        for rule, severity in severities.items()
    ]
    return sorted(rows, key=lambda row: (-row.violations, -row.undecided, row.rule))


def by_control(rules: Sequence[RuleSummary], catalogue: Mapping[str, Rule]) -> list[ControlSummary]:
    """One row a control of a standard, those without a finding included: silence is an answer too."""
    counted = {row.rule: row for row in rules}
    speaking: dict[str, list[str]] = defaultdict(list)
    for rule in catalogue.values():
        for control in rule.controls:
            speaking[control].append(rule.id)
    return [
        ControlSummary(
            control=control,
            rules=sorted(named),
            violations=sum(counted[rule].violations for rule in named if rule in counted),
            undecided=sum(counted[rule].undecided for rule in named if rule in counted),
        )
        for control, named in sorted(speaking.items(), key=lambda item: _natural(item[0]))
    ]


def loosened(settings: Settings, shipped: Settings, catalogue: Mapping[str, Rule]) -> list[Loosened]:
    """Where gate.yaml asks less than the defaults: levels, limits, what is made of doubt, fewer rules.

    ``shipped`` are the settings of no gate.yaml at all, of the same collection.
    """
    file = str(settings.written.path.name) if settings.written.path else "defaults"
    found = []
    collection = settings.written.collection
    if _COLLECTIONS.index(collection) < _COLLECTIONS.index(_DEFAULT_COLLECTION):
        found.append(Loosened(where=file, rule="collection", was=_DEFAULT_COLLECTION, now=collection))
    for environment in settings.names:
        like = environment if environment in shipped.names else "prod"
        where = f"{file}, environment {environment}"
        pairs = [(rule, shipped.level(rule, like), settings.level(rule, environment)) for rule in catalogue]
        stances = (shipped.stance(like), settings.stance(environment))
        pairs += [(name, *(getattr(stance, name) for stance in stances)) for name in ("undecided", "evidence_pending")]
        for name, was, now in pairs:
            if LEVELS.index(now) < LEVELS.index(was):
                found.append(Loosened(where=where, rule=name, was=was, now=now))
        for rule, limits in _LIMITS.items():
            if rule in catalogue and settings.level(rule, environment) != "ignore":
                before, after = shipped.parameters(rule, like), settings.parameters(rule, environment)
                found += [
                    Loosened(
                        where=where,
                        rule=rule,
                        was=f"{name} {_bytes(before[name])}",
                        now=f"{name} {_bytes(after[name])}",
                    )
                    for name in limits
                    if _unbounded(after[name]) > _unbounded(before[name])
                ]
    return found


_COLLECTIONS = ("essential", "recommended", "strict")
_DEFAULT_COLLECTION = "recommended"
_LIMITS = {"max-size": ("uncompressed", "compressed"), "wasted-space": ("most",)}
"""Parameters of rules, in bytes, that ask less where they are larger; null is no limit."""


def _unbounded(limit: int | None) -> float:
    return float("inf") if limit is None else limit


def _bytes(limit: int | None) -> str:
    return "without limit" if limit is None else f"{limit / 10**6:g} MB"


def _newly_refused(result: AuditResult) -> bool:
    """Whether the candidate policy refuses what runs today."""
    return result.at_restart in {"deny", "undecided"} and result.verdict == "pass"


def _natural(text: str) -> list[tuple[int, str]]:
    """``CIS Docker 4.9`` before ``CIS Docker 4.10``."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in text.replace(".", " ").split()]
