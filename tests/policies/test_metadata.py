"""Every rule says who it is: METADATA as OPA reads it, defaults for all of it, and words that fit a report."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from gate.bundle.catalogue import KINDS, Rule
from gate.bundle.load import load
from gate.engine.calls import refuse_other_builtins
from gate.engine.regorus import Interpreter

from tests.policies import rego

_BUNDLE = load()
_RULES = list(_BUNDLE.catalogue.values())


@pytest.mark.go
def test_our_reading_of_metadata_is_opas(opa_binary: Path) -> None:
    done = subprocess.run(
        [str(opa_binary), "inspect", "-a", "-f", "json", "policies/rules"],
        cwd=rego.POLICIES.parent,
        capture_output=True,
        check=True,
    )
    theirs: dict[str, dict[str, Any]] = {}
    for each in json.loads(done.stdout)["annotations"]:
        if each["annotations"]["scope"] == "package":
            theirs[each["path"][-1]["value"]] = each["annotations"]
    assert {rule.id: _as_opa(rule) for rule in _RULES} == {
        rule: {
            key: value for key, value in one.items() if key in ("title", "description", "custom", "related_resources")
        }
        for rule, one in theirs.items()
    }


def _as_opa(rule: Rule) -> dict[str, Any]:
    """What `opa inspect` must say of the METADATA that the catalogue was made from."""
    block = (rego.POLICIES.parent / rule.path).read_text(encoding="utf-8").split("\npackage", 1)[0]
    written = yaml.safe_load("\n".join(line[1:] for line in block.splitlines()[1:]))
    assert (written["title"], written["description"].strip()) == (rule.title, rule.description)
    assert [each["ref"] for each in written["related_resources"]] == [each.ref for each in rule.related]
    custom = written["custom"]
    for key in ("severity", "kinds", "needs", "aliases", "controls", "since", "fix"):
        assert custom[key] == getattr(rule, key), key
    assert custom.get("settled_on", []) == rule.settled_on
    assert custom.get("collection", "recommended") == rule.collection
    assert sorted(custom.get("parameters", {})) == sorted(rule.parameters)
    written.pop("scope", None)
    return dict(written)


def test_an_alias_belongs_to_one_rule() -> None:
    owners: dict[str, list[str]] = {}
    for rule in _RULES:
        for alias in rule.aliases:
            owners.setdefault(alias, []).append(rule.id)
    assert {alias: rules for alias, rules in owners.items() if len(rules) > 1 or alias in _BUNDLE.catalogue} == {}


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.id)
def test_a_rule_has_defaults_for_all_it_declares(rule: Rule) -> None:
    row = _BUNDLE.defaults["rules"][rule.id]
    assert set(row) <= {"levels", "roles", "parameters"}
    assert set(row["levels"]) == {"prod", "dev"}
    assert set(row["levels"].values()) | set(row.get("roles", {}).values()) <= {"deny", "warn", "ignore"}
    # What gate.yaml's top level sets is empty here, and filled by `approved_bases` and its like.
    assert set(row.get("parameters", {})) == set(rule.parameters)


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.id)
def test_a_rule_reads_well(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.id)
    assert rule.path == f"policies/rules/{rule.id}/{rule.id.replace('-', '_')}.rego"
    assert len(rule.title) <= 72 and rule.title[0].isupper() and not rule.title.endswith(".")
    assert len(rule.description) >= 60 and rule.description.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.related and all(each.ref.startswith("https://") for each in rule.related)
    assert rule.kinds == [kind for kind in KINDS if kind in rule.kinds]
    assert rule.since == "0.1"
    assert not (set(rule.settled_on) - set(rule.kinds))


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.id)
def test_a_rule_reads_only_what_its_kinds_have(rule: Rule) -> None:
    having = {"dockerfile": {"dockerfile"}, "image": {"image", "container"}, "workload": {"container"}}
    for need in rule.needs:
        assert need not in having or set(rule.kinds) & having[need], need


def test_the_policy_calls_only_what_capabilities_allow() -> None:
    refuse_other_builtins(Interpreter(_BUNDLE.modules).ast(), _BUNDLE.builtins)


def test_no_expression_means_different_things_to_the_engines() -> None:
    # \d, \w, \s and \b are ASCII in RE2 and Unicode in Rust's regex.
    suspicious = re.compile(r"regex\.\w+\([^\n]*\\[dwsbDWSB]")
    found = [path for path, text in rego.modules().items() if suspicious.search(text)]
    assert found == []


def test_every_else_has_a_value() -> None:
    # For regorus `else if x` is undefined where x holds.
    valueless = re.compile(r"\belse if\b|\belse \{")
    found = [path for path, text in rego.modules().items() if valueless.search(text)]
    assert found == []
