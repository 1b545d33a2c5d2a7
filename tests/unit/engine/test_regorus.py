"""Rego in process."""

from __future__ import annotations

import subprocess
import sys

import pytest
from gate.engine.protocol import RawFinding, RawReport
from gate.engine.regorus import Interpreter, RegorusEngine, explain
from gate.errors import EngineError, EngineProtocolError, EngineUnavailableError, PolicyError

from tests.unit.engine import policies
from tests.unit.engine.policies import BUNDLE, document

ROOT = RawReport(
    findings=[
        RawFinding(
            rule="non-root",
            status="violation",
            message="runs as root: no USER is set, and on scratch that is uid 0",
            fix="Add `USER 65532:65532` after the last COPY; on scratch no entry in /etc/passwd is needed.",
        )
    ]
)


def _with(*extra: tuple[str, str]) -> RegorusEngine:
    return RegorusEngine({**BUNDLE.modules, **dict(extra)}, BUNDLE.revision)


def _broken(name: str, body: str) -> tuple[str, str]:
    return f"policies/rules/{name}/{name}.rego", f"package gate.rules.{name}\n\n{body}\n"


def test_rules_are_judged() -> None:
    engine = _with()
    assert engine.evaluate(document("non-root")) == ROOT
    assert engine.evaluate(document("non-root")) == ROOT
    assert (engine.name, engine.revision) == ("regorus", BUNDLE.revision)


def test_no_rules_no_findings() -> None:
    assert _with().evaluate(document()) == RawReport()


def test_a_rule_that_fails_is_undecided_and_the_others_hold() -> None:
    engine = _with(_broken("odd", 'violations contains "x" if to_number(input.evidence.kind) > 1'))
    report = engine.evaluate(document("non-root", "odd"))
    assert report == RawReport(
        findings=[
            *ROOT.findings,
            RawFinding(
                rule="odd",
                status="undecided",
                state="unknown",
                message="the rule failed: policies/rules/odd/odd.rego:3: could not parse string as number",
                reason="rule-error: policies/rules/odd/odd.rego:3: could not parse string as number",
            ),
        ]
    )


def test_a_rule_that_is_not_asked_for_spoils_nothing() -> None:
    engine = _with(_broken("odd", 'violations contains "x" if to_number(input.evidence.kind) > 1'))
    assert engine.evaluate(document("non-root")) == ROOT


def test_a_finding_of_the_wrong_shape_is_an_error_and_no_pass() -> None:
    engine = _with(_broken("shape", 'violations contains {"message": 3} if input'))
    with pytest.raises(EngineProtocolError, match="malformed"):
        engine.evaluate(document("shape"))


def test_a_policy_without_an_entry_point_is_an_error() -> None:
    engine = RegorusEngine({"policies/main.rego": "package gate.main\n\nx := 1\n"}, "sha256:x")
    with pytest.raises((EngineProtocolError, EngineError)):
        engine._interpreter.report(document(), [])


def test_a_policy_that_does_not_parse_is_named() -> None:
    with pytest.raises(PolicyError) as caught:
        _with(_broken("odd", "violations contains if {")).evaluate(document("odd"))
    assert caught.value.where == "policies/rules/odd/odd.rego:3"
    assert "backtrace" not in str(caught.value).lower()


def test_a_document_that_is_no_json_is_an_error() -> None:
    with pytest.raises(EngineError):
        Interpreter(BUNDLE.modules).report(b"{", [])


def test_text_of_every_kind_survives() -> None:
    nasty = '"quoted" back\\slash\nline\ttab \u2028 é 😀 \x00 </script> %s ${X}'
    subject = policies.evidence()
    subject["facts"]["user"].update(value=nasty, root=True)
    (found,) = _with().evaluate(document("non-root", subject=subject)).findings
    assert nasty in found.message


def test_explanations_have_no_backtrace() -> None:
    text = "\n--> a/b.rego:3:7\n  |\n3 | x\n  | ^\nerror: went wrong\n\nStack backtrace:\n   0: <unknown>\n"
    assert explain(text) == ("a/b.rego:3", "went wrong")
    assert explain("plain words") == (None, "plain words")
    assert explain("") == (None, "no reason given")


def test_without_the_wheel_the_remedies_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regorus", None)
    with pytest.raises(EngineUnavailableError) as caught:
        _with()
    assert "gate-images[embedded]" in str(caught.value.hint) and "opa" in str(caught.value.hint)


def test_shipped_rules_alone_start_no_process_and_load_no_client() -> None:
    code = (
        "import sys\nfrom tests.unit.engine.policies import BUNDLE, document\n"
        "from gate.engine import choose\n"
        "engine = choose('auto', modules=BUNDLE.modules, revision=BUNDLE.revision)\n"
        "assert engine.evaluate(document('non-root')).findings\n"
        "print(sorted({'aiohttp', 'requests', 'opa_client', 'subprocess', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
