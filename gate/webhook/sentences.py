"""The words of refusals and warnings: which container, which image, what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from gate.evidence.kubernetes.workloads import ContainerRef
from gate.finding import Finding, Result, Verdict

PENDING = "pending: "
"""How the reason of an unknown fact begins while the image is still being read."""


def counted(result: Result) -> list[Finding]:
    """Findings that decide: at deny, and not exempted."""
    return [f for f in result.findings if f.level == "deny" and f.exemption is None and not f.baseline]


def is_pending(finding: Finding) -> bool:
    """Whether it is undecided only because its image is still being read."""
    return finding.status == "undecided" and (finding.reason or "").startswith(PENDING)


def container_line(ref: ContainerRef, result: Result, verdict: Verdict) -> str:
    """All that is wrong with one container; violations first, where there are any."""
    deciding = counted(result)
    told = [f for f in deciding if verdict == "undecided" or f.status == "violation"]
    if verdict == "deny":
        told += [f for f in deciding if f.status == "undecided"]
    said = "denied" if verdict == "deny" else "could not decide on"
    what = {"container": "container", "volume": "image volume"}.get(ref.role, f"{ref.role} container")
    return f'{said} {what} "{ref.name}" ({_shown(result, ref)}): {"; ".join(_sentences(told))}'


def _sentences(findings: Sequence[Finding]) -> list[str]:
    """A sentence a violation; rules that are undecided for one reason share one."""
    found = [_sentence(f) for f in findings if f.status == "violation"]
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status == "undecided":
            reasons.setdefault(finding.reason or finding.message, []).append(finding.rule)
    return found + [_undecided(", ".join(dict.fromkeys(rules)), reason) for reason, rules in reasons.items()]


def _sentence(finding: Finding) -> str:
    if finding.status == "undecided":
        return _undecided(finding.rule, finding.reason or finding.message)
    text = finding.message.rstrip(".")
    return f"{finding.rule}: {text}. Fix: {finding.fix.rstrip('.')}." if finding.fix else f"{finding.rule}: {text}."


def _undecided(rules: str, reason: str) -> str:
    if reason.startswith(PENDING):
        return f"{rules}: being analysed, retry ({reason.removeprefix(PENDING)})"
    return f"{rules}: could not decide: {reason}"


def warning(ref: ContainerRef, finding: Finding) -> str:
    """One warning."""
    return f'gate: {ref.role} "{ref.name}": {_sentence(finding)}'


def _shown(result: Result, ref: ContainerRef) -> str:
    """The reference with a shortened digest, as in ``ghcr.io/acme/api@sha256:ab12...``."""
    reference = (result.subject.reference or ref.image or "no image").partition("@")[0]
    digest = result.subject.digest
    if not digest:
        return reference
    algorithm, _, encoded = digest.partition(":")
    return f"{reference}@{algorithm}:{encoded[:12]}"


def short(revision: str) -> str:
    """Eight characters of a revision, enough to tell two policies apart."""
    return revision.rpartition(":")[2][:8]
