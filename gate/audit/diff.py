"""What changed between two audits: new and fixed findings, subjects that came, went, or changed their verdict."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gate.audit.model import AuditFinding, AuditReport, AuditResult


class ChangedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that is new or gone, and whose it is."""

    key: str
    name: str
    owners: list[str]
    rule: str
    message: str
    fingerprint: str


class ChangedVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A subject whose verdict is another one now."""

    key: str
    name: str
    owners: list[str]
    was: str
    now: str


class AuditDiff(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between two runs, oldest first. ``comparable`` is false where either run was incomplete.

    ``fixed`` is found no more. What is still found and denies no longer was not fixed: it was ``exempted``, or its rule
    was ``lowered``.
    """

    before: str
    after: str
    comparable: bool
    policy_changed: bool
    new: list[ChangedFinding]
    fixed: list[ChangedFinding]
    appeared: list[str]
    gone: list[str]
    verdicts: list[ChangedVerdict]
    exempted: list[ChangedFinding] = []
    lowered: list[ChangedFinding] = []


def compare(before: AuditReport, after: AuditReport) -> AuditDiff:
    """What ``after`` has that ``before`` had not, and the reverse.

    A finding of a subject that is gone is not *fixed*: nobody knows. A subject is known by its key, a finding by its
    subject's name and its fingerprint, so that a rebuilt image does not make all of its findings new.
    """
    old, new = {r.key: r for r in before.results}, {r.key: r for r in after.results}
    had, has = _denying(before.results), _denying(after.results)
    still = {result.name for result in after.results}
    lesser = _all(after.results)
    over = [key for key in sorted(had.keys() - has.keys()) if key[0] in still]
    return AuditDiff(
        before=before.run,
        after=after.run,
        comparable=before.complete and after.complete,
        policy_changed=before.inputs.policy != after.inputs.policy or before.inputs.settings != after.inputs.settings,
        new=[_changed(*has[key]) for key in sorted(has.keys() - had.keys())],
        fixed=[_changed(*had[key]) for key in over if key not in lesser],
        exempted=[_changed(*lesser[key]) for key in over if key in lesser and lesser[key][1].exempted],
        lowered=[_changed(*lesser[key]) for key in over if key in lesser and not lesser[key][1].exempted],
        appeared=sorted({r.name for r in after.results} - {r.name for r in before.results}),
        gone=sorted({r.name for r in before.results} - {r.name for r in after.results}),
        verdicts=[
            ChangedVerdict(
                key=key, name=new[key].name, owners=new[key].owners, was=old[key].verdict, now=new[key].verdict
            )
            for key in sorted(old.keys() & new.keys())
            if old[key].verdict != new[key].verdict
        ],
    )


_Found = dict[tuple[str, str], tuple[AuditResult, AuditFinding]]


def _all(results: Iterable[AuditResult]) -> _Found:
    return {(result.name, finding.fingerprint): (result, finding) for result in results for finding in result.findings}


def _denying(results: Iterable[AuditResult]) -> _Found:
    found = _all(results).items()
    return {key: pair for key, pair in found if not pair[1].exempted and pair[1].level == "deny"}


def _changed(result: AuditResult, finding: AuditFinding) -> ChangedFinding:
    return ChangedFinding(
        key=result.key,
        name=result.name,
        owners=result.owners,
        rule=finding.rule,
        message=finding.message,
        fingerprint=finding.fingerprint,
    )
