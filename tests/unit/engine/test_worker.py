"""Custom policies: in a process of their own, killed when they do not end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from gate.engine.protocol import RawFinding
from gate.engine.regorus import RegorusEngine
from gate.errors import EngineUnavailableError, PolicyError

from tests.unit.engine import policies
from tests.unit.engine.policies import BUNDLE, document
from tests.unit.engine.test_regorus import ROOT

SAYS_NO = RawFinding(rule="custom/good", status="violation", message="custom says no")


def _engine(*modules: dict[str, str], seconds: float = 20.0) -> RegorusEngine:
    custom = {path: text for each in modules for path, text in each.items()}
    return RegorusEngine(BUNDLE.modules, BUNDLE.revision, custom=custom, builtins=BUNDLE.builtins, seconds=seconds)


@pytest.fixture
def good() -> Iterator[RegorusEngine]:
    engine = _engine(policies.GOOD)
    yield engine
    engine.close()


def _failed(rule: str, words: str) -> RawFinding:
    return RawFinding(
        rule=rule,
        status="undecided",
        state="unknown",
        message=f"the rule failed: {words}",
        reason=f"rule-error: {words}",
    )


def test_custom_and_shipped_rules_make_one_report(good: RegorusEngine) -> None:
    assert good.evaluate(document("custom/good", "non-root")).findings == [SAYS_NO, *ROOT.findings]
    assert good.evaluate(document("custom/good")).findings == [SAYS_NO]
    assert good.evaluate(document("non-root")) == ROOT
    assert good.evaluate(document()).findings == []


def test_a_custom_rule_that_is_not_there_is_undecided(good: RegorusEngine) -> None:
    (found,) = good.evaluate(document("custom/other")).findings
    assert (found.status, found.reason) == ("undecided", "rule-error: the policy has no such rule")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('violations := [{"origin": null, "message": "custom says no"}] if input.evidence.kind', "custom says no"),
        ("violations := set() if input.evidence.nowhere", "the rule cannot be judged: the policy has no such rule"),
        (
            'undecided contains {"origin": null, "message": "who knows"} if input\n\nviolations contains 1 if false',
            "who knows",
        ),
        ('undecided := [{"origin": null, "message": "who knows"}]\n\nviolations := set()', "who knows"),
    ],
)
def test_violations_and_doubts_in_any_form_are_heard(body: str, expected: str) -> None:
    engine = _engine(policies.custom("odd", body), policies.GOOD)
    try:
        good, odd = engine.evaluate(document("custom/good", "custom/odd")).findings
        assert (good, odd.rule, odd.message) == (SAYS_NO, "custom/odd", expected)
    finally:
        engine.close()


def test_long_lines_and_files_are_read(good: RegorusEngine) -> None:
    filler = "\n".join(f"_{n} := {n}" for n in range(20_000))
    long = f'violations contains {{"origin": null, "message": "{"x" * 5_000}"}} if input\n\n{filler}'
    engine = _engine(policies.custom("long", long))
    try:
        (found,) = engine.evaluate(document("custom/long")).findings
        assert found.message == "x" * 5_000
    finally:
        engine.close()


def test_an_endless_policy_is_killed_and_the_others_hold() -> None:
    engine = _engine(policies.GOOD, policies.ENDLESS, seconds=1.0)
    late = "did not finish within 1 s"
    try:
        for words in (late, late, late, f"{late} 3 times, and is not asked again"):
            report = engine.evaluate(document("custom/endless", "custom/good", "non-root"))
            assert report.findings == [_failed("custom/endless", words), SAYS_NO, *ROOT.findings]
    finally:
        engine.close()


def test_a_greedy_policy_is_stopped_and_the_others_hold() -> None:
    engine = _engine(policies.GOOD, policies.HUGE, seconds=2.0)
    try:
        report = engine.evaluate(document("custom/good", "custom/huge"))
        assert [(found.rule, found.status) for found in report.findings] == [
            ("custom/good", "violation"),
            ("custom/huge", "undecided"),
        ]
    finally:
        engine.close()


def test_a_type_error_is_the_rules_own() -> None:
    engine = _engine(policies.GOOD, policies.TYPE_ERROR)
    try:
        assert engine.evaluate(document("custom/strict", "custom/good")).findings == [
            SAYS_NO,
            _failed("custom/strict", "team/strict.rego:3: could not parse string as number"),
        ]
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("modules", "where", "words"),
    [
        (policies.SYNTAX, "team/syntax.rego:3", "unexpected keyword"),
        (policies.NETWORK, "team/network.rego:4", "http.send"),
        (policies.UNSAFE, "team/unsafe.rego:3", "unsafe"),
        (policies.custom("clock", "violations contains time.now_ns()"), "team/clock.rego:3", "time.now_ns"),
    ],
)
def test_a_policy_that_does_not_compile_is_named_before_anything_is_judged(
    modules: dict[str, str], where: str, words: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        _engine(policies.GOOD, modules)
    assert str(caught.value.where).startswith(where), caught.value.where
    assert words in caught.value.message
    assert "backtrace" not in str(caught.value).lower() and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("size := 1 if input\n\nsize := input.evidence.n if input\n\nviolations contains size", 5, "conflict"),
        ("x := y if input\n\ny := x if input\n\nviolations contains x", 3, "recursion"),
        ("violations contains x if x := data.nowhere.f(1)", 3, "function"),
    ],
)
def test_what_shows_only_when_it_runs_is_the_rules_own(body: str, line: int, words: str) -> None:
    engine = _engine(policies.custom("odd", body), policies.GOOD)
    try:
        good, odd = engine.evaluate(document("custom/good", "custom/odd", subject=policies.evidence(n=2))).findings
        assert good == SAYS_NO
        assert odd.status == "undecided"
        assert (f"team/odd.rego:{line}" in str(odd.reason), words in str(odd.reason)) == (True, True), odd.reason
    finally:
        engine.close()


def test_a_worker_that_dies_is_replaced(good: RegorusEngine) -> None:
    worker = good._worker
    assert worker is not None and worker._process is not None
    os.kill(worker._process.pid, signal.SIGKILL)
    worker._process.wait()
    assert good.evaluate(document("custom/good")).findings == [SAYS_NO]


def test_closing_ends_the_process(good: RegorusEngine) -> None:
    worker = good._worker
    assert worker is not None and worker._process is not None
    process = worker._process
    good.close()
    assert process.poll() is not None
    good.close()


def test_a_policy_that_kills_its_compiler_is_refused_with_what_does_that() -> None:
    deep = "package custom.deep\n\nviolations contains 1 if " + "x" + ".a" * 20_000 + "\n"
    with pytest.raises(EngineUnavailableError, match="the process that compiles custom policies died") as caught:
        _engine({"deep.rego": deep})
    assert "nested" in (caught.value.hint or "")
