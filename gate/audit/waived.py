"""Exemptions with their age and use: what each waives, what it would waive alone, and which of them overlap."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gate.audit.model import AuditResult, ExemptionState, Place, Standing
from gate.audit.onboard import evidence_of
from gate.evidence.model import Evidence
from gate.exemptions import covers
from gate.finding import ExemptionUse
from gate.settings.model import Exemption
from gate.settings.patterns import matches_any, name_of

EXPIRING = dt.timedelta(days=30)


def exemption_states(
    exemptions: Sequence[Exemption], results: Sequence[AuditResult], used: Mapping[int, int], today: dt.date
) -> list[ExemptionState]:
    """Every exemption with its state. ``used``: findings waived, by the exemption's position."""
    held = [one.expires >= today for one in exemptions]
    covered: defaultdict[int, int] = defaultdict(int)
    overlapping = _alike(exemptions, held)
    for together in _covering(exemptions, results):
        for index in together:
            covered[index] += 1
        valid = [index for index in together if held[index]]
        overlapping |= set(valid) if len(valid) > 1 else set()
    return [
        _state(one, max(covered[index], used.get(index, 0)), used.get(index, 0), index in overlapping, today, results)
        for index, one in enumerate(exemptions)
    ]


def inline_states(uses: Mapping[ExemptionUse, int], today: dt.date) -> list[ExemptionState]:
    """Exemptions written in Dockerfiles, with how many findings each waives; ignores of other linters never end."""
    return [
        _inline(use, count, today)
        for use, count in sorted(uses.items(), key=lambda pair: (pair[0].source or "", pair[0].rule))
    ]


def _inline(use: ExemptionUse, count: int, today: dt.date) -> ExemptionState:
    try:
        left = (dt.date.fromisoformat(use.expires) - today).days
    except ValueError:
        left = EXPIRING.days + 1
    states: list[Standing] = [] if use.state == "active" else [use.state]
    if use.state != "expired" and left <= EXPIRING.days:
        states.append("expiring")
    return ExemptionState(
        rule=use.rule,
        owner=use.owner,
        reason=use.reason,
        expires=use.expires,
        ticket=use.ticket,
        source=use.source,
        identity=hashlib.sha256(repr((use.rule, use.source, use.reason)).encode()).hexdigest()[:32],
        used=count,
        covers=count,
        days_left=left,
        state=states[0] if states else "active",
        states=states,
    )


def _state(
    one: Exemption, covered: int, used: int, overlaps: bool, today: dt.date, results: Sequence[AuditResult]
) -> ExemptionState:
    expired = one.expires < today
    told: list[tuple[Standing, bool]] = [
        ("expired", expired),
        ("unused", covered == 0 and bool(results)),
        ("overlapping", overlaps),
        ("expiring", not expired and one.expires - today <= EXPIRING),
    ]
    states = [name for name, holds in told if holds]
    return ExemptionState(
        rule=one.rule,
        owner=one.owner,
        reason=one.reason,
        expires=one.expires.isoformat(),
        ticket=one.ticket,
        source=one.source,
        identity=hashlib.sha256(_selectors(one).encode()).hexdigest()[:32],
        used=used,
        covers=covered,
        days_left=(one.expires - today).days,
        state=states[0] if states else "active",
        states=states,
    )


def _alike(exemptions: Sequence[Exemption], held: Sequence[bool]) -> set[int]:
    """Positions of exemptions whose rule and selectors another one that holds has as well."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(exemptions):
        if held[index]:
            places[_selectors(one)].append(index)
    return {index for same in places.values() if len(same) > 1 for index in same}


def _selectors(one: Exemption) -> str:
    return repr((one.rule, one.paths, one.images, one.digests, one.namespaces, one.containers))


def _covering(exemptions: Sequence[Exemption], results: Sequence[AuditResult]) -> Iterator[list[int]]:
    """For every finding that some exemption is about, the positions of those that cover it, expired or not."""
    by_rule: dict[str, _Index] = {}
    for index, one in enumerate(exemptions):
        by_rule.setdefault(one.rule, _Index(exemptions)).positions.append(index)
    for result in results:
        concerned = [finding for finding in result.findings if finding.rule in by_rule]
        places = (result.places or [Place(source="")]) if concerned else []
        evidence = [evidence_of(result, place) for place in places]
        name = name_of(result.reference) if concerned and result.reference else None
        for finding in concerned:
            found = {
                index
                for one in evidence
                for index in by_rule[finding.rule].near(one, name.path if name else None)
                if covers(exemptions[index], one, finding.path)
            }
            if found:
                yield sorted(found)


class _Index:
    """Exemptions of one rule, so that few have to be looked at for one subject: by namespace, then by repository."""

    def __init__(self, exemptions: Sequence[Exemption]) -> None:
        self.positions: list[int] = []
        self._exemptions = exemptions
        self._spaces: dict[str | None, tuple[dict[str, list[int]], list[int]]] = {}

    def near(self, evidence: Evidence, repository: str | None) -> list[int]:
        """Positions of exemptions that may cover a subject; none that does is left out."""
        space = evidence.workload.namespace if evidence.workload is not None else None
        if space not in self._spaces:
            self._spaces[space] = self._of(space)
        by_name, rest = self._spaces[space]
        return [*by_name.get(repository or "", ()), *rest]

    def _of(self, space: str | None) -> tuple[dict[str, list[int]], list[int]]:
        by_name: dict[str, list[int]] = defaultdict(list)
        rest = []
        for index in self.positions:
            one = self._exemptions[index]
            if one.namespaces is not None and (space is None or not matches_any(one.namespaces, space)):
                continue
            names = [_literal(pattern["image"]) for pattern in one.images or ()]
            if names and all(names):
                for name in dict.fromkeys(names):
                    by_name[name or ""].append(index)
            else:
                rest.append(index)
        return by_name, rest


def _literal(image: str) -> str | None:
    """The repository that a pattern without wildcards means; None for others."""
    name = name_of(image) if "*" not in image else None
    return name.path if name is not None else None
