"""A finding is the engine's answer, joined with the rule's words."""

from __future__ import annotations

from gate.bundle.load import load
from gate.engine.protocol import EngineError, RawFinding, rule_error
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import BuildOptions, collect
from gate.finding import join

RULE = load([]).catalogue["non-root"]
EVIDENCE = collect(b"FROM scratch\n", path="Dockerfile", options=BuildOptions(), bases=TableLookup([]))


def test_a_rule_that_failed_advises_nothing() -> None:
    failed = rule_error("non-root", EngineError("policies/x.rego:3: went wrong"))
    assert join(failed, RULE, EVIDENCE, level="deny", status="undecided").fix is None


def test_what_a_rule_found_has_its_own_fix_else_the_rule_s() -> None:
    found = RawFinding(rule="non-root", status="violation", state="known", message="runs as root")
    assert join(found, RULE, EVIDENCE, level="deny", status="violation").fix == RULE.fix
    own = RawFinding(rule="non-root", status="violation", state="known", message="runs as root", fix="Write `USER 7`.")
    assert join(own, RULE, EVIDENCE, level="deny", status="violation").fix == "Write `USER 7`."
