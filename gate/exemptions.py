"""Exemptions: which findings a dated, owned, reasoned waiver covers, which have run out, and which nobody needs.

Every selector that an exemption gives must match; two exemptions never add up. An exempted finding is still found
and shown. An exemption holds through its last day, UTC; the day is passed in.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from gate.evidence.model import Evidence, Workload
from gate.finding import ExemptionUse, Finding, Result
from gate.settings.model import Exemption
from gate.settings.patterns import matches, matches_any, name_of

NOT_EXEMPTABLE = frozenset({"dockerfile-valid"})


class Waiver(NamedTuple):
    """What exemptions say of one finding: the one that waives it, or one that did until it ran out."""

    active: ExemptionUse | None = None
    expired: ExemptionUse | None = None


class Exemptions:
    """The exemptions of one run, or of a server. It remembers which were used, for `leftovers`.

    ``today`` is the day in UTC, or what tells it, for a process that outlives the day.
    """

    def __init__(self, exemptions: Sequence[Exemption], today: datetime.date | Callable[[], datetime.date]) -> None:
        self._exemptions = tuple(exemptions)
        self._by_rule: dict[str, list[tuple[int, Exemption]]] = {}
        for index, exemption in enumerate(exemptions):
            self._by_rule.setdefault(exemption.rule, []).append((index, exemption))
        self._tell_day = today if callable(today) else lambda: today
        self._used: set[int] = set()
        self._met: set[int] = set()

    @property
    def today(self) -> datetime.date:
        """The day on which exemptions are looked at."""
        return self._tell_day()

    def waive(self, finding: Finding, evidence: Evidence) -> Waiver:
        """The exemption for a finding, the first in file order that holds today."""
        active = expired = None
        mine = () if finding.rule in NOT_EXEMPTABLE else self._by_rule.get(finding.rule, ())
        for index, exemption in mine:
            if not covers(exemption, evidence, finding.location.path if finding.location else None):
                continue
            self._used.add(index)
            if exemption.expires >= self._tell_day():
                active = active or use(exemption, "active")
            else:
                expired = expired or use(exemption, "expired")
        return Waiver(active, None if active else expired)

    def meet(self, evidence: Evidence) -> None:
        """Note a subject that was judged, so that exemptions for it that waive nothing can be told."""
        for index, exemption in enumerate(self._exemptions):
            if (
                index not in self._met
                and index not in self._used
                and covers(exemption, evidence, evidence.subject.name)
            ):
                self._met.add(index)

    def recall(self, result: Result) -> None:
        """Note the exemptions that an earlier judgement of a subject used."""
        uses = [use for finding in result.findings for use in (finding.exemption, finding.expired) if use is not None]
        known = {(use.rule, use.source) for use in uses}
        for index, exemption in enumerate(self._exemptions):
            if (exemption.rule, exemption.source) in known:
                self._used.add(index)
            if exemption.paths is not None and matches_any(exemption.paths, result.subject.name):
                self._met.add(index)

    def leftovers(self, *, whole: bool) -> list[ExemptionUse]:
        """The exemptions that have expired, and those that waived nothing, in file order.

        ``whole``: the run looked at everything the settings speak of, so that one which met no subject is unused as
        well. Otherwise only those are told that met a subject, or a finding.
        """
        found = []
        today = self._tell_day()
        for index, exemption in enumerate(self._exemptions):
            concerned = whole or index in self._met or index in self._used
            if exemption.expires < today and concerned:
                found.append(use(exemption, "expired"))
            elif index not in self._used and concerned:
                found.append(use(exemption, "unused"))
        return found


def use(exemption: Exemption, state: Literal["active", "expired", "unused"]) -> ExemptionUse:
    """An exemption as reports show it."""
    return ExemptionUse(
        rule=exemption.rule,
        reason=exemption.reason,
        owner=exemption.owner,
        expires=exemption.expires.isoformat(),
        ticket=exemption.ticket,
        source=exemption.source,
        state=state,
    )


def covers(exemption: Exemption, evidence: Evidence, path: str | None) -> bool:
    """Whether every selector the exemption gives matches; what a subject does not have matches nothing."""
    return (
        (exemption.paths is None or _path(exemption.paths, evidence, path))
        and (exemption.images is None or _image(exemption, evidence))
        and (exemption.digests is None or evidence.subject.digest in exemption.digests)
        and _named(exemption.namespaces, evidence.workload, "namespace")
        and _named(exemption.containers, evidence.workload, "container")
    )


def _path(patterns: Sequence[str], evidence: Evidence, path: str | None) -> bool:
    if evidence.kind == "image":
        return False
    own = [evidence.subject.name] if evidence.kind == "dockerfile" else []
    return any(matches_any(patterns, one.removeprefix("./")) for one in [*own, path] if one)


def _image(exemption: Exemption, evidence: Evidence) -> bool:
    subject = evidence.subject
    name = name_of(subject.reference or subject.image or "")
    return name is not None and any(matches(pattern, name) for pattern in exemption.images or ())


def _named(patterns: Sequence[str] | None, work: Workload | None, field: str) -> bool:
    if patterns is None:
        return True
    name = getattr(work, field) if work is not None else None
    return isinstance(name, str) and matches_any(patterns, name)


# --- suggestions ---------------------------------------------------------------------------------------------


class Suggestion(NamedTuple):
    """One exemption to be: its rule and selectors, in a fixed order."""

    rule: str
    selectors: tuple[tuple[str, tuple[str, ...]], ...]


def suggestions(results: Iterable[Result]) -> list[Suggestion]:
    """The fewest narrow exemptions under which these results would pass: one per rule and kind of place."""
    by_place: dict[tuple[str, str, tuple[tuple[str, str], ...]], set[str]] = {}
    for result in results:
        for finding in result.findings:
            stops = finding.level == "deny" and finding.exemption is None and not finding.baseline
            if stops and finding.rule not in NOT_EXEMPTABLE:
                key, fixed, value = _place(result, finding)
                by_place.setdefault((finding.rule, key, fixed), set()).add(value)
    found = []
    for (rule, key, fixed), values in sorted(by_place.items()):
        selectors = [*((name, (value,)) for name, value in fixed), (key, tuple(sorted(values)))]
        found.append(Suggestion(rule, tuple(selectors)))
    return found


def _place(result: Result, finding: Finding) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """The narrowest selectors that find this subject again: (key, fixed selectors, value of key)."""
    subject = result.subject
    work = result.evidence.workload if result.evidence is not None else None
    if work is not None and work.namespace is not None:
        return "containers", (("namespaces", work.namespace),), work.container
    name = name_of(subject.reference) if subject.reference else None
    if name is not None:
        return "images", (), name.path
    return "paths", (), (finding.location.path if finding.location else subject.name).removeprefix("./")


def suggest(
    results: Iterable[Result], *, expires: datetime.date, owner: str | None = None, reason: str | None = None
) -> str:
    """The ``exemptions:`` of a gate.yaml for a run's findings. What is not given is left empty, which gate refuses."""
    lines = ["exemptions:"]
    for suggestion in suggestions(results):
        lines.append(f"  - rule: {suggestion.rule}")
        for key, values in suggestion.selectors:
            lines.append(f"    {key}: [{', '.join(json.dumps(value, ensure_ascii=False) for value in values)}]")
        lines.append(f"    reason: {_text(reason, 'why it may stay as it is')}")
        lines.append(f"    owner: {_text(owner, 'who answers for it')}")
        lines.append(f"    expires: {expires.isoformat()}")
    return "\n".join(lines) + "\n" if len(lines) > 1 else "exemptions: []\n"


def _text(value: str | None, question: str) -> str:
    return json.dumps(value, ensure_ascii=False) if value else f'""  # {question}'
