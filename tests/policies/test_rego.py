"""The policy as Rego: formatted, compiled with types, tested on both engines, covered."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.policies import rego

_SOURCES = ["--ignore", "*.yaml", "--ignore", "*.json", "policies"]
_TYPED = ["--schema", "policies/schemas/input.json", "--capabilities", "policies/capabilities.json"]


def _opa(binary: Path, *arguments: str, cwd: Path = rego.POLICIES.parent) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(binary), *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.go
def test_the_policy_is_formatted(opa_binary: Path) -> None:
    done = _opa(opa_binary, "fmt", "--list", "policies")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.go
def test_the_policy_compiles_strictly_with_types_and_allowed_builtins(opa_binary: Path) -> None:
    done = _opa(opa_binary, "check", "--strict", *_TYPED, *_SOURCES)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.go
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("input.evidence.facts.user.root", "input.evidence.facts.user.rot"),
        ("input.evidence.dockerfile.stages[_].index", "input.evidence.dockerfile.stages[_].indx"),
        ('input.parameters["max-size"].budgets[_].compressed', 'input.parameters["max-size"].budgets[_].compresed'),
        ("input.evidence.facts.user.origin.line", "input.evidence.facts.user.origin.lines"),
        ('upper("a")', "http.send({})"),
        ('upper("a")', "time.now_ns()"),
    ],
)
def test_a_misspelt_path_or_a_forbidden_builtin_does_not_compile(
    opa_binary: Path, tmp_path: Path, right: str, wrong: str
) -> None:
    shutil.copytree(rego.POLICIES, tmp_path / "policies")
    rule = tmp_path / "policies" / "rules" / "non-root" / "more.rego"
    outcomes = []
    for expression in (right, wrong):
        rule.write_text(f'package gate.rules["non-root"]\n\n_more := {expression}\n')
        outcomes.append(_opa(opa_binary, "check", *_TYPED, *_SOURCES, cwd=tmp_path).returncode)
    assert outcomes == [0, 1]


@pytest.mark.go
def test_every_line_of_the_policy_is_covered_by_its_tests(opa_binary: Path) -> None:
    passed = _opa(opa_binary, "test", *_SOURCES)
    assert passed.returncode == 0, passed.stdout
    measured = json.loads(_opa(opa_binary, "test", "--coverage", *_SOURCES).stdout)
    missed = {
        f"{path}:{place['start']['row']}"
        for path, file in measured["files"].items()
        for place in file.get("not_covered", [])
    }
    assert missed == set()


def test_every_test_passes_on_regorus() -> None:
    outcomes = list(rego.on_regorus())
    assert len(outcomes) > 100
    assert [(package, name, value) for package, name, value in outcomes if value is not True] == []


@pytest.mark.go
def test_every_test_passes_on_opa_with_strict_builtin_errors(opa_binary: Path) -> None:
    outcomes = list(rego.on_opa(opa_binary))
    assert len(outcomes) == len(rego.tests())
    assert [(package, name, value) for package, name, value in outcomes if value is not True] == []


def test_every_rule_has_its_tests() -> None:
    # `opa fmt` writes gate.rules.labels_test and gate.rules["non-root_test"].
    tested = {package.removeprefix("gate.rules").strip('.[]"').removesuffix("_test") for package, _ in rego.tests()}
    assert [rule for rule in rego.RULES if rule not in tested] == []
