"""Which engine judges."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from gate.engine import choose
from gate.engine.choice import Server
from gate.errors import EngineUnavailableError, UsageError

from tests.unit.engine.policies import BUNDLE, document
from tests.unit.engine.test_regorus import ROOT


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if regorus were not installed."""
    real = importlib.util.find_spec

    def find_spec(name: str, *rest: Any) -> Any:
        return None if name == "regorus" else real(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def _choose(asked: Any, **options: Any) -> Any:
    return choose(asked, modules=BUNDLE.modules, revision=BUNDLE.revision, **options)


def test_auto_is_regorus_where_its_wheel_is() -> None:
    assert _choose("auto", opa="/nowhere/opa").name == "regorus"


def test_auto_is_the_server_where_one_is_given() -> None:
    assert _choose("auto", server=Server("http://127.0.0.1:1")).name == "opa"


@pytest.mark.go
@pytest.mark.usefixtures("no_wheel")
def test_auto_is_a_private_opa_without_the_wheel(opa_binary: Path) -> None:
    engine = _choose("auto", opa=str(opa_binary))
    try:
        assert (engine.name, engine.evaluate(document("non-root"))) == ("opa", ROOT)
    finally:
        engine.close()


@pytest.mark.usefixtures("no_wheel")
@pytest.mark.parametrize("asked", ["auto", "regorus", "opa"])
def test_without_either_both_remedies_are_named(asked: str) -> None:
    with pytest.raises(EngineUnavailableError) as caught:
        _choose(asked)
    assert caught.value.exit_code == 2
    assert "gate-images[embedded]" in str(caught.value.hint) and "`opa` on PATH" in str(caught.value.hint)


def test_a_server_is_not_for_regorus() -> None:
    with pytest.raises(UsageError):
        _choose("regorus", server=Server("http://127.0.0.1:1"))


@pytest.mark.parametrize("program", ["/nowhere/opa", "/bin/true"])
def test_an_opa_that_does_not_start_is_named(program: str) -> None:
    with pytest.raises(EngineUnavailableError) as caught:
        _choose("opa", opa=program)
    assert caught.value.where == program
