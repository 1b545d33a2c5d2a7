"""No rule is silent about what it cannot know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from gate.bundle.catalogue import DOCUMENTS, FACTS
from gate.bundle.load import load
from gate.engine.protocol import RawReport
from gate.engine.regorus import RegorusEngine

from tests.policies import subjects

_BUNDLE = load()
_ENGINE = RegorusEngine(_BUNDLE.modules, _BUNDLE.revision)


def _needs() -> Iterator[tuple[str, str, str]]:
    for rule in _BUNDLE.catalogue.values():
        for kind in rule.kinds:
            for need in rule.needs:
                yield rule.id, kind, need


def _said(report: RawReport, rule: str) -> set[str]:
    return {found.status for found in report.findings if found.rule == rule} | {
        "later" for each in report.settled_later if each == rule
    }


def _blank(evidence: dict[str, Any], need: str) -> None:
    if need in FACTS:
        fact = evidence["facts"][need]
        for field in fact:
            fact[field] = [] if isinstance(fact[field], list) else None
        fact.update(state="unknown", reason="blanked")
    else:
        evidence[need] = None


@pytest.mark.parametrize(("rule", "kind", "need"), list(_needs()))
def test_a_blanked_need_is_never_silence(rule: str, kind: str, need: str) -> None:
    evidence = subjects.plain(kind)
    _blank(evidence, need)
    said = _said(_ENGINE.evaluate(subjects.document(_BUNDLE, evidence, rule)), rule)
    settled_on = _BUNDLE.catalogue[rule].settled_on
    assert said == ({"later"} if settled_on and kind not in settled_on else {"undecided"})


@pytest.mark.parametrize(("rule", "kind", "need"), list(_needs()))
def test_a_missing_need_is_never_silence(rule: str, kind: str, need: str) -> None:
    evidence = subjects.plain(kind)
    if need in FACTS:
        del evidence["facts"][need]
    else:
        del evidence[need]
    assert _said(_ENGINE.evaluate(subjects.document(_BUNDLE, evidence, rule)), rule) != set()


@pytest.mark.parametrize("rule", [rule.id for rule in _BUNDLE.catalogue.values() if not rule.needs])
def test_a_rule_without_needs_doubts_by_itself(rule: str) -> None:
    for kind in _BUNDLE.catalogue[rule].kinds:
        evidence = subjects.plain(kind)
        for need in FACTS:
            _blank(evidence, need)
        for need in DOCUMENTS:
            evidence[need] = None
        assert _said(_ENGINE.evaluate(subjects.document(_BUNDLE, evidence, rule)), rule) != set()


def _passing() -> Iterator[tuple[str, str, str]]:
    """Needs of rules that are content with the plain subject."""
    for rule, kind, need in _needs():
        report = _ENGINE.evaluate(subjects.document(_BUNDLE, subjects.plain(kind), rule))
        if need in FACTS and not report.findings and not report.settled_later:
            yield rule, kind, need


@pytest.mark.parametrize(("rule", "kind", "need"), list(_passing()))
def test_silence_on_an_assumed_fact_is_told(rule: str, kind: str, need: str) -> None:
    evidence = subjects.plain(kind)
    evidence["facts"][need].update(state="assumed", reason="because")
    after = _ENGINE.evaluate(subjects.document(_BUNDLE, evidence, rule))
    assert [(each.rule, "because" in each.reason) for each in after.assumed] == [(rule, True)]


@pytest.mark.parametrize("rule", list(_BUNDLE.catalogue))
def test_a_parameter_that_was_not_sent_is_never_silence(rule: str) -> None:
    for name in _BUNDLE.catalogue[rule].parameters:
        kind = _BUNDLE.catalogue[rule].kinds[0]
        document = msgspec.json.decode(subjects.document(_BUNDLE, subjects.plain(kind), rule))
        del document["parameters"][rule][name]
        report = _ENGINE.evaluate(msgspec.json.encode(document))
        assert f"rule-error: the parameter {name} is not set" in {found.reason for found in report.findings}
