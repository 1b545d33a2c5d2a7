"""The report written in pieces is the report written whole."""

from __future__ import annotations

import msgspec
import pytest
from gate.audit import wire
from gate.audit.model import AuditInputs, AuditReport, AuditResult, Coverage, OwnerSummary, Place, Totals


def _report(subjects: int) -> AuditReport:
    results = [
        AuditResult(
            key=f"k{number}",
            kind="image",
            name='a "quoted"\nname, \u2028 [{',
            verdict="deny",
            environment="prod",
            places=[Place(source="here", tag="1")],
            shells=["/bin/sh"] * number,
        )
        for number in range(subjects)
    ]
    owners = [OwnerSummary(owner="o", subjects=1, denied=0, undecided=0, passed=1)] * subjects
    return AuditReport(
        run="r", gate="0", started="", finished="", complete=False, environment="prod", inputs=AuditInputs(),
        coverage=Coverage(seen={"pods": 3}, failures=["a", "b"]), totals=Totals(), results=results, owners=owners,
    )  # fmt: skip


@pytest.mark.parametrize("subjects", [0, 1, 3])
def test_pieces_are_the_report_written_whole(subjects: int) -> None:
    report = _report(subjects)
    whole = msgspec.json.encode(report)
    assert b"".join(wire.compact(report)) == whole
    assert b"".join(wire.indented(report)) == msgspec.json.format(whole, indent=1) + b"\n"
    assert max(map(len, wire.indented(report))) < 1_000
