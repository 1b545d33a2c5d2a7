"""Whatever the evidence, both engines give the same report, and no rule fails on either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gate.bundle.load import load
from gate.engine import choose
from gate.engine.opa import OpaEngine
from gate.engine.regorus import RegorusEngine
from gate.evidence import model
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.policies.random_evidence import evidence, parameter

_BUNDLE = load()


@pytest.fixture(scope="module")
def regorus() -> RegorusEngine:
    return RegorusEngine(_BUNDLE.modules, _BUNDLE.revision, triggers=_BUNDLE.triggers)


@pytest.fixture(scope="module")
def opa(opa_binary: Path) -> Iterator[OpaEngine]:
    engine = choose("opa", modules=_BUNDLE.modules, revision=_BUNDLE.revision, opa=str(opa_binary))
    assert isinstance(engine, OpaEngine)
    yield engine
    engine.close()


def _documents() -> st.SearchStrategy[bytes]:
    parameters = st.fixed_dictionaries(
        {
            rule.id: st.fixed_dictionaries({name: parameter(one) for name, one in rule.parameters.items()})
            for rule in _BUNDLE.catalogue.values()
        }
    )
    return st.builds(_document, evidence(), parameters)


def _document(subject: dict[str, Any], parameters: dict[str, Any]) -> bytes:
    asked = {rule.id: rule.document() for rule in _BUNDLE.catalogue.values() if subject["kind"] in rule.kinds}
    return msgspec.json.encode({"evidence": subject, "today": "2026-11-21", "parameters": parameters, "rules": asked})


@given(subject=evidence())
@seed(20261121)
@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_random_evidence_is_evidence(subject: dict[str, Any]) -> None:
    assert model.decode(msgspec.json.encode(subject)).kind == subject["kind"]


@pytest.mark.go
@pytest.mark.slow
@given(document=_documents())
@seed(20261121)
@settings(
    max_examples=2_000,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_both_engines_give_equal_reports(regorus: RegorusEngine, opa: OpaEngine, document: bytes) -> None:
    ours, theirs = regorus.evaluate(document), opa.evaluate(document)
    assert ours == theirs
    assert [found for found in ours.findings if (found.reason or "").startswith("rule-error")] == []
