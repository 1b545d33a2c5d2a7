"""A custom policy that reads what no document has is refused, with its line and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate.engine.paths import Typed
from gate.engine.regorus import RegorusEngine
from gate.errors import PolicyError

from tests.behaviour.command_line import gate
from tests.unit.engine.policies import BUNDLE

SCHEMA = (Path(__file__).parents[3] / "policies" / "schemas" / "input.json").read_text()


def compiled(body: str, imports: str = "") -> None:
    """Compile a custom policy as ``gate check --policy`` does."""
    text = f"package custom.mine\n\nimport rego.v1\n{imports}\n{body}\n"
    custom = {"mine.rego": text}
    RegorusEngine(
        BUNDLE.modules,
        BUNDLE.revision,
        custom=custom,
        builtins=BUNDLE.builtins,
        typed=Typed(frozenset(custom), SCHEMA),
    ).close()


def rule(body: str) -> str:
    return f"violations contains f if {{\n\t{body}\n\tf := 1\n}}"


REFUSED = {
    "a fact": ("input.evidence.facts.usr.root", 'input.evidence.facts has nothing called "usr"', "user"),
    "the first step": ("input.evidnce.kind", 'input has nothing called "evidnce"', "evidence"),
    "in brackets": ('input.evidence["fcts"]', 'input.evidence has nothing called "fcts"', "facts"),
    "below an element": ("input.evidence.dockerfile.stages[_].nmae", "stages[_] has nothing called", "name"),
    "below any fact": ("input.evidence.facts[_].stat", "facts[_] has nothing called", "state"),
    "by a variable": ("u := input.evidence.facts.user; u.uidd == 0", 'u has nothing called "uidd"', "uid"),
    "by some": ("some s in input.evidence.dockerfile.stages; s.reachabel", "s has nothing called", "reachable"),
    "by some of some": (
        "some s in input.evidence.dockerfile.stages; some i, one in s.instructions; one.cmnd",
        "one has nothing called",
        "cmd",
    ),
    "in a comprehension": (
        "count({one.lin | some one in input.evidence.dockerfile.inputs}) > 0",
        "one has nothing called",
        "line",
    ),
    "in a call": ('startswith(input.evidence.facts.base.regstry, "x")', "base has nothing called", "registry"),
    "in not": ("not input.evidence.facts.user.rot", "user has nothing called", "root"),
}


@pytest.mark.parametrize(("body", "message", "meant"), REFUSED.values(), ids=REFUSED)
def test_a_path_that_no_document_has_is_refused(body: str, message: str, meant: str) -> None:
    with pytest.raises(PolicyError) as caught:
        compiled(rule(body))
    assert message in caught.value.message
    assert (caught.value.where, caught.value.hint) == ("mine.rego:6", f'did you mean "{meant}"?')


def test_imports_are_followed() -> None:
    for imports, body in (
        ("import input.evidence as ev", "ev.facts.usr"),
        ("import input.evidence.facts", "facts.usr"),
    ):
        with pytest.raises(PolicyError, match='facts has nothing called "usr"'):
            compiled(rule(body), imports)


ACCEPTED = {
    "facts": "input.evidence.facts.user.root; input.evidence.facts.shell.shells[0].path",
    "another kind's": "input.evidence.workload.security.runAsNonRoot",
    "free members": 'input.evidence.workload.labels.team; input.evidence.image.config.config.Labels["x"]',
    "its own parameters": 'input.parameters["custom/mine"].limit > 3',
    "what is computed": 'k := "user"; input.evidence.facts[k].state == "known"; input[k]',
    "a variable bound twice": (
        "count([s | some s in input.evidence.dockerfile.stages]) + count({s.any | some s in [{}]}) > 0"
    ),
    "a local name of a key": "some user, fact in input.evidence.facts; user.any; fact.state",
    "what a function is given": "helper(input.evidence.facts)",
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_what_a_document_may_have_is_accepted(body: str) -> None:
    compiled(f"helper(x) if x.whatever\n\n{rule(body)}")


def test_every_shipped_policy_is_accepted_which_opa_types_by_the_same_schema() -> None:
    RegorusEngine({}, "sha256:x", custom=BUNDLE.modules, builtins=BUNDLE.builtins,
                  typed=Typed(frozenset(BUNDLE.modules), SCHEMA)).close()  # fmt: skip


def test_functions_of_an_import_with_another_name_may_be_called() -> None:
    compiled(rule("f2.at(null, input.evidence.kind)"), "import data.gate.lib.finding as f2")


def test_gate_check_says_it_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nUSER 1\n")
    assert gate("rules", "new", "mine", "--dir", "custom", cwd=tmp_path).code == 0
    assert gate("check", "--policy", "custom", cwd=tmp_path).code in (0, 1)
    path = tmp_path / "custom" / "mine.rego"
    path.write_text(path.read_text() + "\nextra if input.evidence.dockerfil.stages\n")
    done = gate("check", "--policy", "custom", cwd=tmp_path)
    line = len(path.read_text().splitlines())
    assert (done.code, done.out) == (2, "")
    assert f"custom/mine.rego:{line}: " in done.err and 'did you mean "dockerfile"?' in done.err
    assert gate("rules", "test", "custom", cwd=tmp_path).code != 0
