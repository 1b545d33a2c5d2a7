"""Every case of every rule, through the real flow, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gate.engine import choose
from gate.engine.protocol import Engine

from tests.policies import cases, rego

_ALL = cases.all_cases()


@pytest.fixture(scope="module")
def regorus() -> Iterator[Engine]:
    engine = choose(
        "regorus", modules=cases.BUNDLE.modules, revision=cases.BUNDLE.revision, triggers=cases.BUNDLE.triggers
    )
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def opa(opa_binary: Path) -> Iterator[Engine]:
    engine = choose("opa", modules=cases.BUNDLE.modules, revision=cases.BUNDLE.revision, opa=str(opa_binary))
    yield engine
    engine.close()


@pytest.mark.parametrize("case", _ALL, ids=lambda case: case.name)
def test_a_case_holds(regorus: Engine, case: cases.Case) -> None:
    assert cases.found(case, regorus) == cases.expected(case)


@pytest.mark.go
def test_every_case_holds_on_opa(opa: Engine) -> None:
    wrong = [case.name for case in _ALL if cases.found(case, opa) != cases.expected(case)]
    assert wrong == []


def test_every_rule_has_cases_both_ways() -> None:
    thin = {
        rule: counts
        for rule in rego.RULES
        if min(
            counts := (
                sum(bool(case.source["expect"]) for case in _ALL if case.rule == rule),
                sum(not case.source["expect"] for case in _ALL if case.rule == rule),
            )
        )
        < 4
    }
    assert thin == {}


def test_cases_are_written_as_agreed() -> None:
    for case in _ALL:
        assert set(case.source) <= cases.KEYS, case.name
        assert len({"dockerfile", "manifest", "evidence"} & set(case.source)) == 1, case.name
        assert all(each["rule"] == case.rule for each in case.source["expect"]), case.name
    names = [case.name for case in _ALL]
    assert sorted(set(names)) == sorted(names)
