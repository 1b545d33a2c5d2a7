"""The verdict table and the exit codes, row by row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gate import verdict
from gate.errors import UsageError
from gate.evidence.model import Subject
from gate.finding import ExemptionUse, Failure, Finding, Inputs, Result, Run
from gate.settings import Stance

USE = ExemptionUse(rule="r", reason="r", owner="o", expires="2027-01-01")


def finding(level: str = "deny", status: str = "violation", **more: Any) -> Finding:
    """A finding with this level and status."""
    words: dict[str, Any] = {
        "rule": "r",
        "aliases": [],
        "severity": "high",
        "state": "known",
        "message": "m",
        "location": None,
        "fix": None,
        "docs": None,
        "fingerprint": "f",
    }
    return Finding(level=level, status=status, **(words | more))  # type: ignore[arg-type]


def result(*findings: Finding, outcome: str | None = None) -> Result:
    """A result with the verdict its findings give."""
    name = outcome or verdict.of_findings(findings)
    return Result(subject=Subject(name="s"), environment="prod", verdict=name, findings=list(findings))  # type: ignore[arg-type]


def run(*results: Result, failures: tuple[Failure, ...] = ()) -> Run:
    """A run of these results."""
    return Run(
        gate="0",
        checkpoint="build",
        revision="sha256:x",
        engine="fake",
        environment="prod",
        verdict=verdict.of_results(results, failures),
        inputs=Inputs(),
        results=list(results),
        failures=list(failures),
    )


# level, status, state, undecided:, assumed: -> level, status, effect, verdict
TABLE = [
    ("deny", "violation", "known", "deny", "accept", "deny", "violation", "deny", "deny"),
    ("deny", "violation", "known", "ignore", "undecided", "deny", "violation", "deny", "deny"),
    ("deny", "undecided", "unknown", "deny", "accept", "deny", "undecided", "undecided", "undecided"),
    ("deny", "undecided", "unknown", "warn", "accept", "warn", "undecided", "warn", "pass"),
    ("deny", "undecided", "unknown", "ignore", "accept", "ignore", "undecided", "none", "pass"),
    ("warn", "violation", "known", "deny", "accept", "warn", "violation", "warn", "pass"),
    ("warn", "undecided", "unknown", "deny", "accept", "warn", "undecided", "warn", "pass"),
    ("warn", "undecided", "unknown", "warn", "accept", "warn", "undecided", "warn", "pass"),
    ("warn", "undecided", "unknown", "ignore", "accept", "ignore", "undecided", "none", "pass"),
    ("deny", "violation", "assumed", "deny", "accept", "deny", "violation", "deny", "deny"),
    ("deny", "violation", "assumed", "deny", "undecided", "deny", "undecided", "undecided", "undecided"),
    ("deny", "violation", "assumed", "warn", "undecided", "warn", "undecided", "warn", "pass"),
    ("warn", "violation", "assumed", "deny", "undecided", "warn", "undecided", "warn", "pass"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join(row[:5]))
def test_the_verdict_table(row: tuple[str, ...]) -> None:
    level, status, state, undecided, assumed, to_level, to_status, effect, outcome = row
    stance = Stance(undecided=undecided, assumed=assumed)  # type: ignore[arg-type]
    weighed = verdict.weigh(level, status, state=state, stance=stance)  # type: ignore[arg-type]
    found = finding(*weighed, state=state)
    assert (*weighed, verdict.effect(found), verdict.of_findings([found])) == (to_level, to_status, effect, outcome)


@pytest.mark.parametrize("level", ["deny", "warn", "ignore"])
@pytest.mark.parametrize("status", ["violation", "undecided"])
def test_what_is_exempted_or_known_is_shown_and_does_nothing(level: str, status: str) -> None:
    exempted, known = finding(level, status, exemption=USE), finding(level, status, baseline=True)
    assert [verdict.effect(exempted), verdict.effect(known)] == ["exempt", "known"]
    assert verdict.of_findings([exempted, known]) == "pass"


def test_an_expired_exemption_exempts_nothing() -> None:
    assert verdict.of_findings([finding(expired=USE)]) == "deny"


def test_a_finding_may_only_lower_its_level() -> None:
    assert verdict.weigh("deny", "violation", at_most="warn") == ("warn", "violation")
    assert verdict.weigh("warn", "violation", at_most="deny") == ("warn", "violation")


PASS, WARN, DENY, DOUBT = result(), result(finding("warn")), result(finding()), result(finding("deny", "undecided"))
BROKEN, BUG = Failure(target="t", message="m"), Failure(target="t", message="m", internal=True)


@pytest.mark.parametrize(
    ("results", "failures", "expected"),
    [
        pytest.param((DENY, DOUBT, PASS), (BROKEN,), "deny", id="deny before all"),
        pytest.param((DOUBT, PASS), (), "undecided", id="undecided before pass"),
        pytest.param((PASS, WARN), (), "pass", id="warnings pass"),
        pytest.param((PASS,), (BROKEN,), "undecided", id="an unreadable target is no pass"),
        pytest.param((), (), "undecided", id="nothing is no pass"),
    ],
)
def test_the_verdict_on_a_run(results: tuple[Result, ...], failures: tuple[Failure, ...], expected: str) -> None:
    assert verdict.of_results(results, failures) == expected


# results, failures -> exit code; with --exit-zero; with --fail-on warn
EXITS = [
    pytest.param((PASS,), (), 0, 0, 0, id="pass"),
    pytest.param((WARN,), (), 0, 0, 1, id="warning"),
    pytest.param((DENY,), (), 1, 0, 1, id="denied"),
    pytest.param((DOUBT,), (), 3, 0, 3, id="undecided"),
    pytest.param((DOUBT, WARN), (), 3, 0, 1, id="undecided and warning"),
    pytest.param((DENY, DOUBT, PASS), (), 1, 0, 1, id="denied before undecided"),
    pytest.param((), (), 4, 4, 4, id="nothing matched"),
    pytest.param((), (BROKEN,), 2, 2, 2, id="unreadable"),
    pytest.param((DENY,), (BROKEN,), 2, 2, 2, id="unreadable before denied"),
    pytest.param((DENY,), (BROKEN, BUG), 5, 5, 5, id="a bug before all"),
    pytest.param((result(finding(exemption=USE), finding(baseline=True)),), (), 0, 0, 0, id="exempted and known"),
    pytest.param((result(finding("warn", exemption=USE)),), (), 0, 0, 0, id="exempted warning"),
]


@pytest.mark.parametrize(("results", "failures", "code", "exit_zero", "fail_on_warn"), EXITS)
def test_exit_codes(
    results: tuple[Result, ...], failures: tuple[Failure, ...], code: int, exit_zero: int, fail_on_warn: int
) -> None:
    found = run(*results, failures=failures)
    assert verdict.exit_code(found) == code
    assert verdict.exit_code(found, exit_zero=True) == exit_zero
    assert verdict.exit_code(found, fail_on="warn") == fail_on_warn


def test_a_baseline_is_the_fingerprints_of_an_earlier_report_without_its_exempted_findings() -> None:
    findings = [
        {"fingerprint": "a", "exemption": None, "rule": "x"},
        {"fingerprint": "b", "exemption": {"owner": "o"}},
        {"fingerprint": "c"},
    ]
    report = {"version": "1", "results": [{"findings": findings}, {"findings": []}]}
    assert verdict.baseline(json.dumps(report).encode(), "r.json") == {"a", "c"}


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"version":"1","results":[{}]}', b"\xff", b'{"x":' + b"[" * 100_000]
)
def test_what_is_no_report_is_refused_as_a_baseline(data: bytes) -> None:
    with pytest.raises(UsageError, match="is not a report of gate check") as caught:
        verdict.baseline(data, "r.json")
    assert caught.value.where == "r.json"
