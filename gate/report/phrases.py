"""The few sentences that several formats share."""

from __future__ import annotations

from gate.evidence.image.compare import Change
from gate.finding import ExemptionUse, Result
from gate.report import plain
from gate.report.effects import Summary

VERDICTS = {"pass": "pass", "deny": "denied", "undecided": "could not decide"}


def headline(summary: Summary) -> str:
    """One line: ``3 judged: 1 denied, 2 pass, 4 warnings``."""
    if not summary.subjects:
        return "nothing was judged"
    counts = [
        (summary.denied, "denied"),
        (summary.undecided, "could not be decided"),
        (summary.passed, "pass"),
        (summary.warnings, "warning" if summary.warnings == 1 else "warnings"),
        (summary.exempted, "exempted"),
        (summary.skipped, "skipped"),
    ]
    return f"{summary.subjects} judged: " + ", ".join(f"{count} {word}" for count, word in counts if count)


def subject(result: Result) -> str:
    """A subject's name with what tells it from its siblings: the stage."""
    name = plain.line(result.subject.name, 200)
    return f"{name}, stage {plain.line(result.subject.target, 60)}" if result.subject.target else name


def waiver(exemption: ExemptionUse) -> str:
    """Why a finding is waived, by whom, until when."""
    ticket = f", {exemption.ticket}" if exemption.ticket else ""
    return plain.line(f"{exemption.reason} ({exemption.owner}{ticket}, until {exemption.expires})")


def leftover(exemption: ExemptionUse) -> str:
    """An exemption that has run out, or that nothing needs any more."""
    what = "has expired" if exemption.state == "expired" else "waives nothing"
    where = f"{plain.line(exemption.source)}: " if exemption.source else ""
    return f"{where}the exemption from {plain.line(exemption.rule)} {what}: {waiver(exemption)}"


def settled(result: Result) -> str | None:
    """What only a later checkpoint can settle, and the command that does."""
    if not result.settled_later:
        return None
    rules = ", ".join(result.settled_later)
    verb = "is" if len(result.settled_later) == 1 else "are"
    return f"{rules} {verb} settled once the image is built: gate check {plain.line(result.subject.image or 'IMAGE')}"


def change(found: Change) -> str:
    """One difference from a previous image: ``+ shell /bin/sh``, ``size: 120.0 MB, was 90.0 MB (+30.0 MB)``."""
    what = found.what.replace("-", " ")
    if found.unknown is not None:
        return plain.line(f"{what}: {found.unknown}", 200)
    grown = "" if found.bytes is None else f"{'+' if found.bytes >= 0 else '-'}{megabytes(abs(found.bytes))}"
    if found.what == "size":
        return f"size: {megabytes(int(found.after or 0))}, was {megabytes(int(found.before or 0))} ({grown})"
    if found.before is not None and found.after is not None:
        return plain.line(f"{what}: {found.after}, was {found.before}", 400)
    sign, value = ("+", found.after) if found.before is None else ("-", found.before)
    return plain.line(f"{sign} {what} {value or 'none'}{f' ({grown})' if grown else ''}", 200)


def megabytes(count: int) -> str:
    """Bytes in megabytes, one digit behind the point."""
    return f"{count / 1e6:.1f} MB"
