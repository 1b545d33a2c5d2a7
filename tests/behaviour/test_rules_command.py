"""gate rules: a team's own rules, from nothing to judging."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.behaviour.command_line import gate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a fresh custom rule in ``own``."""
    done = gate("rules", "new", "owner_label", "--dir", "own", cwd=tmp_path)
    assert done.code == 0, done.err
    return tmp_path


def test_a_new_rule_is_tested_and_judges(folder: Path) -> None:
    assert sorted(path.name for path in (folder / "own").iterdir()) == [
        "owner_label.cases.yaml",
        "owner_label.rego",
        "owner_label_test.rego",
    ]
    tested = gate("rules", "test", "own", cwd=folder)
    assert (tested.code, tested.err) == (0, "")
    assert [line.split()[0] for line in tested.out.splitlines()] == ["ok", "ok", "ok", "ok"]
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY app /app\nUSER 65532\nENTRYPOINT ["/app"]\n')
    done = gate("check", "-o", "json", "--policy", "own", cwd=folder)
    assert done.code == 1
    denied = [each["rule"] for each in done.report["results"][0]["findings"] if each["level"] == "deny"]
    assert denied == ["custom/owner_label"]
    (folder / "gate.yaml").write_text("version: 1\nrules: {custom/owner_label: warn}\n")
    assert gate("check", "--policy", "own", cwd=folder).code == 0


def test_a_rule_that_is_there_is_not_overwritten(folder: Path) -> None:
    again = gate("rules", "new", "owner_label", "--dir", "own", cwd=folder)
    assert (again.code, again.out) == (2, "")
    assert "it is there already" in again.err


@pytest.mark.parametrize("name", ["Owner", "../x", "owner-label", "1st", ""])
def test_a_name_that_cannot_be_a_package_is_refused(name: str, tmp_path: Path) -> None:
    done = gate("rules", "new", name, cwd=tmp_path)
    assert done.code == 2
    assert not (tmp_path / "custom-policies").exists()


def test_tests_and_cases_that_fail_say_how(folder: Path) -> None:
    rule = folder / "own" / "owner_label.rego"
    rule.write_text(rule.read_text().replace("labels.owner", "labels.team"))
    done = gate("rules", "test", "own", cwd=folder)
    assert done.code == 1
    assert "FAIL  custom.owner_label_test.test_accepts_a_stage_with_the_label" in done.out
    assert "a condition in it does not hold" in done.out
    assert "not expected: ('custom/owner_label', 'violation', 1)" in done.out


@pytest.mark.parametrize("text", ["[" * 100_000, "- &a [*a]\n- ? [b]\n  : c\n", "- 2026-99-99\n"])
def test_cases_that_cannot_be_read_are_said_to_be_so(folder: Path, text: str) -> None:
    (folder / "own" / "owner_label.cases.yaml").write_text(text)
    done = gate("rules", "test", "own", cwd=folder)
    assert (done.code, done.err.splitlines()[0].split(":")[:2]) == (2, ["gate", " own/owner_label.cases.yaml"])


def test_tests_that_never_end_are_given_up(folder: Path) -> None:
    (folder / "own" / "odd_test.rego").write_text(
        "package custom.odd_test\n\ntest_long if {\n\tcount([1 | some a in numbers.range(1, 900000);"
        " some b in numbers.range(1, 900000); a == b]) == 1\n}\n"
    )
    done = gate("rules", "test", "--timeout", "2", "own", cwd=folder)
    assert done.code == 1
    assert "its Rego tests did not end within 2 s" in done.out


def test_cases_may_be_manifests_and_evidence_with_settings(folder: Path) -> None:
    (folder / "own" / "replicas.rego").write_text(
        "# METADATA\n# title: t\n# description: d\n"
        "# custom: {severity: low, kinds: [container], needs: [workload], fix: f}\n"
        "package custom.replicas\n\nimport data.gate.lib.finding\n\n"
        'violations contains finding.at(input.evidence.workload.origin, "a bare pod") if {\n'
        '\tinput.evidence.workload.kind == "Pod"\n}\n'
    )
    (folder / "own" / "replicas.cases.yaml").write_text(
        "- name: a pod\n  manifest: |\n    apiVersion: v1\n    kind: Pod\n    metadata: {name: a}\n    spec:\n"
        "      containers:\n      - {name: api, image: 'a:1'}\n"
        "  expect: [{rule: custom/replicas, status: violation, line: 6}]\n"
        "- name: a pod, ignored\n  settings: {rules: {custom/replicas: ignore}}\n  manifest: |\n    apiVersion: v1\n"
        "    kind: Pod\n    metadata: {name: a}\n    spec:\n      containers:\n      - {name: api, image: 'a:1'}\n"
        "  expect: []\n"
    )
    done = gate("rules", "test", "own", cwd=folder)
    assert (done.code, done.err) == (0, ""), done.out


