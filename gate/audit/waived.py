"""Exemptions with their age and use: what each waives, what it would waive alone, and which of them overlap."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gate.audit.model import AuditResult, ExemptionState, Place, Standing
from gate.audit.onboard import evidence_of
from gate.exemptions import covers
from gate.settings.model import Exemption

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
    by_rule: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(exemptions):
        by_rule[one.rule].append(index)
    for result in results:
        concerned = [finding for finding in result.findings if finding.rule in by_rule]
        places = (result.places or [Place(source="")]) if concerned else []
        evidence = [evidence_of(result, place) for place in places]
        for finding in concerned:
            found = [
                index
                for index in by_rule[finding.rule]
                if any(covers(exemptions[index], one, finding.path) for one in evidence)
            ]
            if found:
                yield found
