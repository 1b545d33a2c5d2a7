"""Policies of conftest's and Trivy's: what becomes of their names, levels and lines, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gate.bundle import archive, load
from gate.errors import PolicyError

CONFTEST = "# METADATA\n# custom:\n#   input: conftest\n"
TRIVY = "# METADATA\n# title: T\n# custom:\n#   input: trivy\n"
DENY = 'deny contains "x" if input\n'


def _load(folder: Path, **files: str) -> load.Bundle:
    for name, text in files.items():
        (folder / f"{name}.rego").write_text(text)
    return load.load([folder])


def _custom(bundle: load.Bundle) -> set[str]:
    return {rule for rule in bundle.catalogue if rule.startswith("custom/")}


NAMES = {
    "package and rule": (f"{CONFTEST}package main\n{DENY}", {"custom/main-deny"}),
    "each rule": (
        f'{CONFTEST}package main\n{DENY}warn_a contains "y"\nviolation contains "z"\ndenying := 1\n',
        {"custom/main-deny", "custom/main-warn_a", "custom/main-violation"},
    ),
    "longer packages": (f"{TRIVY}package user.docker.A1\n{DENY}", {"custom/user-docker-A1-deny"}),
    "id": (f'{TRIVY}#   id: USER-1\n#   short_code: s\npackage user.a\n{DENY}warn contains "y"\n', {"custom/USER-1"}),
    "short code": (f"{TRIVY}#   short_code: a-b\npackage user.a\n{DENY}", {"custom/a-b"}),
    "short name": (f"{TRIVY}#   short_name: a-c\npackage user.a\n{DENY}", {"custom/a-c"}),
    "a library": (f"{CONFTEST}package lib.x\nf(x) := x\n", set[str]()),
    "Trivy's own way": (
        f"# METADATA\n# custom:\n#   input:\n#     selector:\n#     - type: dockerfile\npackage user.a\n{DENY}",
        {"custom/user-a-deny"},
    ),
}


@pytest.mark.parametrize(("text", "names"), NAMES.values(), ids=list(NAMES))
def test_a_rules_name_is_its_id_or_its_package_and_rule(tmp_path: Path, text: str, names: set[str]) -> None:
    assert _custom(_load(tmp_path, a=text)) == names


def test_libraries_are_found_by_any_part_of_their_names(tmp_path: Path) -> None:
    text = f"{TRIVY}package user.a\nimport data.lib\nimport data.lib.docker.users as u\nx := data.user.a.y\n{DENY}"
    assert _custom(_load(tmp_path, a=text, b=f"{TRIVY}package lib.docker\nusers := 1\n")) == {"custom/user-a-deny"}


def test_a_file_without_metadata_belongs_to_its_package(tmp_path: Path) -> None:
    bundle = _load(tmp_path, a=f"{CONFTEST}package main\n", b=f"package main\n{DENY}")
    assert _custom(bundle) == {"custom/main-deny"}
    assert bundle.inputs == {"conftest"}


def test_what_only_warns_is_a_warning_everywhere(tmp_path: Path) -> None:
    bundle = _load(tmp_path, a=f'{CONFTEST}package main\n{DENY}warn contains "y"\n')
    rows = bundle.defaults["rules"]
    assert {rule: rows[rule]["levels"]["prod"] for rule in _custom(bundle)} == {
        "custom/main-deny": "deny",
        "custom/main-warn": "warn",
    }


def test_a_rule_says_what_its_metadata_says(tmp_path: Path) -> None:
    text = (
        "# METADATA\n# title: The title\n# description: Why.\n# related_resources:\n# - https://a\n# - ref: https://b\n"
        '# schemas:\n# - input: schema["dockerfile"]\n# custom:\n#   input: trivy\n#   id: A\n#   severity: HIGH\n'
        f"#   recommended_action: Do.\n#   frameworks: {{x: [y]}}\npackage user.a\n{DENY}"
    )
    rule = _load(tmp_path, a=text).catalogue["custom/A"]
    assert (rule.title, rule.description, rule.severity, rule.fix) == ("The title", "Why.", "high", "Do.")
    assert ([one.ref for one in rule.related], rule.kinds, rule.needs) == (
        ["https://a", "https://b"],
        ["dockerfile"],
        ["dockerfile"],
    )


def test_lines_of_a_policy_stay_where_they_are(tmp_path: Path) -> None:
    text = f"{TRIVY}package user.a\nimport rego.v1\ndeny contains res if {{\n\tres := result.new(1, {{}})\n}}\n"
    bundle = _load(tmp_path, a=text)
    assert bundle.custom_modules[str(tmp_path / "a.rego")].split("\n") == [
        *("", "", "", "package user.a", "import data.gate.foreign.result", "import rego.v1"),
        *("deny contains res if {", "\tres := result.new(1, {})", "}", ""),
    ]


def test_a_bundle_holds_their_packages_and_says_which_rego_they_are(tmp_path: Path) -> None:
    old = f"{CONFTEST}package legacy\ndeny[msg] {{ msg := 1 }}\n"
    bundle = _load(tmp_path, a=f"{TRIVY}package user.a\ndeny contains result.new(1, {{}})\n", b=old)
    held = archive.files(bundle)
    assert json.loads(held[".manifest"]) == {
        "revision": bundle.revision,
        "roots": ["gate", "custom", "legacy", "user"],
        "rego_version": 1,
        "file_rego_versions": {"/foreign/0/b.rego": 0},
    }
    assert {name for name in held if name.startswith(("custom", "foreign"))} == {
        *("custom/user-a-deny.rego", "custom/legacy-deny.rego"),
        *("foreign/0/a.rego", "foreign/0/b.rego", "foreign/result.rego"),
    }


def test_the_revision_is_of_every_file_and_of_no_place(tmp_path: Path) -> None:
    files = {"a": f"{CONFTEST}package main\n{DENY}", "b": "package main\nhelp := 1\n"}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = _load(tmp_path / "one", **files).revision
    assert _load(tmp_path / "two", **files).revision == first
    assert _load(tmp_path / "two", **{**files, "b": "package main\nhelp := 2\n"}).revision != first


REFUSED = {
    "no METADATA": ({"a": f"package main\n{DENY}"}, "a.rego:1: package main is not for custom policies"),
    "somebody else's input": (
        {"a": f"# METADATA\n# custom:\n#   input: checkov\npackage main\n{DENY}"},
        "a.rego:3: `input` is one of conftest, trivy, not 'checkov'",
    ),
    "not about Dockerfiles": (
        {"a": f"# METADATA\n# custom:\n#   input:\n#     selector:\n#     - type: cloud\npackage user.a\n{DENY}"},
        "a.rego:6: package user.a is not for custom policies",
    ),
    "two inputs": (
        {"a": f"{CONFTEST}package main\n", "b": f"{TRIVY}package main\n"},
        "b.rego:5: package main is for conftest in another file",
    ),
    "two rules of a name": (
        {"a": f"{CONFTEST}#   id: same\npackage a\n{DENY}", "b": f"{CONFTEST}#   id: same\npackage b\n{DENY}"},
        "b.rego:2: rule custom/same is also in ",
    ),
    "no name": ({"a": f"{CONFTEST}#   id: a b\npackage a\n{DENY}"}, "a.rego:4: `a b` cannot be a rule's name"),
    "no room for result": (
        {"a": f"{TRIVY}package user.a\n", "b": "package user.a\ndeny contains result.new(1, {})\n"},
        "b.rego:1: uses result.new, which takes a line before the package line",
    ),
    "a library that is missing": (
        {"a": f"{TRIVY}package user.a\n# data.x\nimport data.lib.docker\n{DENY}"},
        "a.rego:7: data.lib.docker is not here",
    ),
    "data that is not Rego": (
        {"a": f'{CONFTEST}package main\nx := `\ndata.a`\ndeny contains "data.b" if not data.ports.web\n'},
        "a.rego:7: data.ports.web is not here",
    ),
    "OPA's own package": ({"a": f"{CONFTEST}package system.authz\n{DENY}"}, "a.rego:4: package system.authz is not"),
}


@pytest.mark.parametrize(("files", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_a_policy_is_refused_with_its_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _load(tmp_path, **files)
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


def test_a_name_that_one_of_gates_own_kind_has_is_taken(tmp_path: Path) -> None:
    own = (
        "# METADATA\n# title: T\n# description: D\n# custom:\n#   severity: low\n#   kinds: [dockerfile]\n#   needs: []\n"
        "#   fix: F\npackage custom.taken\nviolations := []\n"
    )
    with pytest.raises(PolicyError, match="rule custom/taken is also in"):
        _load(tmp_path, a=own, b=f"{CONFTEST}#   id: taken\npackage b\n{DENY}")