def test_the_list_says_levels_of_an_environment(tmp_path: Path) -> None:
    prod = {each["id"]: each["level"] for each in json.loads(gate("rules", "list", "-o", "json", cwd=tmp_path).out)}
    dev = {
        each["id"]: each["level"]
        for each in json.loads(gate("rules", "list", "-o", "json", "--env", "dev", cwd=tmp_path).out)
    }
    assert (prod["no-shell"], dev["no-shell"]) == ("deny", "ignore")
    assert prod.keys() == dev.keys()


def test_the_list_and_explain_say_what_fix_does(tmp_path: Path) -> None:
    rules = json.loads(gate("rules", "list", "-o", "json", cwd=tmp_path).out)
    fixable = {each["id"]: each["fixable"] for each in rules}
    assert [fixable[name] for name in ("env-format", "no-recommends", "no-shell")] == ["safe", "unsafe", None]
    listed = {line.split()[0]: line.split()[3] for line in gate("rules", "list", cwd=tmp_path).out.splitlines()[1:]}
    assert listed == {name: kind or "-" for name, kind in fixable.items()}
    told = gate("explain", "no-recommends", cwd=tmp_path).out
    assert "\ngate check --fix --unsafe-fixes\n  Adds the flag." in told
    assert "gate check --fix" not in gate("explain", "no-shell", cwd=tmp_path).out


def test_explain_knows_the_ids_of_other_tools(tmp_path: Path) -> None:
    assert gate("explain", "dl3002", cwd=tmp_path).out.startswith("non-root: ")
    assert gate("explain", "dockerfile-valid", cwd=tmp_path).out.startswith("dockerfile-valid: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"x := 1\n", "pol/a.rego:1: no package line"),
        (b"package custom.a\n\nx := 1\n", "pol/a.rego:1: rule custom/a has no METADATA"),
        (b"package custom.a # \xe9\n", "pol/a.rego: not UTF-8"),
        (None, "pol/a.rego: cannot be read: "),
    ],
    ids=["no package", "no METADATA", "not UTF-8", "a loop"],
)
def test_policies_that_do_not_load_fail_their_tests_though_there_are_none(
    tmp_path: Path, text: bytes | None, message: str
) -> None:
    (tmp_path / "pol").mkdir()
    path = tmp_path / "pol" / "a.rego"
    if text is None:
        path.symlink_to("a.rego")
    else:
        path.write_bytes(text)
    done = gate("rules", "test", "pol", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert message in done.err and len(done.err.splitlines()) <= 2


@pytest.mark.parametrize("text", [b"package custom.b_test # \xe9\n", None], ids=["not UTF-8", "a loop"])
def test_a_test_that_cannot_be_read_is_said_to_be_so(folder: Path, text: bytes | None) -> None:
    path = folder / "own" / "b_test.rego"
    if text is None:
        path.symlink_to("b_test.rego")
    else:
        path.write_bytes(text)
    done = gate("rules", "test", "own", cwd=folder)
    assert done.code == 2 and done.err.startswith("gate: own/b_test.rego: ")


def test_a_broken_rule_without_tests_does_not_pass(folder: Path) -> None:
    for name in ("owner_label.cases.yaml", "owner_label_test.rego"):
        (folder / "own" / name).unlink()
    done = gate("rules", "test", "own", cwd=folder)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("gate: own: the policies compile, and nothing tests them\n")
    path = folder / "own" / "owner_label.rego"
    path.write_text(path.read_text() + "\nmore if {\n")
    done = gate("rules", "test", "own", cwd=folder)
    assert done.code == 2 and done.err.startswith("gate: own/owner_label.rego:")
